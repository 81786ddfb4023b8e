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
    DIALLING = "dialling"
    """Written down before the provider is asked to place it; until it answers, nobody knows more."""
    RINGING = "ringing"
    LIVE = "live"
    COMPLETED = "completed"
    DROPPED = "dropped"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    """A machine answered: no interview was held with it."""
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


class AppointmentKind(StrEnum):
    """How the two sides come together."""

    AT = "at"
    """We call at an agreed instant."""
    WINDOW = "window"
    """The candidate picks a slot by link, then we call."""
    DIAL_IN = "dial_in"
    """The candidate calls, any time before a date."""
    NOW = "now"
    """We call at once."""


class AppointmentState(StrEnum):
    OPEN = "open"
    """Waits for the candidate to pick a slot."""
    BOOKED = "booked"
    TAKEN = "taken"
    """The dialler has it in hand."""
    KEPT = "kept"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    CALL = "call"
    EMAIL = "email"
    SMS = "sms"


class TaskKind(StrEnum):
    """What a user is asked to look after."""

    CALL_BACK = "call_back"
    """The candidate asked for a person."""
    NOT_CALLED = "not_called"
    """A booked call was not placed."""
    NOT_REACHED = "not_reached"
    """It was placed, and reached nobody."""


class MessageState(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Overtaken: moved, cancelled, refused or too late."""
    UNKNOWN = "unknown"
    """The connection broke while it was handed over; not sent again."""


class AccountMail(StrEnum):
    """What a user is told by mail about the account; beside these stand the touches of candidates."""

    VERIFICATION = "verification"
    """Confirm that this address is yours."""
    PASSWORD_RESET = "password_reset"  # noqa: S105  # a kind of mail
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a kind of mail
    ACCOUNT_LOCKED = "account_locked"
    """The password was wrong five times."""
    REPORT_READY = "report_ready"


class Deleted(StrEnum):
    """What is deleted when its time is over."""

    RECORDING = "recording"
    WORDS = "words"
    """Event log, transcript, quotes and messages of an interview; its figures stay."""


class WebhookEvent(StrEnum):
    """What users' own systems can be told of."""

    INTERVIEW_BOOKED = "interview.booked"
    CALL_STARTED = "call.started"
    CALL_ENDED = "call.ended"
    CALL_MISSED = "call.missed"
    INTERVIEW_COMPLETED = "interview.completed"
    REPORT_READY = "report.ready"
    TEST = "test"
    """Sent on request, whatever an endpoint wants to hear of."""


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Command(StrEnum):
    """What a user may want of a call that they watch."""

    END = "end"
    ADD_TIME = "add_time"
    SKIP = "skip"
    PAUSE = "pause"
    NOTE = "note"


PUT_THROUGH = "put_through"
"""Reason of a call's end: a person has taken the candidate over."""
NO_BREAKS = frozenset(
    {
        "candidate_ended",
        "recording_declined",
        "user_ended",
        "replaced",
        "call_back",
        "wrong_person",
        "abuse",
        PUT_THROUGH,
    }
)
"""Reasons of a call's end that somebody wished for: no message says afterwards that the line broke off."""
OUR_FAULTS = frozenset({"process_lost", "failed", "speech_failed", "refused"})
"""Reasons of a call's end that lie with us: nothing of it counts against the candidate, and a new time is offered."""
BAD_LINES = frozenset({"bad_line", "one_way"})
"""Reasons that lie with the line: a new time is offered as well, on another line or in another place."""
