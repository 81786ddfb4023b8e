"""Words are compared by what they say, not by how they happen to be written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.questions.wording import content_stems, stem, tokens, without_fillers


@pytest.mark.parametrize(
    "spellings",
    [
        ("O(n log n)", "big O of n log n", "o of n log n", "big oh of n log n", "order n log n"),
        ("O(1)", "big O of one", "o of 1"),
        ("O(n²)", "O(n^2)", "big O of n squared"),
        ("SQL", "S Q L", "S.Q.L.", "sequel"),
        ("I/O", "I O", "input output"),
        ("cache", "cash"),
        ("hash map", "hashmap", "hash table"),
        ("Node.js", "node js"),
        ("PostgreSQL", "Postgres", "post gres"),
        ("GIL", "global interpreter lock", "gill"),
        ("two", "2"),
        ("===", "triple equals"),
        ("rolls back", "rollback", "rolled back"),
    ],
)
def test_spellings_of_one_thing_are_compared_as_one(spellings: tuple[str, ...]) -> None:
    assert len({tokens(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("index", "indexes", "indexed", "indexing"),
        ("query", "queries", "querying"),
        ("cache", "caches", "cached", "caching"),
        ("serialise", "serialized", "serialization"),
        ("copy", "copies", "copying", "copied"),
        ("run", "running", "runs"),
        ("process", "processes", "processing"),
        ("dependency", "dependencies"),
    ],
)
def test_inflections_share_a_stem(words: tuple[str, ...]) -> None:
    assert len({stem(word) for word in words}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("mutable", "immutable"), ("stack", "queue"), ("O(n)", "O(1)"), ("class", "clash")]
)
def test_different_things_stay_different(one: str, other: str) -> None:
    assert content_stems(one) != content_stems(other)


def test_an_article_before_a_letter_is_not_an_acronym() -> None:
    assert tokens("a b tree") == ("a", "b", "tree")


def test_fillers_are_not_heard() -> None:
    assert tokens("um, it, you know, uhh sorts, er, i mean, apples") == tokens("it sorts apples")
    assert "umbrella" in without_fillers("umbrella")


@given(st.text())
def test_any_text_can_be_taken_apart(text: str) -> None:
    assert all(word and not word.isspace() for word in tokens(text))
    assert all(content_stems(text))
