"""What an answer is judged by: criteria with weights and a sentence for each of the five levels."""

from dataclasses import dataclass
from typing import Literal

Measure = Literal["points", "coverage", "plainness", "depth"]
"""What the offline grader can observe in place of a criterion; docs/grading.md explains each."""

LEVELS = 5


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing to judge. `anchors` describes levels 1 to 5, in this order."""

    id: str
    name: str
    weight: int
    """Percent of the overall score."""
    anchors: tuple[str, ...]
    measure: Measure

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise ValueError(f"criterion {self.id}: its weight must be above 0, not {self.weight}")
        if len(self.anchors) != LEVELS:
            raise ValueError(f"criterion {self.id}: {LEVELS} levels need {LEVELS} anchors, not {len(self.anchors)}")


@dataclass(frozen=True, slots=True)
class Rubric:
    """A named set of criteria whose weights sum to 100."""

    id: str
    name: str
    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        total = sum(criterion.weight for criterion in self.criteria)
        if total != 100:
            raise ValueError(f"rubric {self.id}: the weights must sum to 100, not {total}")
        ids = [criterion.id for criterion in self.criteria]
        if len(set(ids)) != len(ids):
            raise ValueError(f"rubric {self.id}: two criteria share an id")

    @property
    def weights(self) -> dict[str, int]:
        return {criterion.id: criterion.weight for criterion in self.criteria}


_CORRECT = (
    "None of the expected points was recognised",
    "Fragments of the expected points",
    "Some expected points, others missing or vague",
    "Most of the weight of the expected points",
    "All or nearly all of the weight of the expected points",
)
_COMPLETE = (
    "Touches none of the expected points",
    "Touches a small part of the expected points",
    "Touches about half of the expected points",
    "Touches most of the expected points",
    "Touches every expected point or nearly so",
)
_CLEAR = (
    "No point was put recognisably",
    "The points found can only be guessed at",
    "The points found are hinted at rather than stated",
    "The points found are stated, with details left open",
    "The points found are stated in full",
)
_DEEP = (
    "Stays at the surface: nothing beyond the main point was recognised",
    "A hint beyond the main point",
    "Some reasons or consequences beyond the main point",
    "Most reasons and consequences beyond the main point",
    "Goes into all reasons and consequences that were expected",
)


def _rubric(*criteria: tuple[str, int, tuple[str, ...], Measure]) -> Rubric:
    rubric_id = "-".join(name for name, *_ in criteria)
    built = tuple(
        Criterion(name, name.capitalize(), weight, anchors, measure) for name, weight, anchors, measure in criteria
    )
    weights = "-".join(str(weight) for _, weight, *_ in criteria)
    return Rubric(rubric_id, f"{', '.join(criterion.name for criterion in built)} ({weights})", built)


DEFAULT_RUBRIC = _rubric(
    ("correctness", 50, _CORRECT, "points"),
    ("completeness", 30, _COMPLETE, "coverage"),
    ("clarity", 20, _CLEAR, "plainness"),
)
RUBRICS: dict[str, Rubric] = {
    rubric.id: rubric
    for rubric in (
        DEFAULT_RUBRIC,
        _rubric(
            ("accuracy", 40, _CORRECT, "points"),
            ("completeness", 20, _COMPLETE, "coverage"),
            ("communication", 20, _CLEAR, "plainness"),
            ("approach", 20, _DEEP, "depth"),
        ),
        _rubric(
            ("accuracy", 40, _CORRECT, "points"),
            ("depth", 30, _DEEP, "depth"),
            ("clarity", 20, _CLEAR, "plainness"),
            ("completeness", 10, _COMPLETE, "coverage"),
        ),
    )
}


def rubric_named(rubric_id: str) -> Rubric:
    """The shipped rubric of that id. Raises ValueError naming those that exist."""
    try:
        return RUBRICS[rubric_id]
    except KeyError:
        raise ValueError(f"there is no rubric {rubric_id!r}; choose one of {', '.join(RUBRICS)}") from None
