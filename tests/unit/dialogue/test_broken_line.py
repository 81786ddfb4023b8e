"""A line that breaks and comes back: the caller hears where we were, and nothing that was said is lost."""

import pytest

from engine.dialogue import phrases
from engine.dialogue.moment import Phase
from engine.dialogue.signals import Judge, LineResumed, SpeechBegan, StartTimer
from engine.transcript import Transcript


def come_back(call, after_ms: int = 40) -> None:
    call.now_ms += after_ms
    call.timers.clear()
    call.feed(LineResumed(call.now_ms, call.has_model))


def last_said(call) -> tuple[str, ...]:
    return call.said[-1].pieces


def test_in_the_middle_of_an_answer_the_question_is_repeated_and_the_words_are_joined(call):
    call.to_first_question()
    call.speak("It is a number and", then_silent=False)
    call.break_line()
    come_back(call)

    assert last_said(call)[:3] == ("Sorry, the line broke.", "We were at question 1.", *phrases.GO_ON_FROM_THERE)
    assert last_said(call)[3].startswith("What is number")
    assert call.said[-1].label.startswith("repeat:ask:")
    call.hear_out()
    call.speak("it never changes its value as long as the program runs at all.")
    text = call.facts("answer_completed")[-1]["text"]
    assert text == "It is a number and it never changes its value as long as the program runs at all."
    assert call.facts("answer_completed")[-1]["state"] == "answered"
    assert {fact["order"] for fact in call.facts("answer_completed")} == {1}


def test_a_line_that_breaks_twice_in_one_answer_keeps_all_three_stretches(call):
    call.to_first_question()
    for text in ("First this", "then that"):
        call.speak(text, then_silent=False)
        call.break_line()
        come_back(call)
        call.hear_out()
    call.speak("and the rest of it which is quite long by now you know.")
    assert call.facts("answer_completed")[-1]["text"].startswith("First this then that and the rest")


def test_while_we_ask_the_question_is_asked_again_and_not_counted_twice(call):
    call.to_first_question()
    call.speak("It is a number, and that is all that there is to say about the whole matter.")
    assert call.said[-1].label == "ask:" + call.state.interview.asked[1].question_id
    call.break_line()
    come_back(call)
    assert "We were at question 2." in last_said(call)
    assert phrases.GO_ON_FROM_THERE[0] not in last_said(call)
    assert [fact["order"] for fact in call.facts("question_asked")] == [1, 2]


def test_an_answer_that_was_complete_is_not_asked_for_again(call):
    call.judges = False
    call.to_first_question()
    call.speak("It is a number, and that is all that there is to say about the whole matter.")
    assert call.state.phase is Phase.JUDGING
    call.break_line()
    call.judges = True
    come_back(call)
    assert sum(isinstance(action, Judge) for action in call.actions) == 2
    assert last_said(call)[:2] == (*phrases.LINE_BROKE, *phrases.ANSWER_IS_KEPT)
    assert call.said[-1].label == "ask:" + call.state.interview.asked[1].question_id
    [text] = {fact["text"] for fact in call.facts("answer_completed")}
    assert text.startswith("It is a number")


def test_words_of_which_the_meaning_was_being_asked_are_an_answer(call):
    call.has_model = True
    call.to_first_question()
    call.speak("Could you maybe ask me later")
    assert call.state.phase is Phase.UNDERSTANDING
    call.break_line()
    come_back(call)
    assert call.facts("answer_completed")[-1]["text"] == "Could you maybe ask me later"


def test_before_the_first_question_consent_is_asked_for_again(call):
    call.start()
    call.hear_out()
    call.break_line()
    come_back(call)
    assert last_said(call) == ("Sorry, the line broke.", "May I record our call?")
    call.hear_out()
    call.speak("Yes.")
    assert call.facts("consent_given")[-1]["is_granted"]
    assert call.facts("question_asked")[-1]["order"] == 1


def test_after_a_follow_up_the_follow_up_is_repeated(call):
    call.missing = ("first",)
    call.to_first_question()
    call.speak("A short one.")
    call.hear_out()
    call.break_line()
    come_back(call)
    assert last_said(call)[-1].startswith("Can you say more")
    call.hear_out()
    call.speak("Well, more of it then.")
    assert call.facts("answer_completed")[-1]["text"] == "A short one. Well, more of it then."


def test_an_interview_that_was_over_hangs_up(call):
    call.to_first_question()
    call.press("9")
    call.break_line()
    come_back(call)
    assert call.hung_up == "candidate_ended"
    assert call.state.phase is Phase.LEFT


def test_the_time_of_the_interview_goes_on_and_is_not_given_anew(call):
    call.to_first_question()
    due_ms = call.timers["time_limit"]
    call.break_line()
    come_back(call)
    assert StartTimer("time_limit", due_ms) in call.actions[-20:]


@pytest.mark.parametrize("stale", [LineResumed(5_000), SpeechBegan(5_000, 4_900)])
def test_a_line_comes_back_only_after_it_broke_and_nothing_else_happens_on_a_broken_one(call, stale):
    call.to_first_question()
    if isinstance(stale, SpeechBegan):
        call.break_line()
    before = call.state
    call.feed(stale)
    assert call.state == before


def test_a_second_call_goes_on_with_the_answer_that_the_first_one_heard(call, with_plan):
    call.to_first_question()
    call.speak("It is a number and", then_silent=False)
    call.break_line()
    heard = call.facts("answer_completed")[-1]["text"]
    second = with_plan(asked=call.state.interview.asked, begun=Transcript(heard))
    second.start()
    assert second.said[0].pieces[2:4] == ("We were at question 1.", *phrases.ANSWER_IS_KEPT_SO_FAR)
    second.hear_out()
    second.speak("Yes.")
    second.hear_out()
    second.speak("it never changes its value as long as the program runs at all.")
    answer = second.facts("answer_completed")[-1]
    assert answer["text"].startswith("It is a number and it never changes")
    assert [word["text"] for word in answer["words"]][:2] == ["it", "never"]
