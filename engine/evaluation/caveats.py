"""What a report must admit: what is missing from it, and what was degraded."""

from collections.abc import Sequence

from engine.evaluation.grade import AnswerGrade
from engine.evaluation.report_input import ReportInput
from engine.vocabulary import GradeState, ReportState

OFFLINE_NOTE = (
    "Graded without a language model: the score says which expected points were mentioned, not whether each statement "
    "is true. Scores come with a band; read the quotes."
)


def missing(source: ReportInput, state: ReportState) -> tuple[str, ...]:
    """What the report lacks, one sentence each."""
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


def notes(source: ReportInput, grades: Sequence[AnswerGrade]) -> tuple[str, ...]:
    """What was degraded or left out of the score, one sentence each; those handed in come last."""
    own = [OFFLINE_NOTE] if any(grade.grader.startswith("offline") for grade in grades) else []
    unassessable = _in_state(source, GradeState.NOT_ASSESSABLE)
    if unassessable:
        own.append(f"Not assessable, and not counted as zero: {_orders(unassessable)}.")
    declined = _in_state(source, GradeState.DECLINED)
    if declined:
        own.append(f"Declined by the candidate, and not counted as zero: {_orders(declined)}.")
    return (*own, *source.notes)


def _in_state(source: ReportInput, state: GradeState) -> list[int]:
    return [question.order for question in source.questions if question.grade and question.grade.state is state]


def _orders(orders: Sequence[int]) -> str:
    return f"question{'s' if len(orders) > 1 else ''} {', '.join(str(order) for order in orders)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _in_words(reason: str | None) -> str:
    return (reason or "unknown reason").replace("_", " ")
