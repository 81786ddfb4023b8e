"""What of a model's words may be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dialogue.wording import Bounds, asks, bounds, fit_to_say
from engine.questions.bank import load_bank
from engine.questions.wording import content_stems

BANK = load_bank()
WITHIN = Bounds(
    "Why would you add an index to a table? It makes queries faster.",
    ("every write becomes slower, since the index has to be kept up to date",),
)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("You say faster.", "You say faster."),
        ("What does that speed cost you elsewhere?", "What does that speed cost you elsewhere?"),
        ('What do you mean by "faster"?', "What do you mean by faster?"),
        ("Is a lookup O(n) then?", "Is a lookup O of n then?"),
        ("Tell me what the price of that is.", "Tell me what the price of that is."),
    ],
)
def test_a_fit_sentence_is_said_as_a_voice_can_say_it(written, said):
    assert fit_to_say(written, WITHIN, ()) == said


@pytest.mark.parametrize(
    "written",
    [
        "Correct!",
        "That was a good answer.",
        "You get 4 out of 5 for that.",
        "Unfortunately that is not quite it.",
        "Does a write become slower because the index must be kept up to date?",
        "Think of writes that become slower, what then?",
        "Why? How?",
        "See https://example.com for more, okay?",
        "What is `x` here?",
        "",
        "?",
        "Hm.",
        "I cannot help with that.",
    ],
)
def test_an_unfit_sentence_is_not_said(written):
    assert fit_to_say(written, WITHIN, ()) is None


def test_a_second_remark_is_one_too_many_and_a_question_after_the_first_is_not():
    assert fit_to_say("It is about speed.", WITHIN, ("You say faster.",)) is None
    assert fit_to_say("What does it cost?", WITHIN, ("You say faster.",)) is not None


def test_a_verdict_that_the_question_itself_uses_is_none():
    within = Bounds("Which of the two results is correct?", ())
    assert fit_to_say("Why is one of them correct?", within, ()) is not None
    assert fit_to_say("Why is one of them wrong?", within, ()) is None


@pytest.mark.parametrize("question", BANK.questions, ids=lambda question: question.id)
def test_the_claims_of_the_bank_are_never_given_away(question):
    for point in question.key_points:
        fields = {"question_id": question.id, "answer": "", "missing": [point.id]}
        within = bounds("probe", fields, BANK)
        claim = " ".join(point.text.split()[:25])
        said = fit_to_say(f"Would you say that {claim}?", within, ())
        assert said is None or not within.withheld or _is_known(point.text, within.known)


def _is_known(claim: str, known: str) -> bool:
    return not set(content_stems(claim)) - set(content_stems(known))


@given(st.text(max_size=200), st.booleans())
def test_whatever_is_written_what_is_said_is_short_plain_and_asks_once(text, has_remark):
    before = ("You say faster.",) if has_remark else ()
    said = fit_to_say(text, WITHIN, before)
    if said is not None:
        assert 2 <= len(said.split()) <= 30
        assert said.count("?") <= 1
        assert all(letter.isascii() and (letter.isalnum() or letter in " ,.?!:;'-") for letter in said)
        assert asks(said) or not before
