"""What the candidate hears of a poor line: politely, between two questions, and once."""

import pytest

from engine.dialogue.signals import LineHopeless, LineTroubled, SpeechBegan, SpeechEnded

GOOD = "it is a number and it is used to count things in a program of any size"


def advice(call) -> list[str]:
    return [
        piece for say in call.said for piece in say.pieces if piece.startswith("By the way, ") and "star" not in piece
    ]


def test_a_poor_line_is_noted_at_once_and_told_with_the_next_question_only(with_plan):
    call = with_plan(question_count=5)
    call.to_first_question()
    said = len(call.said)
    call.feed(LineTroubled(call.now_ms, "noise"))
    assert call.facts("line_trouble") == [{"trouble": "noise"}]
    assert len(call.said) == said, "nobody is interrupted for it"
    call.speak(GOOD)
    assert len(advice(call)) == 1
    assert call.said[-1].label.startswith("ask:")
    call.hear_out()
    call.feed(LineTroubled(call.now_ms, "too quiet"))
    call.speak(GOOD)
    assert len(advice(call)) == 1
    assert [fact["trouble"] for fact in call.facts("line_trouble")] == ["noise", "too quiet"]


def test_a_line_that_carries_us_but_not_the_candidate_is_met_with_the_keypad(call):
    call.start()
    call.hear_out()
    call.wait_for("idle")
    assert "press one" in " ".join(call.said[-1].pieces)
    assert call.facts("line_trouble") == [{"trouble": "one way"}]
    call.hear_out()
    call.press("1")
    assert call.facts("consent_given")[0]["is_granted"] is True
    call.hear_out()
    for _ in range(3):
        call.wait_for("idle")
        call.hear_out()
    assert call.hung_up == "one_way"
    assert len(call.facts("line_trouble")) == 1


def test_somebody_who_was_heard_once_is_only_silent(call):
    call.to_first_question()
    for _ in range(3):
        call.wait_for("idle")
        call.hear_out()
    assert call.hung_up == "silent"
    assert call.facts("line_trouble") == []


def test_what_the_first_words_showed_is_told_before_the_first_question_and_a_good_line_waits_for_nothing(with_plan):
    good, poor = with_plan(question_count=5), with_plan(question_count=5)
    for call in (good, poor):
        call.start()
        call.hear_out()
        call.feed(SpeechBegan(call.now_ms, call.now_ms))
        call.now_ms += 800
        call.feed(SpeechEnded(call.now_ms, call.now_ms))
    poor.feed(LineTroubled(poor.now_ms, "too quiet"))
    for call in (good, poor):
        call.speak("yes")
    thanks, advised, *rest = poor.said[-1].pieces
    assert (thanks, *rest) == good.said[-1].pieces
    assert "closer to the telephone" in advised
    assert rest[0] == "Here is your first question."
    assert poor.now_ms == good.now_ms


@pytest.fixture
def hopeless(with_plan):
    """A call on which nobody can be understood, as is found out while consent is asked for."""
    call = with_plan(question_count=5)
    call.start()
    call.hear_out()
    call.feed(LineTroubled(call.now_ms, "noise"))
    call.feed(LineHopeless(call.now_ms, "noise"))
    return call


def is_offered(call) -> bool:
    return "find a new time" in " ".join(call.said[-1].pieces)


def test_a_hopeless_line_brings_the_offer_of_a_new_time_in_place_of_advice_and_question(hopeless):
    hopeless.speak("yes")
    assert is_offered(hopeless)
    assert hopeless.facts("consent_given")[0]["is_granted"] is True
    assert hopeless.facts("question_asked") == []
    assert advice(hopeless) == []
    assert hopeless.facts("new_time_offered") == [{"trouble": "noise"}]


@pytest.mark.parametrize(
    ("says", "key", "by"), [("yes please", "", "words"), ("", "1", "key"), ("call me later", "", "words")]
)
def test_whoever_takes_it_is_let_go_and_the_interview_stays_open(hopeless, says, key, by):
    hopeless.speak("yes")
    hopeless.hear_out()
    if key:
        hopeless.press(key)
    else:
        hopeless.speak(says)
    assert hopeless.facts("new_time_wanted")[0]["by"] == by
    assert hopeless.facts("interview_ended") == [{"reason": "bad_line", "is_complete": False}]
    hopeless.hear_out()
    assert hopeless.hung_up == "bad_line"


@pytest.mark.parametrize(("says", "key"), [("no", ""), ("", "2")])
def test_whoever_would_rather_go_on_is_asked_the_question_and_not_asked_again(hopeless, says, key):
    hopeless.speak("yes")
    hopeless.hear_out()
    if key:
        hopeless.press(key)
    else:
        hopeless.speak(says)
    assert hopeless.said[-1].pieces[0] == "All right, we go on."
    assert hopeless.said[-1].label.startswith("ask:")
    hopeless.hear_out()
    hopeless.speak(GOOD)
    assert hopeless.said[-1].label.startswith("ask:")
    assert len(hopeless.facts("new_time_offered")) == 1


def test_whoever_cannot_be_understood_twice_is_let_go(hopeless):
    hopeless.speak("grmpf")
    assert is_offered(hopeless), "in place of asking for consent once more"
    hopeless.hear_out()
    hopeless.speak("grmpf grmpf")
    assert is_offered(hopeless)
    hopeless.hear_out()
    hopeless.wait_for("idle")
    assert hopeless.facts("new_time_wanted") == [{"by": "line", "text": ""}]
    assert hopeless.facts("consent_given") == []


def test_consent_is_still_asked_for_where_it_was_not_understood(hopeless):
    hopeless.speak("grmpf")
    hopeless.hear_out()
    hopeless.press("2")
    assert "May I record this call?" in " ".join(hopeless.said[-1].pieces)
    hopeless.hear_out()
    hopeless.speak("yes")
    assert hopeless.facts("consent_given")[0]["is_granted"] is True
    assert hopeless.said[-1].label.startswith("ask:")


def test_star_repeats_the_offer_and_pound_means_nothing_to_it(hopeless):
    hopeless.speak("yes")
    hopeless.hear_out()
    said = len(hopeless.said)
    hopeless.press("#")
    assert len(hopeless.said) == said
    hopeless.press("*")
    assert is_offered(hopeless)
    hopeless.hear_out()
    hopeless.press("0")
    assert is_offered(hopeless)
    assert len(hopeless.facts("human_wanted")) == 1


def test_a_line_that_becomes_hopeless_later_brings_the_offer_before_the_next_question(with_plan):
    call = with_plan(question_count=5)
    call.to_first_question()
    call.feed(LineHopeless(call.now_ms, "lost audio"))
    call.speak(GOOD)
    assert is_offered(call)
    assert len(call.facts("question_asked")) == 1
    call.hear_out()
    call.speak("no")
    assert len(call.facts("question_asked")) == 2
