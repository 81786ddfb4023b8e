"""Terms put right, and ordinary English left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.questions.spoken_terms import Correction, corrected, corrected_transcript
from engine.questions.term_rules import RULES
from engine.transcript import Transcript, Word

MEANT = [
    ("I wrote it in see sharp last year", "I wrote it in C# last year"),
    ("we chose post gres, not my sequel.", "we chose Postgres, not MySQL."),
    ("sorting takes o of n log n time", "sorting takes O(n log n) time"),
    ("a lookup is o of log n", "a lookup is O(log n)"),
    ("that is o of n squared at worst", "that is O(n^2) at worst"),
    ("and a hash map is o of one", "and a hash map is O(1)"),
    ("we run it on cooper netties", "we run it on Kubernetes"),
    ("cuber netties schedules the pods", "Kubernetes schedules the pods"),
    ("the endpoint is item potent", "the endpoint is idempotent"),
    ("a sequel query with two joins", "a SQL query with two joins"),
    ("we cash the query results in redis", "we cache the query results in redis"),
    ("the response is jason", "the response is JSON"),
    ("python has the gill, so threads take turns", "python has the GIL, so threads take turns"),
    ("a no sequel database such as mongo db", "a NoSQL database such as MongoDB"),
    ("the java script of the front end", "the JavaScript of the front end"),
    ("a mew tex guards it", "a mutex guards it"),
    ("sea plus plus is faster", "C++ is faster"),
    ("we await it because it is a sync", "we await it because it is async"),
    ("a message goes into the cue", "a message goes into the queue"),
    ("in react I use state for that", "in react I useState for that"),
    ("infrastructure with terror form", "infrastructure with Terraform"),
]

ORDINARY = [
    "you can see sharp edges in the image",
    "I see. Sharp turns are hard for me.",
    "there was no sequel to that film",
    "there is no sql in that statement",
    "the sequel of that project was better",
    "they paid in cash at the desk",
    "my colleague Jason joined in May",
    "we use state machines for orders",
    "a fish breathes through a gill",
    "that was my cue to leave",
    "the light is red and red is bad",
    "each read is a request to the server",
    "I want the rest of it",
    "he saw a sink in the kitchen",
    "a two pole tent",
    "one of one hundred",
    "for each of n users we send a mail",
    "I went to get help",
    "the piece is in C sharp minor, a class of its own",
    "",
]


@pytest.mark.parametrize(("heard", "meant"), MEANT, ids=[heard for heard, _ in MEANT])
def test_a_misheard_term_is_put_right(heard: str, meant: str) -> None:
    assert corrected(heard).text == meant


@pytest.mark.parametrize("text", ORDINARY, ids=[text or "nothing" for text in ORDINARY])
def test_ordinary_english_is_left_alone(text: str) -> None:
    assert corrected(text).text == text
    assert corrected(text).corrections == ()


def test_every_correction_is_told_with_its_place() -> None:
    found = corrected("first post gres, then my sequel")

    assert found.corrections == (Correction("post gres", "Postgres", 1, 3), Correction("my sequel", "MySQL", 4, 6))


def test_there_are_enough_rules_and_none_twice() -> None:
    assert len({rule.meant for rule in RULES}) >= 60
    assert len({rule.heard for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: " ".join(rule.heard))
def test_each_rule_can_fire(rule: object) -> None:
    near = sorted(rule.near)[:1]  # type: ignore[attr-defined]
    words = [*near, *rule.heard]  # type: ignore[attr-defined]
    assert rule.meant in corrected(" ".join(words)).text  # type: ignore[attr-defined]


def test_words_with_times_are_joined_and_keep_their_time() -> None:
    words = (
        Word("On", 0, 100, 0.9),
        Word("post", 100, 300, 0.5),
        Word("gres.", 300, 600, 0.8),
        Word("Yes", 700, 800, 1),
    )
    fixed, corrections = corrected_transcript(Transcript("On post gres. Yes", words))

    assert fixed.text == "On Postgres. Yes"
    assert fixed.words == (words[0], Word("Postgres.", 100, 600, 0.5), words[3])
    assert corrections == (Correction("post gres", "Postgres", 1, 3),)


def test_a_transcript_without_times_is_corrected_too() -> None:
    fixed, corrections = corrected_transcript(Transcript("post gres"))

    assert (fixed.text, len(corrections)) == ("Postgres", 1)


HEARD_WORDS = sorted({word for rule in RULES for word in rule.heard} | {"the", "is", "database", "python", "and."})


@given(st.lists(st.sampled_from(HEARD_WORDS), max_size=30))
def test_corrections_account_for_every_change(words: list[str]) -> None:
    text = " ".join(words)
    found = corrected(text)
    rebuilt, at = [], 0
    for correction in found.corrections:
        assert at <= correction.first_word < correction.after_word <= len(words)
        rebuilt += words[at : correction.first_word]
        mark = "." if words[correction.after_word - 1].endswith(".") else ""
        rebuilt.append(correction.meant + mark)
        at = correction.after_word
    assert " ".join([*rebuilt, *words[at:]]) == found.text
