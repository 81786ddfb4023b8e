"""Sentences are handed on as soon as they are whole, whatever pieces the text comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dialogue.sentences import LONGEST_CHARACTERS, SentenceCutter


def cut(text: str, size: int) -> list[str]:
    cutter = SentenceCutter()
    found = [sentence for at in range(0, len(text), size) for sentence in cutter.feed(text[at : at + size])]
    rest = cutter.rest()
    return [*found, rest] if rest else found


@pytest.mark.parametrize("size", [1, 3, 7, 400])
@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("You say faster. What does it cost?", ["You say faster.", "What does it cost?"]),
        ("Version 3.11 is out. Why?", ["Version 3.11 is out.", "Why?"]),
        ("Use a map, e.g. a hash map. Why?", ["Use a map, e.g. a hash map.", "Why?"]),
        ('He said "why?" Then he left.', ['He said "why?"', "Then he left."]),
        ("One line\nanother line", ["One line", "another line"]),
        ("no end at all", ["no end at all"]),
        ("", []),
        (" \n \n", []),
    ],
)
def test_a_text_falls_into_its_sentences(text, sentences, size):
    assert cut(text, size) == sentences


def test_a_sentence_is_whole_when_the_next_begins_and_not_before():
    cutter = SentenceCutter()
    assert cutter.feed("It costs 3.") == []
    assert cutter.feed("5 seconds. W") == ["It costs 3.5 seconds."]
    assert cutter.rest() == "W"


def test_a_text_without_an_end_is_not_gathered_for_ever():
    assert len(cut("word " * 1000, 50)) > 1
    assert all(len(piece) <= LONGEST_CHARACTERS + 50 for piece in cut("word " * 1000, 50))


@given(st.text(alphabet="ab .?!\n", max_size=80), st.integers(1, 9))
def test_no_letter_is_lost_or_doubled(text, size):
    assert "".join("".join(cut(text, size)).split()) == "".join(text.split())
