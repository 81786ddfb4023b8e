"""Overall figures: weights, true zeros, missing grades, trend."""

import pytest

from engine.evaluation.scoring import ScoredAnswer, summarise, trend, weighted_score
from engine.vocabulary import Difficulty, Topic

EASY, MEDIUM, HARD = Difficulty.EASY, Difficulty.MEDIUM, Difficulty.HARD


def answer(order: int, score: float | None, difficulty: Difficulty = EASY, topic: Topic = Topic.PYTHON) -> ScoredAnswer:
    if score is None:
        return ScoredAnswer(order, topic, difficulty, None)
    low, high = max(0.0, score - 20), min(100.0, score + 20)
    return ScoredAnswer(order, topic, difficulty, score, low, high, (("clarity", score), ("completeness", score / 2)))


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        ([answer(1, 100), answer(2, 0)], 50.0),
        ([answer(1, 100), answer(2, None)], 100.0),
        ([answer(1, 0)], 0.0),
        ([answer(1, 100, EASY), answer(2, 0, HARD)], 40.0),
        ([answer(1, 0, EASY), answer(2, 100, HARD)], 60.0),
        ([answer(1, 50, EASY), answer(2, 100, MEDIUM)], 77.78),
        ([answer(1, 33.333), answer(2, 33.333), answer(3, 33.34)], 33.34),
        ([], None),
        ([answer(1, None), answer(2, None)], None),
    ],
)
def test_the_overall_score_weighs_by_difficulty_and_leaves_out_what_was_not_graded(
    answers: list[ScoredAnswer], score: float | None
) -> None:
    assert summarise(answers).score == score


def test_no_answers_have_neither_score_nor_band() -> None:
    assert weighted_score([]) == (None, None, None)


def test_the_band_narrows_with_more_answers_but_never_vanishes() -> None:
    widths = []
    for count in (1, 4, 16, 400):
        _, low, high = weighted_score([answer(order, 50) for order in range(count)])
        assert low is not None and high is not None
        widths.append(high - low)

    assert widths == sorted(widths, reverse=True)
    assert widths[0] == pytest.approx(2 * (20**2 + 5**2) ** 0.5, abs=0.02)
    assert widths[-1] > 10


def test_breakdowns_count_what_was_asked_and_what_was_scored() -> None:
    summary = summarise(
        [
            answer(1, 90, EASY, Topic.REACT),
            answer(2, None, MEDIUM, Topic.REACT),
            answer(3, 40, HARD, Topic.PYTHON),
            answer(4, None, HARD, Topic.DEVOPS),
        ]
    )

    assert [(part.name, part.score, part.scored, part.asked) for part in summary.by_topic] == [
        ("python", 40.0, 1, 1),
        ("devops", None, 0, 1),
        ("react", 90.0, 1, 2),
    ]
    assert [(part.name, part.score, part.asked) for part in summary.by_difficulty] == [
        ("easy", 90.0, 1),
        ("medium", None, 1),
        ("hard", 40.0, 2),
    ]
    assert [(part.name, part.score) for part in summary.by_criterion] == [("clarity", 60.0), ("completeness", 30.0)]
    assert (summary.scored, summary.asked) == (2, 4)


def test_the_path_keeps_the_order_of_asking() -> None:
    summary = summarise([answer(2, None, MEDIUM), answer(1, 85, EASY)])

    assert [(step.order, step.difficulty, step.score) for step in summary.path] == [(1, EASY, 85), (2, MEDIUM, None)]


@pytest.mark.parametrize(
    ("scores", "direction"),
    [
        ([50, 50, 60, 60], "improving"),
        ([50, 50, 59.9, 59.9], "steady"),
        ([60, 60, 50, 50], "declining"),
        ([60, 60, 50.1, 50.1], "steady"),
        ([0, 0, 100, 0, 0], "steady"),
        ([10, 10, 90, 90, 90], "improving"),
        ([0, 50, 100], None),
        ([], None),
    ],
)
def test_the_trend_compares_the_halves(scores: list[float], direction: str | None) -> None:
    assert trend(scores) == direction
