"""The report of an interview as a value: what pages, exports and the demo read. Shape: docs/grading.md."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.evaluation.delivery import Delivery, delivery
from engine.evaluation.grade import AnswerGrade
from engine.evaluation.rubric import Rubric
from engine.evaluation.scoring import TREND_RULE, ScoredAnswer, Summary, summarise
from engine.evaluation.verdict import Verdict, verdict
from engine.transcript import Transcript
from engine.vocabulary import AnswerState, Difficulty, GradeState, Level, ReportState, Topic

FORMAT = 1
"""Raised when the shape of the data changes."""

OFFLINE_NOTE = (
    "Graded without a language model: the score says which expected points were mentioned, not whether each statement "
    "is true. Scores come with a band; read the quotes."
)
_MOST_REMARKS = 5


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
    follow_ups: tuple[dict[str, Any], ...] = ()
    state: AnswerState | None = None
    """None: asked, but never answered."""
    transcript: Transcript = Transcript("")
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
    notes: tuple[str, ...] = ()
    """What was degraded, in words, on top of what the report finds out by itself."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an interview amounts to, with everything that it rests on."""

    source: ReportInput
    state: ReportState
    missing: tuple[str, ...]
    summary: Summary
    verdict: Verdict
    strengths: tuple[str, ...]
    improvements: tuple[str, ...]
    study: tuple[str, ...]
    delivery: Delivery
    notes: tuple[str, ...]

    @property
    def score(self) -> float | None:
        return self.summary.score

    def to_data(self) -> dict[str, Any]:
        """JSON-ready, in the shape that docs/grading.md describes."""
        return {
            "format": FORMAT,
            "state": self.state.value,
            "missing": list(self.missing),
            "facts": {**asdict(self.source.facts), "topics": [topic.value for topic in self.source.facts.topics]},
            "versions": _versions(self.source),
            "rubric": _rubric_data(self.source.rubric),
            "verdict": asdict(self.verdict),
            "score": self.summary.score,
            "band": _band(self.summary.low, self.summary.high),
            "counts": _counts(self.source),
            "breakdown": _breakdown(self.summary, self.source.rubric),
            "trend": {"direction": self.summary.trend, "rule": TREND_RULE},
            "path": [asdict(step) for step in self.summary.path],
            "questions": [_question_data(question) for question in self.source.questions],
            "strengths": list(self.strengths),
            "improvements": list(self.improvements),
            "study": list(self.study),
            "delivery": {
                **asdict(self.delivery),
                "fillers": [{"text": text, "count": count} for text, count in self.delivery.fillers],
                "is_scored": False,
            },
            "line_quality": self.source.line_quality,
            "notes": list(self.notes),
            "turns": list(self.source.turns),
        }


def build_report(source: ReportInput) -> Report:
    """Put a report together. Pure: equal input gives an equal report."""
    summary = summarise([_scored(question) for question in source.questions])
    answered = [question for question in source.questions if question.state is not None and question.transcript.text]
    grades = [question.grade for question in source.questions if question.grade is not None]
    state = _state(source, answered)
    return Report(
        source=source,
        state=state,
        missing=_missing(source, state),
        summary=summary,
        verdict=verdict(summary),
        strengths=_gathered([grade.strengths for grade in _best_first(grades)]),
        improvements=_gathered([grade.improvements for grade in reversed(_best_first(grades))]),
        study=_gathered([grade.study for grade in reversed(_best_first(grades))]),
        delivery=delivery([question.transcript for question in answered]),
        notes=_notes(source, grades),
    )


def _state(source: ReportInput, answered: Sequence[AskedQuestion]) -> ReportState:
    if not answered:
        return ReportState.EMPTY
    return ReportState.COMPLETE if source.facts.is_complete else ReportState.PARTIAL


def _missing(source: ReportInput, state: ReportState) -> tuple[str, ...]:
    found = []
    unasked = source.facts.question_count - len(source.questions)
    if state is ReportState.EMPTY:
        found.append("No question was answered in words, so there is nothing to grade.")
    if not source.facts.is_complete:
        found.append(f"The interview ended early ({_in_words(source.facts.end_reason)}).")
    if unasked > 0:
        found.append(f"{_count(unasked, 'question')} of {source.facts.question_count} planned were not asked.")
    unanswered = [question.order for question in source.questions if question.state is None]
    if unanswered:
        found.append(f"Asked but not answered: {_orders(unanswered)}.")
    ungraded = [question.order for question in source.questions if question.state is not None and not question.grade]
    if ungraded:
        found.append(f"Not graded yet: {_orders(ungraded)}.")
    return tuple(found)


def _notes(source: ReportInput, grades: Sequence[AnswerGrade]) -> tuple[str, ...]:
    own = [OFFLINE_NOTE] if any(grade.grader.startswith("offline") for grade in grades) else []
    unassessable = [
        question.order
        for question in source.questions
        if question.grade is not None and question.grade.state is GradeState.NOT_ASSESSABLE
    ]
    if unassessable:
        own.append(f"Not assessable, and not counted as zero: {_orders(unassessable)}.")
    declined = [
        question.order
        for question in source.questions
        if question.grade is not None and question.grade.state is GradeState.DECLINED
    ]
    if declined:
        own.append(f"Declined by the candidate, and not counted as zero: {_orders(declined)}.")
    return (*own, *source.notes)


def _scored(question: AskedQuestion) -> ScoredAnswer:
    grade = question.grade
    if grade is None or grade.state is not GradeState.SCORED:
        return ScoredAnswer(question.order, question.topic, question.difficulty, None)
    criteria = tuple((criterion.criterion, criterion.score) for criterion in grade.criteria)
    return ScoredAnswer(
        question.order, question.topic, question.difficulty, grade.score, grade.low, grade.high, criteria
    )


def _best_first(grades: Sequence[AnswerGrade]) -> list[AnswerGrade]:
    return sorted(
        (grade for grade in grades if grade.state is not GradeState.NOT_ASSESSABLE),
        key=lambda grade: -1.0 if grade.score is None else -grade.score,
    )


def _gathered(remarks: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The first remark of each answer, then the second ones, without repeats."""
    longest = max((len(each) for each in remarks), default=0)
    turns = [each[place] for place in range(longest) for each in remarks if place < len(each)]
    return tuple(dict.fromkeys(turns))[:_MOST_REMARKS]


def _versions(source: ReportInput) -> dict[str, Any]:
    grades = [question.grade for question in source.questions if question.grade]
    graders = {f"{grade.grader} {grade.grader_version}" for grade in grades}
    return {
        "bank": source.facts.bank_version,
        "questions_from": sorted({question.version for question in source.questions}),
        "rubric": source.rubric.id,
        "graders": sorted(graders),
    }


def _rubric_data(rubric: Rubric) -> dict[str, Any]:
    criteria = [
        {"id": each.id, "name": each.name, "weight": each.weight, "anchors": list(each.anchors)}
        for each in rubric.criteria
    ]
    return {"id": rubric.id, "name": rubric.name, "criteria": criteria}


def _counts(source: ReportInput) -> dict[str, int]:
    states = [question.grade.state for question in source.questions if question.grade]
    return {
        "planned": source.facts.question_count,
        "asked": len(source.questions),
        "scored": states.count(GradeState.SCORED),
        "declined": states.count(GradeState.DECLINED),
        "not_assessable": states.count(GradeState.NOT_ASSESSABLE),
    }


def _breakdown(summary: Summary, rubric: Rubric) -> dict[str, Any]:
    weights = rubric.weights
    return {
        "criteria": [{**asdict(part), "weight": weights.get(part.name)} for part in summary.by_criterion],
        "topics": [asdict(part) for part in summary.by_topic],
        "difficulties": [asdict(part) for part in summary.by_difficulty],
    }


def _question_data(question: AskedQuestion) -> dict[str, Any]:
    return {
        "order": question.order,
        "question_id": question.question_id,
        "topic": question.topic.value,
        "difficulty": question.difficulty.value,
        "kind": question.kind,
        "text": question.text,
        "why": question.why,
        "version": question.version,
        "follow_ups": list(question.follow_ups),
        "reference_answer": question.reference_answer,
        "answer": {
            "state": question.state.value if question.state else None,
            "text": question.transcript.text,
            "words": [asdict(word) for word in question.transcript.words],
            "start_ms": question.start_ms,
            "end_ms": question.end_ms,
            "ended_by": question.ended_by,
            "call_id": question.call_id,
        },
        "grade": question.grade.to_data() if question.grade else None,
    }


def _band(low: float | None, high: float | None) -> dict[str, float] | None:
    return None if low is None or high is None else {"low": low, "high": high}


def _orders(orders: Sequence[int]) -> str:
    return f"question{'s' if len(orders) > 1 else ''} {', '.join(str(order) for order in orders)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _in_words(reason: str | None) -> str:
    return (reason or "unknown reason").replace("_", " ")
