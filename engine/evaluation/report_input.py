"""What a report is made of, as values: the facts of the interview, and each question with its answer and grade."""

from dataclasses import dataclass, field
from typing import Any

from engine.evaluation.grade import AnswerGrade
from engine.evaluation.rubric import Rubric
from engine.questions.question import Source
from engine.questions.spoken_terms import Correction
from engine.transcript import Transcript
from engine.vocabulary import AnswerState, Difficulty, Level, Topic


@dataclass(frozen=True, slots=True)
class InterviewFacts:
    """What the interview was. Times are ISO 8601 texts with a zone; None where something did not happen."""

    interview_id: str
    title: str
    role: str
    level: Level
    topics: tuple[Topic, ...]
    candidate_name: str | None
    language: str
    question_count: int
    """As planned."""
    is_complete: bool
    end_reason: str | None
    created_at: str | None
    started_at: str | None
    ended_at: str | None
    graded_at: str | None
    bank_version: str


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question of the interview, what was answered, and its grade (None: not graded yet)."""

    order: int
    question_id: str
    topic: Topic
    difficulty: Difficulty
    kind: str
    text: str
    why: str
    version: str
    source: Source = "bank"
    """Whether the bank had it, or a language model wrote it."""
    follow_ups: tuple[dict[str, Any], ...] = ()
    state: AnswerState | None = None
    """None: asked, but never answered."""
    transcript: Transcript = Transcript("")
    """As it was graded: misheard terms are put right."""
    heard: Transcript | None = None
    """As it was recognised; None where that is the same."""
    corrections: tuple[Correction, ...] = ()
    """What was put right, numbered in the words of `heard`."""
    start_ms: int | None = None
    end_ms: int | None = None
    ended_by: str | None = None
    call_id: str | None = None
    """The call whose recording holds the answer."""
    reference_answer: str | None = None
    grade: AnswerGrade | None = None


@dataclass(frozen=True, slots=True)
class ReportInput:
    """Everything that a report is made of. Lists of dicts are JSON-ready and pass through as they are."""

    facts: InterviewFacts
    rubric: Rubric
    questions: tuple[AskedQuestion, ...]
    turns: tuple[dict[str, Any], ...] = ()
    line_quality: dict[str, Any] = field(default_factory=dict)
    reply_timings: tuple[dict[str, Any], ...] = ()
    """Of each reply: `ended_ms`, when the candidate stopped speaking, and `steps_ms`, counted from there."""
    notes: tuple[str, ...] = ()
    """What was degraded, in words, on top of what the report finds out by itself."""
