"""The shipped rubrics, and what a rubric may not be."""

import pytest

from engine.evaluation.rubric import DEFAULT_RUBRIC, RUBRICS, Criterion, Rubric, rubric_named

ANCHORS = ("one", "two", "three", "four", "five")


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("correctness-completeness-clarity", [50, 30, 20]),
        ("accuracy-completeness-communication-approach", [40, 20, 20, 20]),
        ("accuracy-depth-clarity-completeness", [40, 30, 20, 10]),
    ],
)
def test_rubrics_ship_by_name(name: str, weights: list[int]) -> None:
    rubric = rubric_named(name)

    assert list(rubric.weights.values()) == weights
    assert "-".join(rubric.weights) == name
    assert sum(weights) == 100


def test_the_first_one_is_the_default() -> None:
    assert rubric_named("correctness-completeness-clarity") is DEFAULT_RUBRIC
    assert len(RUBRICS) == 3


def test_an_unknown_name_is_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="correctness-completeness-clarity"):
        rubric_named("gut-feeling")


def test_weights_must_sum_to_a_hundred() -> None:
    with pytest.raises(ValueError, match="sum to 100, not 90"):
        Rubric("odd", "Odd", (Criterion("a", "A", 90, ANCHORS, "points"),))


def test_two_criteria_may_not_share_an_id() -> None:
    half = Criterion("a", "A", 50, ANCHORS, "points")
    with pytest.raises(ValueError, match="share an id"):
        Rubric("odd", "Odd", (half, half))


@pytest.mark.parametrize("weight", [0, -10])
def test_a_weight_must_be_above_zero(weight: int) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Criterion("a", "A", weight, ANCHORS, "points")


def test_every_level_needs_its_anchor() -> None:
    with pytest.raises(ValueError, match="5 levels"):
        Criterion("a", "A", 50, ANCHORS[:4], "points")
