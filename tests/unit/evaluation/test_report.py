"""The report: everything that pages read, in words that say what is missing and how sure it is."""

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.evaluation.caveats import OFFLINE_NOTE
from engine.evaluation.offline_grader import grade
from engine.evaluation.report import AskedQuestion, InterviewFacts, ReportInput, build_report
from engine.evaluation.rubric import DEFAULT_RUBRIC
from engine.questions.bank import load_bank
from engine.transcript import Transcript, Word
from engine.vocabulary import AnswerState, Level, ReportState, Topic

BANK = load_bank()
FACTS = InterviewFacts(
    interview_id="7e1c",
    title="Backend engineer",
    role="Backend engineer",
    level=Level.MID,
    topics=(Topic.PYTHON, Topic.DATABASES),
    candidate_name="Sam Field",
    language="en",
    question_count=4,
    is_complete=True,
    end_reason="completed",
    created_at="2026-11-20T09:00:00+00:00",
    started_at="2026-11-22T10:00:00+00:00",
    ended_at="2026-11-22T10:14:00+00:00",
    graded_at="2026-11-22T10:14:05+00:00",
    bank_version=BANK.version,
)
IDS = ("python-list-or-tuple", "databases-joins", "python-gil", "databases-transactions")


def said(text: str, gap_ms: int = 100) -> Transcript:
    step = 300 + gap_ms
    return Transcript(text, tuple(Word(word, at * step, at * step + 300, 0.9) for at, word in enumerate(text.split())))


def asked(order: int, text: str | None, state: AnswerState | None = AnswerState.ANSWERED) -> AskedQuestion:
    """Question number `order` with its answer; text None takes the reference answer."""
    question = BANK.by_id(IDS[order - 1])
    transcript = said(question.reference_answer if text is None else text)
    return AskedQuestion(
        order=order,
        question_id=question.id,
        topic=question.topic,
        difficulty=question.difficulty,
        kind=question.kind,
        text=question.text,
        why="Chosen because it was next in turn.",
        version=BANK.version,
        state=state,
        transcript=transcript,
        start_ms=1000,
        end_ms=9000,
        ended_by="silence" if state else None,
        call_id="c1",
        grade=grade(question, transcript, state=state) if state else None,
    )


def report_data(*questions: AskedQuestion, facts: InterviewFacts = FACTS, **more: Any) -> dict[str, Any]:
    return build_report(ReportInput(facts, DEFAULT_RUBRIC, questions, **more)).to_data()


def test_a_complete_interview_of_good_answers_is_strong() -> None:
    data = report_data(*(asked(order, None) for order in (1, 2, 3, 4)))

    assert (data["state"], data["missing"]) == ("complete", [])
    assert data["verdict"]["words"] == "Strong"
    assert "a person, who decides" in data["verdict"]["advice"]
    assert data["score"] >= 80
    assert data["band"]["low"] < data["score"] <= data["band"]["high"]
    assert data["counts"] == {"planned": 4, "asked": 4, "scored": 4, "declined": 0, "not_assessable": 0}
    assert [part["name"] for part in data["breakdown"]["topics"]] == ["python", "databases"]
    assert [(part["name"], part["weight"]) for part in data["breakdown"]["criteria"]] == [
        ("correctness", 50),
        ("completeness", 30),
        ("clarity", 20),
    ]
    assert data["versions"] == {
        "bank": BANK.version,
        "questions_from": [BANK.version],
        "rubric": DEFAULT_RUBRIC.id,
        "graders": ["offline-keypoints 1"],
    }


def test_the_data_survives_a_trip_through_json_and_is_the_same_each_time() -> None:
    questions = tuple(asked(order, None) for order in (1, 2, 3))
    turns = ({"who": "agent", "text": "Hello", "start_ms": 0, "end_ms": 900},)
    data = report_data(*questions, turns=turns, line_quality={"packets_lost": 3}, notes=("The voice failed once.",))

    assert json.loads(json.dumps(data)) == data
    assert data == report_data(
        *questions, turns=turns, line_quality={"packets_lost": 3}, notes=("The voice failed once.",)
    )
    assert data["turns"] == list(turns)
    assert data["line_quality"] == {"packets_lost": 3}
    assert data["notes"] == [OFFLINE_NOTE, "The voice failed once."]


def test_each_question_carries_what_was_asked_said_and_found() -> None:
    (question,) = report_data(asked(1, None))["questions"]

    assert question["why"].startswith("Chosen because")
    assert question["answer"]["words"][0] == {"text": "A", "start_ms": 0, "end_ms": 300, "confidence": 0.9}
    assert question["answer"]["ended_by"] == "silence"
    point = question["grade"]["points"][0]
    assert point["status"] == "hit"
    assert point["evidence"]["quote"] in question["answer"]["text"]


def test_an_interview_that_broke_off_is_partial_and_says_what_is_missing() -> None:
    facts = replace(FACTS, is_complete=False, end_reason="line_lost")
    data = report_data(asked(1, None), asked(2, "", None), facts=facts)

    assert data["state"] == "partial"
    assert data["missing"] == [
        "The interview ended early (line lost).",
        "2 questions of 4 planned were not asked.",
        "Asked but not answered: question 2.",
    ]
    assert data["verdict"]["words"] == "Not enough evidence"
    assert data["questions"][1]["grade"] is None


def test_an_answer_that_is_not_graded_yet_is_named() -> None:
    data = report_data(replace(asked(1, None), grade=None))

    assert "Not graded yet: question 1." in data["missing"]
    assert data["score"] is None


def test_an_interview_without_answers_is_empty_and_has_no_score() -> None:
    for questions in ((), (asked(1, "", None),), (asked(1, "", AnswerState.SILENT),)):
        report = build_report(
            ReportInput(replace(FACTS, is_complete=False, end_reason="silent"), DEFAULT_RUBRIC, questions)
        )
        data = report.to_data()

        assert report.state is ReportState.EMPTY
        assert (report.score, data["score"], data["band"], data["trend"]["direction"]) == (None, None, None, None)
        assert "nothing to grade" in data["missing"][0]
        assert data["verdict"]["words"] == "Not enough evidence"


def test_declined_and_inaudible_answers_are_named_and_do_not_count_as_zero() -> None:
    mumbled = said("something about keys")
    noise = Transcript(mumbled.text, tuple(replace(word, confidence=0.2) for word in mumbled.words))
    inaudible = replace(asked(3, None), transcript=noise, grade=grade(BANK.by_id(IDS[2]), noise))
    data = report_data(asked(1, None), asked(2, "I don't know."), inaudible)

    assert data["score"] == 100.0
    assert data["counts"] == {"planned": 4, "asked": 3, "scored": 1, "declined": 1, "not_assessable": 1}
    assert "Not assessable, and not counted as zero: question 3." in data["notes"]
    assert "Declined by the candidate, and not counted as zero: question 2." in data["notes"]
    assert [step["score"] for step in data["path"]] == [100.0, None, None]


def test_a_true_zero_counts() -> None:
    data = report_data(asked(1, None), asked(2, "I like to bake bread on rainy days in November."))

    assert data["score"] == 50.0


VERDICTS = [
    ((80,) * 3, "Strong"),
    ((79.99,) * 3, "Good"),
    ((65,) * 3, "Good"),
    ((64.99,) * 3, "Mixed"),
    ((50,) * 3, "Mixed"),
    ((49.99,) * 3, "Weak"),
    ((100,) * 2, "Not enough evidence"),
]


@pytest.mark.parametrize(("scores", "words"), VERDICTS)
def test_the_verdict_follows_its_rule(scores: tuple[float, ...], words: str) -> None:
    questions = []
    for order, score in enumerate(scores, start=1):
        question = asked(order, None)
        assert question.grade is not None
        questions.append(replace(question, grade=replace(question.grade, score=score, low=score, high=score)))

    assert report_data(*questions)["verdict"]["words"] == words


def test_the_verdict_needs_half_of_what_was_asked() -> None:
    facts = replace(FACTS, question_count=8)
    repeated = [replace(asked(1 + at % 4, None), order=at + 1) for at in range(3)]
    declined = [replace(asked(1, "No idea."), order=at + 4) for at in range(4)]

    assert report_data(*repeated, *declined[:3], facts=facts)["verdict"]["words"] == "Strong"
    assert report_data(*repeated, *declined, facts=facts)["verdict"]["words"] == "Not enough evidence"


def test_strengths_come_from_the_best_answer_and_gaps_from_the_poorest() -> None:
    poor = "It lets only one thread execute bytecode at a time."
    data = report_data(asked(1, None), asked(3, poor))

    assert data["strengths"][0].startswith("Explained that a tuple")
    assert data["improvements"][0].startswith("Left out that CPU heavy work goes")
    assert data["study"][0].startswith("CPU heavy work goes")
    assert len(data["improvements"]) <= 5


def test_delivery_is_shown_and_not_scored() -> None:
    text = "Um, a tuple you know is um immutable so it cannot be changed"
    slow, brisk = (replace(asked(1, text), transcript=said(text, gap_ms=gap_ms)) for gap_ms in (1100, 100))
    data, other = report_data(slow), report_data(brisk)

    assert data["delivery"]["is_scored"] is False
    assert data["delivery"]["fillers"] == [{"text": "um", "count": 2}, {"text": "you know", "count": 1}]
    assert data["delivery"]["long_pauses"] == 12
    assert data["delivery"]["longest_pause_ms"] == 1100
    assert data["delivery"]["words_per_minute"] < other["delivery"]["words_per_minute"]
    assert data["score"] == other["score"]


def test_delivery_without_times_says_so() -> None:
    typed = replace(asked(1, None), transcript=Transcript("A tuple cannot change."))

    assert report_data(typed)["delivery"] == {
        "words": 4,
        "speaking_ms": None,
        "words_per_minute": None,
        "fillers": [],
        "long_pauses": None,
        "longest_pause_ms": None,
        "is_scored": False,
    }
