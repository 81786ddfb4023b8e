"""What becomes of a question that a language model wrote."""

import copy
import json
from typing import Any

import pytest

from engine.questions.bank import load_bank
from engine.questions.generated import (
    Generated,
    Rejected,
    from_stored,
    generated_id,
    is_repetition,
    read_generated,
    stored_form,
)
from engine.vocabulary import Difficulty, Level, Topic

GOOD: dict[str, Any] = {
    "topic": "databases",
    "difficulty": "medium",
    "kind": "practice",
    "shape": "open",
    "text": "A nightly job has to load ten million rows into a busy table. How do you go about it?",
    "spoken": "A nightly job has to load ten million rows into a busy table. How do you go about it?",
    "reference_answer": "In batches, by the bulk path, and so that it can start again.",
    "key_points": [
        {
            "id": "batches",
            "text": "the load is cut into batches with a transaction each",
            "phrasings": ["chunks of a few thousand", "small batches so that locks are short"],
            "weight": 3,
            "wrong_twin": "one big transaction is safest",
        },
        {
            "id": "restartable",
            "text": "it can be repeated without harm",
            "phrasings": ["it has to be idempotent", "remember how far it got"],
            "weight": 2,
            "wrong_twin": None,
        },
    ],
    "follow_ups": [
        {"key_point": "restartable", "text": "What if it dies half way?"},
        {"key_point": None, "text": "Go on?"},
    ],
    "terms": ["batch", "transaction", "lock", "bulk insert"],
    "rubric_hints": ["Any database will do."],
}


def read(asked: tuple[str, ...] = (), **changes: Any) -> Generated | Rejected:
    data = copy.deepcopy(GOOD) | changes
    return read_generated(data, topic=Topic.DATABASES, difficulty=Difficulty.MEDIUM, level=Level.MID, asked=asked)


def test_a_sound_question_becomes_one_like_those_of_the_bank() -> None:
    generated = read()

    assert isinstance(generated, Generated)
    question = generated.question
    assert (question.topic, question.difficulty, question.levels) == (Topic.DATABASES, Difficulty.MEDIUM, (Level.MID,))
    assert question.id == generated_id(Topic.DATABASES, GOOD["text"])
    assert question.key_point("restartable").wrong_twin is None
    assert question.follow_ups[0].key_point == "restartable"
    assert question.rubric_hints == ("Any database will do.",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"topic": "python"}, "another topic"),
        ({"difficulty": "hard"}, "another topic or difficulty"),
        ({"spoken": "Load 10M rows into `busy_table` => how?"}, "speakable"),
        ({"spoken": " ".join(["word"] * 41)}, "at most 40 words"),
        ({"key_points": []}, "key_point must number"),
        ({"terms": ["one"]}, "terms must number"),
        ({"text": ""}, "text must be a text"),
        ({"kind": "riddle"}, "kind must be one of"),
        ({"follow_ups": [{"key_point": "nowhere", "text": "And then?"}]}, "does not have"),
        ({"spoken": "What is a primary key?"}, "asks something else"),
        ({"key_points": "none"}, "key_point"),
        ({"text": 4}, "text must be a text"),
    ],
)
def test_a_question_that_breaks_a_rule_is_rejected_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    rejected = read(**changes)

    assert isinstance(rejected, Rejected)
    assert reason in " ".join(rejected.reasons)


def test_a_question_that_gives_its_answer_away_is_rejected() -> None:
    text = "Is it right that the load is cut into batches with a transaction each, and why?"
    rejected = read(text=text, spoken=text)

    assert isinstance(rejected, Rejected)
    assert "gives the key point 'batches' away" in " ".join(rejected.reasons)


def test_a_question_that_was_asked_in_like_words_is_rejected() -> None:
    rejected = read(asked=("How would you load ten million rows into a table that is busy?",))

    assert isinstance(rejected, Rejected)
    assert "repeats" in " ".join(rejected.reasons)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("What is a database index?", "What are indexes in a database?", True),
        ("What is a deadlock?", "What is a database index?", False),
        ("How do you invalidate a cache?", "When does a cached value have to be invalidated?", True),
        ("", "What is a deadlock?", False),
    ],
)
def test_a_repetition_is_told_by_the_words_that_carry_meaning(one: str, other: str, expected: bool) -> None:
    assert is_repetition(one, [other]) is expected


def test_the_kinds_of_faults_are_closed_words() -> None:
    rejected = read(spoken="Load `busy_table`, please.", topic="python", text="Why? Because.")

    assert isinstance(rejected, Rejected)
    assert set(rejected.kinds) <= {"unspeakable", "not_as_wished", "wrong_form", "unclear", "spoken_differs"}
    assert {"unspeakable", "not_as_wished"} <= set(rejected.kinds)


def test_a_question_of_too_few_words_is_not_clear() -> None:
    rejected = read(text="Why load rows?", spoken="Why load rows?")

    assert isinstance(rejected, Rejected) and rejected.kinds == ("unclear",)


def test_a_question_is_read_as_it_was_stored() -> None:
    generated = read()
    assert isinstance(generated, Generated)
    question = load_bank().weighed(generated.question)

    assert from_stored(json.loads(json.dumps(stored_form(question)))) == question
    assert all(from_stored(json.loads(json.dumps(stored_form(each)))) == each for each in load_bank().questions)
