from itertools import pairwise

import pytest

from dashboard.report_view import (
    calls_in_order,
    duration_of,
    figures_of,
    grade_look,
    scale_steps,
    score_look,
    shown_words,
)


def question(answer_state: str | None = "answered", **grade: object) -> dict[str, object]:
    words = [
        {"text": text, "start_ms": 100 * n, "end_ms": 100 * n + 90, "confidence": confidence}
        for n, (text, confidence) in enumerate([("a", 0.9), ("tuple", 0.4), ("is", 0.9), ("immutable", 0.6)])
    ]
    return {"answer": {"state": answer_state, "words": words}, "grade": grade or None}


def test_doubtful_words_and_proofs_are_marked() -> None:
    proof = {"evidence": {"start_word": 1, "end_word": 3}}
    shown = shown_words(
        question(
            state="scored", points=[proof, {"evidence": None}, {"evidence": {"start_word": None, "end_word": None}}]
        )
    )
    assert [word.is_doubtful for word in shown] == [False, True, False, False]
    assert [word.is_proof for word in shown] == [False, True, True, False]


def test_a_term_that_was_put_right_says_what_was_heard() -> None:
    asked = question()
    asked["answer"]["corrections"] = [{"heard": "two pull", "meant": "tuple", "word": 1}]  # type: ignore[index]  # a dict

    assert [word.heard for word in shown_words(asked)] == ["", "two pull", "", ""]


@pytest.mark.parametrize(
    ("score", "word"),
    [(100.0, "Strong"), (80.0, "Strong"), (79.99, "Good"), (50.0, "Mixed"), (0.0, "Weak"), (None, "No score")],
)
def test_a_score_reads_by_the_steps_of_the_verdict(score: float | None, word: str) -> None:
    assert score_look(score).word == word


@pytest.mark.parametrize(("state", "word"), [(None, "Not answered"), ("answered", "Not graded yet")])
def test_a_question_without_a_grade_says_why(state: str | None, word: str) -> None:
    assert grade_look(question(state)).word == word


@pytest.mark.parametrize(("state", "word"), [("declined", "Declined"), ("not_assessable", "Not assessable")])
def test_what_was_not_scored_is_never_shown_as_a_zero(state: str, word: str) -> None:
    shown = question() | {"grade": {"state": state, "score": None}}
    assert grade_look(shown).word == word


def test_the_scale_is_covered_without_gaps() -> None:
    steps = scale_steps()
    assert steps[0][0] == 0
    assert steps[-1][1] == 100
    assert all(before[1] == after[0] for before, after in pairwise(steps))


def test_line_quality_is_told_with_units_and_without_what_cannot_be_read() -> None:
    quality = {"noise_dbfs": -54.25, "lost_frames": 3, "is_clipped": False, "levels": [1, 2], "note": ""}
    assert figures_of(quality) == [("Noise", "-54.25 dBFS"), ("Lost frames", "3"), ("Is clipped", "no")]


def test_calls_come_in_the_order_of_what_was_said() -> None:
    body = {
        "turns": [{"call_id": "b"}, {"call_id": "a"}, {"call_id": "b"}],
        "questions": [{"answer": {"call_id": "c"}}, {"answer": {"call_id": None}}],
    }
    assert calls_in_order(body) == ["b", "a", "c"]


def test_a_report_without_times_has_no_duration() -> None:
    assert duration_of({"started_at": None, "ended_at": None}) is None
    lasted = duration_of({"started_at": "2026-11-22T10:00:00+00:00", "ended_at": "2026-11-22T10:07:05+00:00"})
    assert lasted is not None
    assert lasted.total_seconds() == 425
