"""What comes of each wish, spoken and pressed, at any moment."""

import pytest

from engine.dialogue.moment import Phase
from engine.dialogue.plan import Faq
from engine.dialogue.signals import AllReceived, SilenceHeld, TuneVoice

GOOD = "it is a number and it is used to count things in a program of any size"


@pytest.fixture
def asked(call):
    """The first question was heard."""
    call.to_first_question()
    return call


def words(call) -> str:
    return " ".join(call.said[-1].pieces)


def reply(call, text: str) -> None:
    """We have been heard, and the candidate says this."""
    call.hear_out()
    call.speak(text)


def test_a_skip_is_asked_back_and_a_no_goes_on(asked):
    asked.speak("Skip this question.")
    assert asked.said[-1].label == "confirm"
    reply(asked, "No.")
    assert asked.said[-1].label.startswith("repeat:ask:")
    assert asked.facts("answer_completed") == []


def test_saying_it_again_confirms_as_well_as_yes_and_so_does_its_key(asked):
    asked.speak("Skip it.")
    reply(asked, "Skip this question, please.")
    assert asked.facts("answer_completed")[-1]["state"] == "skipped"
    reply(asked, "Next question please.")
    asked.hear_out()
    asked.press("2")
    assert [fact["state"] for fact in asked.facts("answer_completed")] == ["skipped", "skipped"]


def test_an_answer_in_place_of_yes_or_no_is_an_answer(asked):
    asked.speak("Skip this one.")
    reply(asked, GOOD)
    assert asked.facts("answer_completed")[-1]["text"] == GOOD


def test_another_wish_in_place_of_yes_or_no_is_heard(asked):
    asked.speak("Skip this one.")
    reply(asked, "I want to speak to a human.")
    assert asked.facts("human_wanted") == [{"by": "words", "text": "I want to speak to a human."}]
    assert asked.said[-1].label.startswith("repeat:ask:")


def test_a_confirmation_is_asked_for_twice_at_most(asked):
    asked.speak("Stop the interview.")
    reply(asked, "Green tomatoes.")
    assert asked.said[-1].label == "confirm"
    reply(asked, "Green tomatoes.")
    assert asked.said[-1].label.startswith("repeat:ask:")


def test_slower_and_louder_hold_for_the_rest_of_the_call(asked):
    asked.speak("Could you speak slower please?")
    assert asked.said[-1].label.startswith("repeat:ask:")
    reply(asked, "Slower please.")
    reply(asked, "Louder please.")
    tuned = [action for action in asked.actions if isinstance(action, TuneVoice)]
    assert tuned == [TuneVoice(0.85, 0), TuneVoice(0.75, 0), TuneVoice(0.75, 4)]
    reply(asked, "A bit slower please.")
    assert [action for action in asked.actions if isinstance(action, TuneVoice)] == tuned
    assert "no further" in words(asked)


@pytest.mark.parametrize(
    ("text", "speed", "gain_db"), [("Speak faster please.", 1.15, 0), ("You're too loud.", 1.0, -4)]
)
def test_faster_and_quieter(asked, text, speed, gain_db):
    asked.speak(text)
    assert TuneVoice(speed, gain_db) in asked.actions


def test_going_back_adds_to_the_answer_before_and_returns(asked):
    asked.speak(GOOD)
    question = asked.said[-1].pieces[-1]
    reply(asked, "Can I add something to my last answer?")
    assert asked.said[-1].label == "addition"
    reply(asked, "It can also be negative.")
    last = asked.facts("answer_completed")[-1]
    assert (last["order"], last["text"]) == (1, f"{GOOD} It can also be negative.")
    assert asked.said[-1].pieces[-1] == question
    reply(asked, GOOD)
    assert asked.facts("answer_completed")[-1]["order"] == 2


def test_going_back_to_a_skipped_question_answers_it_after_all(asked):
    asked.press("2")
    reply(asked, "Can we go back to the previous question?")
    reply(asked, GOOD)
    last = asked.facts("answer_completed")[-1]
    assert (last["order"], last["state"], last["text"]) == (1, "answered", GOOD)
    assert asked.facts("progress_saved")[-1]["progress"]["asked"][0]["state"] == "answered"


def test_going_back_from_the_first_question_is_not_possible(asked):
    asked.speak("Go back please.")
    assert "no question before" in words(asked)


def test_going_back_from_the_end(asked):
    for _ in range(3):
        asked.speak(GOOD)
        asked.hear_out()
    asked.speak("Can I add something to my last answer?")
    reply(asked, "It is always whole.")
    assert asked.facts("answer_completed")[-1]["order"] == 3
    assert asked.said[-1].label == "closing"


def test_a_pause_holds_the_interview_until_the_candidate_is_ready(asked):
    asked.speak("Can we take a break?")
    asked.hear_out()
    assert asked.timers["idle"] - asked.now_ms == asked.plan.limits.pause_ms
    asked.now_ms += 60_000
    asked.speak("I am ready.")
    assert asked.said[-1].label.startswith("repeat:ask:")


def test_a_pause_that_lasts_is_ended_with_the_offer_to_call_back(asked):
    asked.speak("Can we pause?")
    asked.hear_out()
    asked.wait_for("idle")
    assert "calls you back" in words(asked)
    reply(asked, "Yes.")
    assert asked.facts("call_back_wanted") == [{"by": "words", "text": "Yes."}]
    assert asked.facts("interview_ended")[-1]["reason"] == "call_back"


def test_call_me_later_is_confirmed_and_told_to_others(asked):
    asked.speak("This is not a good time.")
    assert asked.facts("call_back_wanted") == []
    reply(asked, "Yes please.")
    assert len(asked.facts("call_back_wanted")) == 1
    asked.hear_out()
    assert asked.hung_up == "call_back"


def test_a_wrong_person_is_left_in_peace(call):
    call.start()
    reply(call, "I'm not Ada.")
    assert call.said[-1].label == "confirm"
    reply(call, "Yes.")
    assert len(call.facts("wrong_person")) == 1
    call.hear_out()
    assert call.hung_up == "wrong_person"


def test_whoever_asks_hears_that_we_are_an_ai(asked):
    asked.speak("Are you a robot?")
    assert "I am an AI interviewer, not a person." in asked.said[-1].pieces


def test_the_question_who_we_are_does_not_count_against_consent(call):
    call.start()
    reply(call, "Who are you?")
    reply(call, "Is this a robot?")
    reply(call, "Yes.")
    assert call.facts("consent_given")[0]["is_granted"] is True


def test_a_question_is_answered_from_the_user_s_own_answers(with_plan):
    call = with_plan(faq=(Faq("Is the position remote?", "The position is fully remote."),))
    call.to_first_question()
    call.speak("Is this position remote?")
    assert "The position is fully remote." in call.said[-1].pieces
    assert call.facts("candidate_asked") == [
        {"text": "Is this position remote?", "answer": "The position is fully remote."}
    ]
    assert call.said[-1].label.startswith("repeat:ask:")


def test_a_question_that_nobody_prepared_is_passed_on(asked):
    asked.speak("What is the salary?")
    assert asked.facts("candidate_asked") == [{"text": "What is the salary?", "answer": ""}]
    assert "pass that on" in words(asked)


def test_an_announced_question_is_waited_for(asked):
    asked.speak("Can I ask you a question?")
    assert asked.said[-1].label == "their question"
    reply(asked, "Do you pay for the train?")
    assert asked.facts("candidate_asked")[0]["text"] == "Do you pay for the train?"
    assert asked.said[-1].label.startswith("repeat:ask:")


def test_where_we_are_is_told_when_asked(asked):
    asked.speak("How many questions are left?")
    assert "This is question 1 of 3." in asked.said[-1].pieces


def test_where_we_are_is_told_at_intervals_and_at_the_end(with_plan):
    call = with_plan(question_count=5)
    call.to_first_question()
    for _ in range(4):
        call.speak(GOOD)
        call.hear_out()
    told = [piece for say in call.said for piece in say.pieces if "question" in piece and "This is" in piece]
    assert told == ["This is question 3 of 5.", "This is the last question."]


def test_that_time_is_short_is_told_once_with_the_next_question(with_plan):
    call = with_plan(question_count=5)
    call.to_first_question()
    call.wait_for("time_short")
    assert len(call.said) == 2, "nobody is interrupted for it"
    for _ in range(2):
        call.speak(GOOD)
        call.hear_out()
    assert sum("five minutes left" in piece for say in call.said for piece in say.pieces) == 1


def test_abuse_is_met_calmly_once_and_then_ends_the_call(asked):
    asked.speak("You stupid machine.")
    assert "annoying" in words(asked)
    reply(asked, "Shut up.")
    assert [fact["times"] for fact in asked.facts("abuse_heard")] == [1, 2]
    asked.hear_out()
    assert asked.hung_up == "abuse"


def test_hello_is_answered(asked):
    asked.speak("Hello? Are you there?")
    assert asked.said[-1].pieces[0] == "Yes, I am here."


def test_never_again_is_told_with_the_words(asked):
    asked.speak("Please stop calling me.")
    assert asked.facts("calls_refused") == [{"by": "words", "text": "Please stop calling me."}]
    assert asked.facts("interview_ended")[-1]["reason"] == "candidate_ended"


@pytest.mark.parametrize(("digit", "fact"), [("0", "human_wanted"), ("9", "calls_refused")])
def test_keys_for_others_are_not_lost_while_we_decide(asked, digit, fact):
    asked.speak(GOOD, then_silent=False)
    asked.feed(SilenceHeld(asked.now_ms + 900, asked.now_ms))
    assert asked.state.phase is Phase.FLUSHING
    asked.press(digit)
    assert len(asked.facts(fact)) == 1


@pytest.mark.parametrize(("digit", "fact"), [("0", "human_wanted"), ("9", "calls_refused")])
def test_keys_for_others_are_not_lost_while_we_say_goodbye(asked, digit, fact):
    asked.wait_for("time_limit")
    asked.queue_speech()
    asked.press(digit)
    assert len(asked.facts(fact)) == 1
    assert asked.stops == 0


def test_a_person_pressed_for_while_we_wait_for_the_last_words_keeps_them(asked):
    asked.speak(GOOD, then_silent=False)
    asked.feed(SilenceHeld(asked.now_ms + 900, asked.now_ms))
    flush = asked.unanswered_flushes.pop()
    asked.press("0")
    asked.feed(AllReceived(asked.now_ms, flush))
    reply(asked, "and more of it with a few words")
    assert asked.facts("answer_completed")[-1]["text"] == f"{GOOD} and more of it with a few words"


def test_done_after_a_prompt_ends_the_answer_that_was_given_before(asked):
    asked.speak(GOOD, then_silent=False)
    asked.press("1")
    reply(asked, "That's it.")
    assert asked.facts("answer_completed")[-1]["text"] == GOOD


def test_questions_at_the_end_are_heard_three_times_at_most(asked):
    for _ in range(3):
        asked.speak(GOOD)
        asked.hear_out()
    asked.speak("When will I hear back from you?")
    assert "A person looks at the results and gets back to you." in asked.said[-1].pieces
    reply(asked, "I liked the part about the numbers.")
    assert asked.facts("candidate_remarked") == [{"text": "I liked the part about the numbers."}]
    reply(asked, "Do you have a canteen?")
    assert len(asked.facts("candidate_asked")) == 2
    asked.hear_out()
    assert asked.hung_up == "completed"


def test_a_wish_is_not_waited_for_like_a_thought(asked):
    asked.speak("Could you repeat the question?", then_silent=False)
    ended_ms = asked.now_ms
    asked.wait_for("wish")
    assert asked.now_ms - ended_ms <= 700
    assert asked.said[-1].label.startswith("repeat:ask:")


def test_what_goes_on_after_the_words_of_a_wish_is_no_wish(asked):
    asked.speak("Skip", then_silent=False)
    assert "wish" in asked.timers
    asked.now_ms += 300
    asked.speak("lists keep several levels of links, so that a search is fast")
    assert asked.facts("answer_completed")[-1]["text"].startswith("Skip lists keep")


def test_whoever_asked_for_time_and_then_said_enough_is_not_waited_for_any_longer(asked):
    asked.press("1")
    asked.hear_out()
    asked.speak(GOOD)
    assert asked.facts("answer_completed")[-1]["text"] == GOOD
