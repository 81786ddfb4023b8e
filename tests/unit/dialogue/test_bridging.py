"""The recogniser takes its time over the last words: the candidate hears that we are there, and loses nothing."""

import pytest

from engine.dialogue.bridging import LABEL
from engine.dialogue.moment import Phase
from engine.dialogue.signals import (
    AllReceived,
    FinalReceived,
    MarkReturned,
    SilenceHeld,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    TimerExpired,
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
    return [said.pieces[0] for said in call.said if said.label == LABEL]


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
