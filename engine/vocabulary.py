"""The closed lists of the product, defined once and used by database, API, pages, jobs and calls."""

from enum import StrEnum


class Level(StrEnum):
    """The job's level; not the difficulty of a question."""

    JUNIOR = "junior"
    MID = "mid"
    SENIOR = "senior"


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Topic(StrEnum):
    PYTHON = "python"
    JAVASCRIPT = "javascript"
    ALGORITHMS = "algorithms"
    DATABASES = "databases"
    SYSTEM_DESIGN = "system_design"
    DEVOPS = "devops"
    REACT = "react"
    NODEJS = "nodejs"


class InterviewState(StrEnum):
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    INTERRUPTED = "interrupted"
    EVALUATING = "evaluating"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class CallState(StrEnum):
    RINGING = "ringing"
    LIVE = "live"
    COMPLETED = "completed"
    DROPPED = "dropped"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class AnswerState(StrEnum):
    ANSWERED = "answered"
    SKIPPED = "skipped"
    SILENT = "silent"
    UNFINISHED = "unfinished"


class GradeState(StrEnum):
    SCORED = "scored"
    DECLINED = "declined"
    NOT_ASSESSABLE = "not_assessable"


class ReportState(StrEnum):
    COMPLETE = "complete"
    PARTIAL = "partial"
    EMPTY = "empty"
