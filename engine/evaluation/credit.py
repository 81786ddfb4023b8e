"""From recall to credit: when a key point counts as made, and what an answer earns for its points."""

from enum import StrEnum

from engine.evaluation.matching import AnswerMatch, Match

PARTLY_FROM = 0.30
HIT_FROM = 0.45
FULL_FROM = 0.62
"""Set on spoken answers with a person's reading beside them; docs/grading.md has the figures."""
FEWEST_CONTENT_WORDS = 3
"""An answer with fewer, in which no point is recognised, cannot be assessed."""

_PARTLY_CREDIT = 0.4
_HIT_CREDIT = 0.8


class Status(StrEnum):
    HIT = "hit"
    PARTLY = "partly"
    MISSED = "missed"


def status(recall: float) -> Status:
    """What a recall from 0 to 1 means for its key point."""
    if recall >= HIT_FROM:
        return Status.HIT
    return Status.PARTLY if recall >= PARTLY_FROM else Status.MISSED


def credit(recall: float) -> float:
    """The share of a key point's weight that its recall earns: nothing below "partly", all from FULL_FROM on."""
    if recall < PARTLY_FROM:
        return 0.0
    if recall < HIT_FROM:
        return _between(recall, PARTLY_FROM, HIT_FROM, _PARTLY_CREDIT, _HIT_CREDIT)
    if recall < FULL_FROM:
        return _between(recall, HIT_FROM, FULL_FROM, _HIT_CREDIT, 1.0)
    return 1.0


def points_score(answer: AnswerMatch) -> float | None:
    """The weighted credit of all key points, 0 to 100; None when too little was said to assess."""
    if is_too_little(answer):
        return None
    return round(100 * weighted_share(answer.matches), 2)


def weighted_share(matches: tuple[Match, ...]) -> float:
    """Credit over weight, from 0 to 1; 0.0 without matches."""
    total = sum(match.point.weight for match in matches)
    return sum(match.point.weight * credit(match.recall) for match in matches) / total if total else 0.0


def is_too_little(answer: AnswerMatch) -> bool:
    """Hardly any content, and none of it a key point. Repeating the question is not little: it is nothing."""
    return (
        answer.content_words < FEWEST_CONTENT_WORDS
        and not answer.is_repetition
        and all(status(match.recall) is not Status.HIT for match in answer.matches)
    )


def heaviest_first(matches: tuple[Match, ...]) -> list[Match]:
    """By weight, falling; equal weights keep the order of the bank."""
    return sorted(matches, key=lambda match: -match.point.weight)


def _between(value: float, low: float, high: float, from_credit: float, to_credit: float) -> float:
    return from_credit + (value - low) / (high - low) * (to_credit - from_credit)
