"""The rules that tell a request from an answer, on a table of what people say: phrasings.tsv."""

import csv
from pathlib import Path

import pytest

from engine.dialogue.backchannels import is_backchannel
from engine.dialogue.intents import Intent, intent_of, may_be_request
from engine.dialogue.yes_or_no import said_yes
from engine.questions.bank import load_bank

with Path(__file__).with_name("phrasings.tsv").open(encoding="utf-8", newline="") as file:
    PHRASINGS = [(row["text"], row["intent"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def told(text: str) -> str:
    intent = intent_of(text, "Ada")
    return intent.value if intent else "answer"


def test_the_table_is_large_and_has_every_wish_and_near_misses():
    labels = [label for _, label in PHRASINGS]
    assert len(PHRASINGS) >= 300
    assert labels.count("answer") >= 100
    assert {intent.value for intent in Intent} - {"aside"} <= set(labels), "words to others are left to a model"


@pytest.mark.parametrize("label", sorted({label for _, label in PHRASINGS}))
def test_a_request_is_told_apart_from_an_answer(label):
    wrong = {text: told(text) for text, each in PHRASINGS if each == label and told(text) != label}
    assert not wrong


def test_no_answer_of_the_bank_is_taken_for_a_request():
    said = [
        text
        for question in load_bank().questions
        for point in question.key_points
        for text in (question.reference_answer, *question.reference_answer.split("."), point.text, *point.phrasings)
    ]
    assert [text for text in said if text.strip() and (intent_of(text) or is_backchannel(text))] == []


def test_without_a_name_nobody_is_somebody_else():
    assert intent_of("I'm not Ada") is None


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, but I would need to see the schema first, can you tell me more",
        "Hmm, could you maybe go a bit slower with it?",
        "I did not really follow what you want from me there",
        "Somebody is at the door",
    ],
)
def test_where_words_may_be_addressed_to_us_the_rules_say_that_they_are_unsure(text):
    assert intent_of(text) is None
    assert may_be_request(text)


@pytest.mark.parametrize("text", ["you use an index for that", "a hash map", "", "could you " * 20])
def test_plain_and_long_answers_are_beyond_doubt(text):
    assert not may_be_request(text)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Yes.", True),
        ("Yes, that is fine.", True),
        ("sure, go ahead", True),
        ("No problem.", True),
        ("I don't mind", True),
        ("No, thank you.", False),
        ("I would rather not", False),
        ("Please do not record", False),
        ("Hello?", None),
        ("", None),
        ("What happens with it? Yes or no?", None),
    ],
)
def test_consent_is_read_from_plain_words_and_never_guessed(text, meaning):
    assert said_yes(text) is meaning
