"""Silences in which the candidate hears that we are there, and loses nothing by it: last words that take their time,
and answers that seem over."""

import pytest

from engine.dialogue import phrases
from engine.dialogue.moment import Phase
from engine.dialogue.playback import BRIDGE, NOD
from engine.dialogue.signals import (
    AllReceived,
    FinalReceived,
    MarkReturned,
    SilenceHeld,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    TimerExpired,
    TurnSeemsOver,
    UserCommand,
    VoiceFailed,
)
from engine.dialogue.turns import Floor
from engine.transcript import Word

HALF = "it is a number and it is used to count things"
REST = "in a program of any size"


@pytest.fixture
def waiting(call):
    """An answer is over, and its last words are not there yet."""
    call.to_first_question()
    call.speak(HALF, then_silent=False)
    call.now_ms += 1500
    call.feed(SilenceHeld(call.now_ms, call.state.speech_ended_ms))
    assert call.state.phase is Phase.FLUSHING
    return call


def pass_time(call, timer="bridge"):
    call.now_ms = call.timers.pop(timer)
    call.feed(TimerExpired(call.now_ms, timer))


def bridges(call):
    return [said.pieces[0] for said in call.said if said.label == BRIDGE]


def test_the_candidate_hears_within_a_second_that_we_listened_and_then_that_it_takes_a_moment(waiting):
    since_ms = waiting.now_ms
    pass_time(waiting)
    assert bridges(waiting) == ["Okay."] and waiting.now_ms - since_ms <= 1000
    waiting.hear_out()
    pass_time(waiting)
    assert bridges(waiting) == ["Okay.", "One moment, please."]
    waiting.hear_out()
    assert waiting.state.phase is Phase.FLUSHING and "bridge" not in waiting.timers
    waiting.answer_flushes()
    assert waiting.said[-1].label.startswith("ask:")
    assert waiting.facts("answer_completed")[0]["text"] == HALF


def test_words_that_come_in_time_need_no_bridge(call):
    call.to_first_question()
    call.speak(HALF + " " + REST)
    pass_time(call)
    assert bridges(call) == []


def test_the_reply_follows_the_word_that_is_on_the_line(waiting):
    pass_time(waiting)
    waiting.queue_speech()
    end_of_word_ms = waiting.state.playback.tail_ms
    waiting.answer_flushes()
    waiting.queue_speech()
    assert waiting.state.playback.began_ms == end_of_word_ms
    assert waiting.stops == 0


def test_a_candidate_who_goes_on_meanwhile_keeps_the_turn_and_every_word(waiting):
    pass_time(waiting)
    marks = waiting.queue_speech()
    began_ms = waiting.now_ms + 100
    waiting.feed(SpeechBegan(began_ms, began_ms))
    waiting.feed(SpeechConfirmed(began_ms + 300, began_ms))
    assert waiting.stops == 0
    for at_ms, name in marks:
        waiting.now_ms = at_ms
        waiting.feed(MarkReturned(at_ms, name))
    assert waiting.state.floor is Floor.CANDIDATE
    waiting.now_ms = began_ms + 2000
    waiting.feed(SpeechEnded(waiting.now_ms, waiting.now_ms))
    words = tuple(Word(word, began_ms, waiting.now_ms, 0.9) for word in REST.split())
    waiting.feed(FinalReceived(waiting.now_ms, REST, words))
    waiting.fall_silent()
    assert waiting.facts("answer_completed")[-1]["text"] == f"{HALF} {REST}"


def test_the_stale_answer_to_the_first_request_changes_nothing_then(waiting):
    request = waiting.state.request
    pass_time(waiting)
    waiting.feed(SpeechBegan(waiting.now_ms, waiting.now_ms))
    waiting.feed(AllReceived(waiting.now_ms, request))
    assert waiting.state.phase is Phase.LISTENING


def test_a_voice_that_fails_at_such_a_word_costs_nothing_but_the_word(waiting):
    pass_time(waiting)
    for _ in range(3):
        waiting.feed(VoiceFailed(waiting.now_ms, waiting.state.utterance))
    assert waiting.state.floor is Floor.OPEN and not waiting.state.holds_floor
    waiting.answer_flushes()
    assert waiting.said[-1].label.startswith("ask:") and waiting.hung_up is None


def test_the_word_stands_in_the_transcript_as_ours(waiting):
    pass_time(waiting)
    waiting.hear_out()
    assert waiting.facts("turn_ended")[-1]["text"] == "Okay."
    assert waiting.facts("turn_ended")[-1]["who"] == "agent"


@pytest.fixture
def silent(call):
    """The candidate has answered, and may be done."""
    call.to_first_question()
    call.speak(HALF, then_silent=False)
    call.now_ms += 600
    return call


def seems_over(call):
    call.feed(TurnSeemsOver(call.now_ms, call.state.speech_ended_ms))


def nods(call):
    return [said.pieces[0] for said in call.said if said.label == NOD]


def hear_nod(call):
    for at_ms, name in call.queue_speech():
        call.now_ms = at_ms
        call.feed(MarkReturned(at_ms, name))


def test_a_silence_that_seems_the_end_gets_a_sound_of_listening_and_the_floor_stays_the_candidates(silent):
    seems_over(silent)
    assert len(nods(silent)) == 1 and nods(silent)[0] in phrases.LISTENING
    hear_nod(silent)
    assert (silent.state.phase, silent.state.floor) == (Phase.LISTENING, Floor.OPEN)
    began_ms = silent.now_ms + 100
    silent.feed(SpeechBegan(began_ms, began_ms))
    silent.feed(SpeechConfirmed(began_ms + 300, began_ms))
    assert silent.stops == 0
    silent.now_ms = began_ms + 2000
    silent.feed(SpeechEnded(silent.now_ms, silent.now_ms))
    words = tuple(Word(word, began_ms, silent.now_ms, 0.9) for word in REST.split())
    silent.feed(FinalReceived(silent.now_ms, REST, words))
    silent.fall_silent()
    assert silent.facts("answer_completed")[-1]["text"] == f"{HALF} {REST}"


def test_the_end_of_the_answer_counts_while_the_sound_is_still_on_the_line(silent):
    seems_over(silent)
    silent.queue_speech()
    silent.now_ms += 300
    silent.feed(SilenceHeld(silent.now_ms, silent.state.speech_ended_ms))
    silent.answer_flushes()
    assert silent.facts("answer_completed")[-1]["text"] == HALF
    assert silent.said[-1].label.startswith("ask:")


def test_the_gap_is_counted_to_the_sound_since_that_is_what_the_caller_hears_first(silent):
    ended_ms = silent.state.speech_ended_ms
    seems_over(silent)
    hear_nod(silent)
    (nodded,) = silent.facts("nodded")
    silent.fall_silent()
    silent.hear_out()
    reply = silent.facts("turn_ended")[-1]
    assert reply["who"] == "agent" and reply["start_ms"] > nodded["start_ms"]
    assert reply["gap_ms"] == nodded["start_ms"] - ended_ms
    assert [turn["text"] for turn in silent.facts("turn_ended")].count(nodded["text"]) == 0


def test_the_sound_comes_now_and_then_only(silent):
    seems_over(silent)
    hear_nod(silent)
    silent.now_ms += 2000
    seems_over(silent)
    assert len(nods(silent)) == 1
    silent.now_ms += silent.plan.limits.nod_every_ms
    seems_over(silent)
    assert len(nods(silent)) == 2


def test_who_is_speaking_or_asked_for_time_or_was_not_asked_hears_none(call, with_plan):
    call.start()
    call.hear_out()
    seems_over(call)
    call.to_first_question()
    seems_over(call)  # nothing was said yet
    call.press("1")
    call.hear_out()
    call.speak("well it is a number and it is", then_silent=False)
    seems_over(call)
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    seems_over(call)
    assert nods(call) == []


def test_a_key_and_a_command_are_not_lost_under_the_sound(silent):
    seems_over(silent)
    silent.queue_speech()
    silent.press("#")
    assert silent.facts("answer_completed")[-1]["text"] == HALF
    silent.hear_out()
    silent.speak(HALF, then_silent=False)
    silent.now_ms += silent.plan.limits.nod_every_ms
    seems_over(silent)
    silent.queue_speech()
    silent.feed(UserCommand(silent.now_ms, "end", ""))
    assert silent.facts("user_acted")[-1]["is_done"]


def test_a_sound_that_cannot_be_made_costs_nothing(silent):
    seems_over(silent)
    pass_time(silent, "playback")
    assert silent.state.floor is Floor.OPEN and not silent.state.holds_floor
    silent.fall_silent()
    assert silent.facts("answer_completed")[-1]["text"] == HALF
