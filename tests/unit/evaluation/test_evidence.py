"""A quote proves something only when it stands in the transcript, word for word."""

import pytest

from engine.errors import EvidenceError
from engine.evaluation.evidence import Evidence, locate
from engine.transcript import Transcript, Word

TEXT = "Um, it's a Hash-map: O of one, don't you think? Ça va, naïve C++ café."
TRANSCRIPT = Transcript(TEXT, tuple(Word(word, 100 * at, 100 * at + 80, 0.9) for at, word in enumerate(TEXT.split())))


@pytest.mark.parametrize(
    ("quote", "first", "after"),
    [
        ("it's a Hash-map", 1, 4),
        ("its a hash map", 1, 4),
        ("  HASH   map: o of one ", 3, 7),
        ("Um", 0, 1),
        ("um it's", 0, 2),
        ("café", 14, 15),
        ("cafe\u0301.", 14, 15),
        ("naïve c++ café", 12, 15),
        (TEXT, 0, 15),
    ],
)
def test_case_punctuation_and_spaces_do_not_matter(quote: str, first: int, after: int) -> None:
    words = TRANSCRIPT.words

    assert locate(quote, TRANSCRIPT) == Evidence(quote, words[first].start_ms, words[after - 1].end_ms, first, after)


@pytest.mark.parametrize(
    "quote",
    [
        "a hash table",
        "t's a",
        "it's a Hash",
        "one don't think",
        "hash-map it's a",
        "",
        " ?! ",
        "C café",
        "cafés",
        "naive c++",
    ],
)
def test_anything_else_is_refused(quote: str) -> None:
    with pytest.raises(EvidenceError):
        locate(quote, TRANSCRIPT)


def test_a_repeated_quote_is_found_at_its_first_place() -> None:
    words = tuple(Word(word, at, at + 1, 1.0) for at, word in enumerate(["go", "go", "gopher", "go", "gopher"]))

    found = locate("go gopher", Transcript("", words))

    assert (found.start_word, found.end_word) == (1, 3)


def test_typed_text_proves_without_times() -> None:
    assert locate("hash map", Transcript("A hash map.")) == Evidence("hash map", None, None, None, None)


def test_text_that_the_words_do_not_cover_still_proves() -> None:
    mixed = Transcript("Spoken first. Typed after.", (Word("Spoken", 0, 1, 1.0), Word("first.", 1, 2, 1.0)))

    assert locate("typed after", mixed).start_ms is None
    assert locate("spoken first", mixed).start_ms == 0


def test_nothing_stands_in_an_empty_transcript() -> None:
    with pytest.raises(EvidenceError, match="does not stand"):
        locate("anything", Transcript(""))
