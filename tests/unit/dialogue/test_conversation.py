"""The conversation as the candidate lives through it."""

import pytest

from engine.dialogue.plan import Asked, asked_from_progress
from engine.dialogue.signals import (
    AllReceived,
    FinalReceived,
    Flush,
    MarkReturned,
    Prepare,
    RecogniserFailed,
    SilenceHeld,
    Speak,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    VoiceFailed,
)
from engine.transcript import Word
from engine.vocabulary import AnswerState, Difficulty

GOOD = "it is a number and it is used to count things in a program of any size"


def test_it_says_first_that_it_is_an_ai_and_asks_for_consent(call):
    call.start()
    text = " ".join(call.said[0].pieces)
    assert "Ada" in text
    assert "an AI interviewer" in text
    assert call.said[0].label == "consent"


def test_a_whole_interview_goes_from_greeting_to_goodbye(call):
    call.to_first_question()
    for _ in range(3):
        call.speak(GOOD)
        call.hear_out()
    call.speak("No, thank you.")
    call.hear_out()
    assert call.hung_up == "completed"
    assert [fact["state"] for fact in call.facts("answer_completed")] == ["answered"] * 3
    assert call.facts("interview_ended") == [{"reason": "completed", "is_complete": True}]
    assert [fact["order"] for fact in call.facts("question_asked")] == [1, 2, 3]


def test_good_answers_make_questions_harder_and_poor_ones_easier(with_plan):
    call = with_plan(question_count=10)
    call.to_first_question()
    call.speak(GOOD)
    call.hear_out()
    assert [fact["difficulty"] for fact in call.facts("question_asked")] == ["easy", "medium"]
    call.score = 10.0
    call.speak(GOOD)
    assert call.facts("question_asked")[-1]["difficulty"] == "easy"


def test_consent_given_is_kept_with_the_words_and_the_version_of_the_text(call):
    call.to_first_question()
    [fact] = call.facts("consent_given")
    assert fact["is_granted"] is True
    assert fact["answer"] == "Yes, that is fine."
    assert fact["text_version"].startswith("recording-en")


def test_a_refused_recording_goes_on_unrecorded(call):
    call.start()
    call.hear_out()
    call.speak("No, I would rather not.")
    assert call.facts("consent_given")[0]["is_granted"] is False
    assert call.said[-1].label.startswith("ask:")


def test_an_unclear_consent_is_asked_again_and_then_taken_as_no(call):
    call.start()
    call.hear_out()
    call.speak("Hello, green tomatoes.")
    assert call.said[-1].label == "consent"
    assert call.facts("consent_given") == []
    call.hear_out()
    call.speak("Purple elephants.")
    assert call.facts("consent_given")[0]["is_granted"] is False


def test_consent_can_be_given_by_key(call):
    call.start()
    call.hear_out()
    call.press("1")
    assert call.facts("consent_given") == [{"is_granted": True, "answer": "key 1", "text_version": "recording-en-1"}]


def test_a_pause_is_not_the_end_of_the_answer(call):
    call.to_first_question()
    call.speak("It is a number", then_silent=False)
    call.feed(SilenceHeld(call.now_ms + 1500, call.now_ms))
    call.now_ms += 1600
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.answer_flushes()
    assert call.said[-1].label.startswith("ask:"), "nothing may be said while the candidate goes on"
    assert len(call.said) == 2
    call.feed(SpeechEnded(call.now_ms + 900, call.now_ms + 900))
    call.now_ms += 900
    call.feed(FinalReceived(call.now_ms, GOOD, ()))
    call.fall_silent()
    assert call.facts("answer_completed")[0]["text"] == f"It is a number {GOOD}"


def test_barge_in_stops_the_voice_and_the_transcript_keeps_what_was_heard(call):
    call.to_first_question()
    call.speak(GOOD)
    marks = call.queue_speech()
    for at_ms, name in marks[:2]:
        call.now_ms = at_ms
        call.feed(MarkReturned(at_ms, name))
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    assert call.stops == 0
    call.feed(SpeechConfirmed(call.now_ms, call.now_ms))
    assert call.stops == 1
    interrupted = call.facts("turn_ended")[-1]
    assert interrupted["is_interrupted"] is True
    said = " ".join(call.said[-1].pieces)
    assert said.startswith(interrupted["text"])
    assert len(interrupted["text"]) < len(said)


def test_marks_that_a_clear_sends_back_do_not_count_as_heard(call):
    call.to_first_question()
    call.speak(GOOD)
    marks = call.queue_speech()
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.feed(SpeechConfirmed(call.now_ms + 300, call.now_ms))
    heard = call.facts("turn_ended")[-1]
    for _, name in marks:
        call.feed(MarkReturned(call.now_ms + 320, name))
    assert call.facts("turn_ended")[-1] == heard


def test_words_that_follow_when_we_went_on_too_early_belong_to_the_answer_before(call):
    call.to_first_question()
    call.speak(GOOD)
    call.queue_speech()
    began_ms = call.now_ms
    call.feed(SpeechBegan(began_ms, began_ms))
    call.now_ms += 300
    call.feed(SpeechConfirmed(call.now_ms, began_ms))
    call.now_ms += 1700
    call.feed(SpeechEnded(call.now_ms, call.now_ms))
    words = tuple(
        Word(word, began_ms, call.now_ms, 0.9) for word in ["and", "one", "more", "thing", "it", "never", "ends"]
    )
    call.feed(FinalReceived(call.now_ms, "and one more thing it never ends", words))
    call.fall_silent()
    last = call.facts("answer_completed")[-1]
    assert last["order"] == 1
    assert last["text"] == f"{GOOD} and one more thing it never ends"
    assert call.said[-1].label == call.facts("question_asked")[1]["question_id"].join(["ask:", ""])


def test_speech_that_is_under_way_when_our_words_are_ready_is_not_talked_over(call):
    call.to_first_question()
    call.speak(GOOD)
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.feed(SpeechConfirmed(call.now_ms + 300, call.now_ms))
    call.now_ms += 400
    call.queue_speech()
    assert call.stops == 1


def test_a_thin_answer_gets_one_follow_up_and_both_parts_are_one_answer(call):
    call.score, call.missing = 20.0, ("first",)
    call.to_first_question()
    call.speak("Some number.")
    assert call.said[-1].label.startswith("probe:")
    assert len(call.facts("follow_up_asked")) == 1
    call.hear_out()
    call.speak("A thing.")
    assert call.said[-1].label.startswith("ask:")
    assert call.facts("answer_completed")[-1]["text"] == "Some number. A thing."
    assert call.facts("answer_completed")[-1]["order"] == 1


def test_a_full_answer_gets_no_follow_up(call):
    call.score, call.missing = 75.0, ("first",)
    call.to_first_question()
    call.speak(GOOD)
    assert call.facts("follow_up_asked") == []


def test_star_repeats_the_question(call):
    call.to_first_question()
    question = call.said[-1].pieces[-1]
    call.press("*")
    assert call.said[-1].pieces[-1] == question
    assert call.said[-1].label.startswith("repeat:ask:")


def test_a_half_answer_survives_a_repeated_question(call):
    call.to_first_question()
    call.speak("It is the first half", then_silent=False)
    call.press("*")
    call.hear_out()
    call.speak("and here is the second half of the answer with more words")
    assert call.facts("answer_completed")[-1]["text"].startswith("It is the first half and here")


def test_pound_ends_the_answer_at_once(call):
    call.to_first_question()
    call.speak(GOOD, then_silent=False)
    call.press("#")
    assert call.facts("answer_completed")[-1]["ended_by"] == "key"
    assert call.said[-1].label.startswith("ask:")


def test_two_skips_and_a_skip_does_not_count_as_wrong(with_plan):
    call = with_plan(question_count=5)
    call.to_first_question()
    call.press("2")
    assert call.facts("answer_completed")[-1]["state"] == "skipped"
    first, second = call.state.interview.asked
    assert first.score is None
    assert second.difficulty is Difficulty.EASY


def test_skip_is_understood_when_spoken(call):
    call.to_first_question()
    call.speak("Can we skip this one, please?")
    assert call.facts("answer_completed") == [], "a skip that was misheard would cost an answer"
    call.hear_out()
    call.speak("Yes.")
    assert call.facts("answer_completed")[-1]["state"] == "skipped"


def test_one_buys_ten_seconds(call):
    call.to_first_question()
    call.press("1")
    call.hear_out()
    heard_ms = call.now_ms
    call.speak("So the thing is", then_silent=False)
    call.feed(SilenceHeld(call.now_ms + 1500, call.now_ms))
    assert not call.unanswered_flushes
    call.wait_for("patience")
    assert call.now_ms >= heard_ms + call.plan.limits.patience_ms
    assert call.facts("answer_completed")[-1]["text"] == "So the thing is"


def test_let_me_think_is_not_an_answer(call):
    call.to_first_question()
    call.speak("Um, let me think.")
    assert call.facts("answer_completed") == []
    assert call.said[-1].label == "prompt"


def test_zero_notes_the_wish_for_a_person_and_goes_on(call):
    call.to_first_question()
    call.press("0")
    assert call.facts("human_wanted") == [{"by": "key", "text": ""}]
    assert call.said[-1].label.startswith("repeat:ask:")


def test_nine_ends_the_call_and_forbids_further_ones(call):
    call.to_first_question()
    call.press("9")
    assert call.facts("calls_refused") == [{"by": "key", "text": ""}]
    call.hear_out()
    assert call.hung_up == "candidate_ended"


def test_ending_early_is_confirmed_first(call):
    call.to_first_question()
    call.speak("I would like to end the interview.")
    assert call.facts("interview_ended") == []
    call.hear_out()
    call.speak("No.")
    assert call.said[-1].label.startswith("repeat:ask:")
    call.hear_out()
    call.speak("Stop the interview please.")
    call.hear_out()
    call.speak("Yes.")
    assert call.facts("interview_ended") == [{"reason": "candidate_ended", "is_complete": False}]


@pytest.mark.parametrize(("said", "can_go_on"), [((), True), (("A tuple cannot be changed.",), False)])
def test_the_goodbye_after_an_early_end_says_what_holds_for_the_pin(call, said, can_go_on):
    """With words to be graded the interview is over, and its PIN opens nothing any more."""
    call.to_first_question()
    for answer in said:
        call.speak(answer)
        call.hear_out()
    call.speak("Stop the interview please.")
    call.hear_out()
    call.speak("Yes.")
    assert ("same PIN" in " ".join(call.said[-1].pieces)) == can_go_on


def test_silence_is_met_with_patience_an_offer_and_a_kind_goodbye(call):
    call.to_first_question()
    labels = []
    for _ in range(3):
        call.wait_for("idle")
        labels.append(call.said[-1].label)
        call.hear_out()
    assert labels == ["prompt", "prompt", "goodbye"]
    assert call.hung_up == "silent"
    assert call.facts("interview_ended") == [{"reason": "silent", "is_complete": False}]


def test_the_idle_clock_starts_when_the_question_was_heard_and_not_when_it_was_sent(call):
    call.start()
    call.hear_out()
    call.speak("Yes.")
    call.queue_speech()
    assert "idle" not in call.timers


def test_a_cough_while_we_listen_is_ignored(call):
    call.to_first_question()
    call.speak("", for_ms=250)
    assert len(call.said) == 2
    assert call.facts("answer_completed") == []


def test_speech_that_is_not_understood_is_asked_for_again(call):
    call.to_first_question()
    call.speak("", for_ms=3000)
    assert call.said[-1].label == "apology"
    call.hear_out()
    call.speak(GOOD)
    assert call.facts("answer_completed")[-1]["text"] == GOOD


def test_a_recogniser_that_keeps_failing_ends_the_call_with_an_explanation(call):
    call.to_first_question()
    for _ in range(3):
        call.feed(RecogniserFailed(call.now_ms))
        call.hear_out()
    assert call.hung_up == "speech_failed"
    assert call.facts("interview_ended") == [{"reason": "speech_failed", "is_complete": False}]


def test_words_said_before_the_recogniser_failed_are_kept(call):
    call.to_first_question()
    call.speak("The first half of it", then_silent=False)
    call.feed(RecogniserFailed(call.now_ms))
    call.hear_out()
    call.speak("and the second half of it is longer than the first one")
    assert call.facts("answer_completed")[-1]["text"].startswith("The first half of it and the second")


def test_a_voice_that_fails_once_is_tried_again(call):
    call.start()
    call.feed(VoiceFailed(0, call.said[-1].utterance))
    assert call.said[-1].utterance == 2
    assert call.said[-1].pieces == call.said[0].pieces
    call.feed(VoiceFailed(10, 2))
    assert call.hung_up == "speech_failed"


def test_a_lost_last_mark_does_not_stop_the_call(call):
    call.start()
    call.queue_speech()
    call.wait_for("playback")
    assert "idle" in call.timers
    call.speak("Yes.")
    assert call.facts("consent_given")[0]["is_granted"] is True


def test_a_recogniser_that_is_late_is_not_waited_for(call):
    call.to_first_question()
    call.speak(GOOD, then_silent=False)
    call.now_ms += 1500
    call.feed(SilenceHeld(call.now_ms, call.now_ms - 1500))
    call.unanswered_flushes.clear()
    call.wait_for("flush")
    assert call.facts("answer_completed")[-1]["text"] == GOOD


def test_an_old_flush_does_not_end_a_new_turn(call):
    call.to_first_question()
    call.speak("It is", then_silent=False)
    call.feed(SilenceHeld(call.now_ms + 1500, call.now_ms))
    old = call.unanswered_flushes.pop()
    call.now_ms += 1600
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.feed(AllReceived(call.now_ms, old))
    assert call.facts("answer_completed") == []


def test_a_judgement_that_does_not_come_stops_nothing(call):
    call.judges = False
    call.to_first_question()
    call.speak(GOOD)
    call.wait_for("judge")
    assert call.facts("question_asked")[-1]["order"] == 2


def test_an_endless_answer_is_ended_politely_and_kept(call):
    call.to_first_question()
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.feed(SpeechConfirmed(call.now_ms + 300, call.now_ms))
    call.feed(FinalReceived(call.now_ms + 9000, GOOD, ()))
    call.wait_for("answer_limit")
    assert "good place to stop" in " ".join(call.said[-1].pieces)
    assert call.facts("answer_completed")[-1]["ended_by"] == "limit"
    call.queue_speech()
    assert call.stops == 0, "the polite word is heard although the candidate still speaks"


def test_the_time_limit_keeps_the_open_answer(call):
    call.to_first_question()
    call.speak("The start of an answer", then_silent=False)
    call.wait_for("time_limit")
    assert call.facts("answer_completed")[-1]["state"] == "unfinished"
    assert call.facts("interview_ended")[0]["reason"] == "time_limit"


def test_a_broken_line_keeps_what_was_said(call):
    call.to_first_question()
    call.speak("The start of an answer", then_silent=False)
    call.break_line()
    last = call.facts("answer_completed")[-1]
    assert (last["state"], last["text"], last["ended_by"]) == ("unfinished", "The start of an answer", "line")
    assert call.is_over


def test_nothing_happens_after_the_end(call):
    call.to_first_question()
    call.break_line()
    assert call.feed(SpeechBegan(call.now_ms, call.now_ms)) == []


def test_what_may_be_said_next_is_prepared_while_the_candidate_answers(call):
    call.to_first_question()
    prepared = [text for action in call.actions if isinstance(action, Prepare) for text in action.pieces]
    call.speak(GOOD)
    assert call.said[-1].pieces[-1] in prepared


def test_an_interview_goes_on_where_an_earlier_call_stopped(with_plan):
    asked = (
        Asked("python-0", 1, Difficulty.EASY, AnswerState.ANSWERED, 90.0),
        Asked("python-5", 2, Difficulty.MEDIUM),
    )
    call = with_plan(asked=asked)
    call.start()
    assert "question 2" in " ".join(call.said[0].pieces)
    call.hear_out()
    call.speak("Yes.")
    assert call.said[-1].label == "ask:python-5"
    assert call.facts("question_asked") == [], "the open question is not a new one"


def test_progress_survives_the_way_through_json(call):
    call.to_first_question()
    call.speak(GOOD)
    progress = call.facts("progress_saved")[-1]["progress"]
    assert asked_from_progress(progress) == call.state.interview.asked


def test_the_gap_is_counted_from_the_candidates_last_word_to_our_first_sound(call):
    call.to_first_question()
    call.speak(GOOD)
    end_ms = call.state.speech_ended_ms
    call.now_ms += 40
    began_ms = call.now_ms
    call.hear_out()
    assert call.facts("turn_ended")[-1]["gap_ms"] == began_ms - end_ms


def test_nobody_is_told_a_score(call):
    call.to_first_question()
    call.speak(GOOD)
    spoken = " ".join(text for action in call.actions if isinstance(action, Speak) for text in action.pieces)
    assert not any(word in spoken.lower() for word in ("score", "correct", "wrong", "well done"))


def test_one_flush_at_a_time(call):
    call.to_first_question()
    call.speak(GOOD, then_silent=False)
    for _ in range(3):
        call.feed(SilenceHeld(call.now_ms + 1500, call.now_ms))
    assert sum(isinstance(action, Flush) for action in call.actions[-8:]) == 1


def test_the_keys_are_explained_once_after_the_first_answer(call):
    call.to_first_question()
    call.speak(GOOD)
    call.hear_out()
    call.speak(GOOD)
    spoken = [" ".join(speak.pieces) for speak in call.said]
    assert [("star repeats" in text) for text in spoken] == [False, False, True, False]


def test_the_key_for_done_closes_no_question_while_we_ask_whether_we_may_record(with_plan):
    call = with_plan(asked=(Asked("python-0", 1, Difficulty.EASY),))
    call.start()
    call.hear_out()
    call.press("#")
    assert call.facts("answer_completed") == []
    call.press("1")
    assert call.facts("consent_given")[-1]["is_granted"]
    assert call.said[-1].label == "ask:python-0"
