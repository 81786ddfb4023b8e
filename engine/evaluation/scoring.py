"""From answers to an interview: overall score with its band, breakdowns, trend and path."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.vocabulary import Difficulty, Topic

DIFFICULTY_WEIGHTS = {Difficulty.EASY: 1.0, Difficulty.MEDIUM: 1.25, Difficulty.HARD: 1.5}
"""A hard question says more about a candidate than an easy one."""

SHARED_ERROR = 5.0
"""Points of uncertainty that more answers do not average away: the grader's own slant."""

TREND_POINTS = 10.0
TREND_ANSWERS = 4
TREND_RULE = (
    f"improving when the mean of the later half is at least {TREND_POINTS:.0f} points above that of the earlier half, "
    f"declining when it is as much below, steady otherwise; from {TREND_ANSWERS} scored answers on"
)

Trend = Literal["improving", "declining", "steady"]


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """What counts of one answer. `score` is None when it was declined or not assessable: no zero."""

    order: int
    topic: Topic
    difficulty: Difficulty
    score: float | None
    low: float | None = None
    high: float | None = None
    criteria: tuple[tuple[str, float], ...] = ()
    """Criterion id and its score, 0 to 100."""


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a breakdown. `score` is None where nothing could be scored."""

    name: str
    score: float | None
    low: float | None
    high: float | None
    scored: int
    asked: int


@dataclass(frozen=True, slots=True)
class PathStep:
    order: int
    difficulty: Difficulty
    score: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """An interview in figures."""

    score: float | None
    low: float | None
    high: float | None
    scored: int
    asked: int
    by_criterion: tuple[Part, ...]
    by_topic: tuple[Part, ...]
    by_difficulty: tuple[Part, ...]
    trend: Trend | None
    """None with too few answers to tell."""
    path: tuple[PathStep, ...]


def summarise(answers: Sequence[ScoredAnswer]) -> Summary:
    """The figures of an interview: means by difficulty over what was scored. A true 0 counts, None does not."""
    ordered = sorted(answers, key=lambda answer: answer.order)
    score, low, high = weighted_score(ordered)
    return Summary(
        score=score,
        low=low,
        high=high,
        scored=len(_scored(ordered)),
        asked=len(ordered),
        by_criterion=_by_criterion(ordered),
        by_topic=_parts(ordered, list(Topic), lambda answer: answer.topic),
        by_difficulty=_parts(ordered, list(Difficulty), lambda answer: answer.difficulty),
        trend=trend([score for _, score in _scored(ordered)]),
        path=tuple(PathStep(answer.order, answer.difficulty, answer.score) for answer in ordered),
    )


def weighted_score(answers: Iterable[ScoredAnswer]) -> tuple[float | None, float | None, float | None]:
    """Mean and band of the scored answers, 0 to 100 with two decimals; all None when there are none."""
    scored = _scored(answers)
    if not scored:
        return None, None, None
    weights = [DIFFICULTY_WEIGHTS[answer.difficulty] for answer, _ in scored]
    total = sum(weights)
    mean = sum(weight * score for weight, (_, score) in zip(weights, scored, strict=True)) / total
    below = _error([(score - answer.low if answer.low is not None else 0.0) for answer, score in scored], weights)
    above = _error([(answer.high - score if answer.high is not None else 0.0) for answer, score in scored], weights)
    return round(mean, 2), round(max(0.0, mean - below), 2), round(min(100.0, mean + above), 2)


def trend(scores: Sequence[float]) -> Trend | None:
    """Where the scores go, by TREND_RULE; of an odd number the middle one counts to neither half."""
    if len(scores) < TREND_ANSWERS:
        return None
    half = len(scores) // 2
    change = sum(scores[-half:]) / half - sum(scores[:half]) / half
    if change >= TREND_POINTS:
        return "improving"
    return "declining" if change <= -TREND_POINTS else "steady"


def _error(errors: Sequence[float], weights: Sequence[float]) -> float:
    """Independent errors shrink with their number; the shared one stays."""
    total = sum(weights)
    independent = sum((weight * error / total) ** 2 for weight, error in zip(weights, errors, strict=True))
    return math.sqrt(SHARED_ERROR**2 + independent)


def _parts(
    answers: Sequence[ScoredAnswer], names: Sequence[str], of: Callable[[ScoredAnswer], str]
) -> tuple[Part, ...]:
    rows = []
    for name in names:
        group = [answer for answer in answers if of(answer) == name]
        if group:
            score, low, high = weighted_score(group)
            rows.append(Part(str(name), score, low, high, len(_scored(group)), len(group)))
    return tuple(rows)


def _by_criterion(answers: Sequence[ScoredAnswer]) -> tuple[Part, ...]:
    names = dict.fromkeys(name for answer, _ in _scored(answers) for name, _ in answer.criteria)
    rows = []
    for name in names:
        pairs = [
            (DIFFICULTY_WEIGHTS[answer.difficulty], dict(answer.criteria)[name])
            for answer, _ in _scored(answers)
            if name in dict(answer.criteria)
        ]
        mean = sum(weight * score for weight, score in pairs) / sum(weight for weight, _ in pairs)
        rows.append(Part(name, round(mean, 2), None, None, len(pairs), len(answers)))
    return tuple(rows)


def _scored(answers: Iterable[ScoredAnswer]) -> list[tuple[ScoredAnswer, float]]:
    return [(answer, answer.score) for answer in answers if answer.score is not None]
