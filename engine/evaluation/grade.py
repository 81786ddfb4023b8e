"""The grade of one answer as a value: findings with their proof, levels, feedback, and how sure it is."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

from engine.evaluation.evidence import Evidence
from engine.vocabulary import GradeState

PointStatus = Literal["hit", "partly", "missed"]


@dataclass(frozen=True, slots=True)
class PointFinding:
    """Whether a key point was made. A point that is hit or partly made carries the words that prove it."""

    key_point: str
    text: str
    weight: float
    status: PointStatus
    recall: float
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A stretch that resembles the classic confusion more than the point itself: for a person to look at."""

    key_point: str
    confusion: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class CriterionGrade:
    """One criterion of the rubric: a score, the level that it reads as, and the words behind it.

    Only level 1 comes without evidence: it says that nothing was found.
    """

    criterion: str
    name: str
    weight: int
    score: float
    level: int
    anchor: str
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class AnswerGrade:
    """Everything that was found out about one answer."""

    question_id: str
    state: GradeState
    score: float | None
    """0 to 100; None unless the state is "scored"."""
    low: float | None
    high: float | None
    """The band that the score is meant with."""
    rubric: str
    weights: dict[str, int]
    grader: str
    grader_version: str
    points: tuple[PointFinding, ...]
    contradictions: tuple[Contradiction, ...]
    criteria: tuple[CriterionGrade, ...]
    feedback: str
    strengths: tuple[str, ...]
    improvements: tuple[str, ...]
    study: tuple[str, ...]
    needs_follow_up: bool
    confidence: float
    reasoning: str
    flags: tuple[str, ...]

    def to_data(self) -> dict[str, Any]:
        """JSON-ready, in the shape that docs/grading.md describes."""
        data = plain(asdict(self))
        assert isinstance(data, dict)
        return data


def plain(value: object) -> object:
    """The value as JSON knows it: tuples become lists, members of closed lists their texts."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value
