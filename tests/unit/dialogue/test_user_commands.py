"""What the user who watches may do to a call, and what the candidate hears of it."""

import pytest

from engine.dialogue import phrases
from engine.dialogue.moment import Phase
from engine.dialogue.signals import SpeechBegan, SpeechConfirmed, UserCommand


def command(call, name: str, text: str = "") -> dict:
    call.feed(UserCommand(call.now_ms, name, text))
    return call.facts("user_acted")[-1]


def test_ending_says_a_kind_word_keeps_the_open_answer_and_hangs_up(call):
    call.to_first_question()
    call.speak("It is a number and", then_silent=False)
    assert command(call, "end")["is_done"]
    assert call.facts("answer_completed")[-1]["text"] == "It is a number and"
    assert call.facts("interview_ended") == [{"reason": "user_ended", "is_complete": False}]
    call.hear_out()
    assert call.said[-1].pieces == phrases.ENDED_BY_USER
    assert call.hung_up == "user_ended"


def test_skipping_goes_on_to_the_next_question_and_is_not_the_candidates_doing(call):
    call.to_first_question()
    assert command(call, "skip")["is_done"]
    answer = call.facts("answer_completed")[-1]
    assert (answer["order"], answer["state"], answer["ended_by"]) == (1, "skipped", "user")
    assert call.said[-1].pieces[0] == phrases.SKIPPED_BY_USER[0]
    assert call.facts("question_asked")[-1]["order"] == 2


def test_skipping_keeps_what_was_said_to_the_question(call):
    call.to_first_question()
    call.speak("It is a number and", then_silent=False)
    command(call, "skip")
    answer = call.facts("answer_completed")[-1]
    assert (answer["text"], answer["state"], answer["ended_by"]) == ("It is a number and", "unfinished", "user")
    assert call.facts("question_asked")[-1]["order"] == 2


def test_skipping_a_follow_up_leaves_the_answer_whole(call):
    call.missing = ("first",)
    call.to_first_question()
    call.speak("A short one.")
    call.hear_out()
    command(call, "skip")
    answer = call.facts("answer_completed")[-1]
    assert (answer["text"], answer["state"]) == ("A short one.", "answered")
    assert call.facts("question_asked")[-1]["order"] == 2


def test_while_the_question_is_being_asked_it_is_cut_off(call):
    call.to_first_question()
    call.speak("It is a number, and that is all that there is to say about the whole matter.")
    assert call.state.phase is Phase.SPEAKING
    call.queue_speech()
    assert command(call, "skip")["is_done"]
    assert call.facts("question_asked")[-1]["order"] == 3


def test_between_two_questions_there_is_nothing_to_skip(call):
    call.judges = False
    call.to_first_question()
    call.speak("It is a number, and that is all that there is to say about the whole matter.")
    assert call.state.phase is Phase.JUDGING
    assert not command(call, "skip")["is_done"]
    assert [fact["order"] for fact in call.facts("question_asked")] == [1]


def test_added_time_moves_the_end_of_the_interview(call):
    call.to_first_question()
    due_ms = call.timers["time_limit"]
    assert command(call, "add_time", "5")["is_done"]
    assert call.timers["time_limit"] == due_ms + 300_000
    call.break_line()
    assert call.state.time_is_up_ms == due_ms + 300_000


@pytest.mark.parametrize("minutes", ["", "0", "61", "-5", "many", "²"])
def test_times_that_make_no_sense_change_nothing(call, minutes):
    call.to_first_question()
    due_ms = call.timers["time_limit"]
    assert not command(call, "add_time", minutes)["is_done"]
    assert call.timers["time_limit"] == due_ms


def test_a_note_is_kept_with_its_second_and_disturbs_nobody(call):
    call.to_first_question()
    said, phase = len(call.said), call.state.phase
    assert command(call, "note", "ask about indexes") == {
        "command": "note",
        "text": "ask about indexes",
        "is_done": True,
    }
    assert (len(call.said), call.state.phase) == (said, phase)


def test_before_consent_nothing_can_be_skipped(call):
    call.start()
    call.hear_out()
    assert not command(call, "skip")["is_done"]


def test_nothing_changes_a_call_that_takes_its_leave(call):
    call.to_first_question()
    call.press("9")
    for name in ("end", "skip", "add_time"):
        assert not command(call, name, "5")["is_done"]


def test_a_break_keeps_what_was_said_and_comes_back_to_the_question(call):
    call.to_first_question()
    call.speak("It is a number and", then_silent=False)
    assert command(call, "pause")["is_done"]
    assert call.said[-1].pieces == phrases.PAUSED_BY_USER
    assert call.facts("paused") == [{"by": "user"}]
    call.hear_out()
    call.speak("I am ready.")
    assert call.said[-1].pieces[0] == phrases.GO_ON[0]
    call.hear_out()
    call.speak("the number is seven.")
    answer = call.facts("answer_completed")[-1]
    assert (answer["order"], answer["text"]) == (1, "It is a number and the number is seven.")


def test_nobody_is_interrupted_for_a_break(call):
    call.to_first_question()
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.feed(SpeechConfirmed(call.now_ms + 300, call.now_ms))
    assert not command(call, "pause")["is_done"]
    assert call.facts("paused") == []
