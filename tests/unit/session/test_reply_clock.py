"""Each step of a reply, told from what goes through the core, in milliseconds from the end of the speech."""

from engine.dialogue.playback import NOD
from engine.dialogue.signals import (
    AllReceived,
    Attend,
    CallStarted,
    Flush,
    MarkReturned,
    PieceQueued,
    SilenceHeld,
    Speak,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    StopPlayback,
    TimerExpired,
    TurnSeemsOver,
)
from telephony.reply_clock import GIVING_WAY_FACT, REPLY_FACT, ReplyClock


class Call:
    """Lets wall time pass between signals; audio time runs with it."""

    def __init__(self):
        self.now_s = 10.0
        self.sent_s = None
        self.facts = []
        self.clock = ReplyClock(lambda: self.now_s, lambda: self.sent_s)

    @property
    def at_ms(self):
        return round((self.now_s - 10.0) * 1000)

    def feed(self, signal, *actions):
        self.facts += self.clock.saw(signal, actions)

    def wait(self, seconds):
        self.now_s += seconds

    def replies(self):
        return [data for name, data in self.facts if name == REPLY_FACT]


def turn_over(call):
    """Speech ended at 4000 ms, which is decided at 4800; the words are there at 4900, the reply is heard at 5430."""
    call.now_s = 14.8
    call.feed(SilenceHeld(4800, 4000), Flush(7))
    call.wait(0.1)
    call.feed(AllReceived(call.at_ms, 7), Speak(3, ("Thanks.",), "ask:q1"))
    call.wait(0.01)
    call.feed(PieceQueued(call.at_ms, 3, 0, 600))
    call.sent_s = call.now_s + 0.005
    call.wait(0.52)


def test_every_step_of_a_reply_is_told_when_its_first_mark_is_back():
    call = Call()
    turn_over(call)
    assert call.replies() == []
    call.feed(MarkReturned(call.at_ms, "3.0.0/ask:q1"))
    call.feed(MarkReturned(call.at_ms, "3.0.1/ask:q1"))
    steps = {"decided": 800, "text": 900, "chosen": 900, "queued": 910, "wire": 915, "mark": 1430}
    assert call.replies() == [{"label": "ask:q1", "ended_ms": 4000, "steps_ms": steps}]


def test_a_greeting_is_counted_from_the_beginning_of_the_call():
    call = Call()
    call.feed(CallStarted(0), Speak(1, ("Hello.",), "consent"))
    call.wait(0.08)
    call.feed(PieceQueued(80, 1, 0, 500))
    call.sent_s = call.now_s
    call.wait(0.4)
    call.feed(MarkReturned(480, "1.0.0/consent"))
    (reply,) = call.replies()
    assert (reply["steps_ms"]["wire"], reply["steps_ms"]["mark"]) == (80, 480)
    assert "decided" not in reply["steps_ms"]


def test_a_turn_ended_by_a_key_counts_from_the_speech_that_was_heard_last():
    call = Call()
    call.now_s = 12.0
    call.feed(SpeechEnded(2000, 1800))
    call.wait(0.5)
    call.feed(AllReceived(2500, 1), Flush(1))
    call.feed(AllReceived(2500, 1), Speak(2, ("Fine.",), "ask:q2"))
    call.feed(MarkReturned(2900, "2.0.0/ask:q2"))
    assert call.replies()[0]["steps_ms"]["decided"] == 700


def test_silence_that_wanted_no_reply_and_answers_to_older_requests_leave_no_trace():
    call = Call()
    call.now_s = 12.0
    call.feed(SilenceHeld(2000, 1000), Flush(1))
    call.feed(AllReceived(2000, 1), Attend("open"))
    call.feed(TimerExpired(9000, "idle"), Speak(2, ("Take your time.",), "prompt"))
    call.feed(MarkReturned(9500, "2.0.0/prompt"))
    assert call.replies() == []
    turn_over(call)
    call.feed(AllReceived(call.at_ms, 6))
    call.feed(MarkReturned(call.at_ms, "2.0.0/other"))
    assert call.replies() == []


def test_how_fast_we_fell_silent_is_told_once_the_clear_is_out():
    call = Call()
    call.now_s = 13.0
    call.feed(SpeechConfirmed(3000, 2600), StopPlayback(3))
    call.sent_s = 13.004
    call.wait(1)
    call.feed(SpeechEnded(4000, 3900))
    call.feed(SpeechEnded(4000, 3900))
    assert call.facts == [(GIVING_WAY_FACT, {"onset_to_confirmed_ms": 400, "confirmed_to_clear_ms": 4})]


def test_a_sound_of_listening_in_the_same_silence_is_told_with_the_reply_it_came_before():
    call = Call()
    call.now_s = 14.6
    call.feed(TurnSeemsOver(4600, 4000), Speak(2, ("Mm-hm.",), NOD))
    call.feed(PieceQueued(4600, 2, 0, 400))
    turn_over(call)
    call.feed(MarkReturned(call.at_ms, "3.0.0/ask:q1"))
    assert call.replies()[0]["nod_ms"] == 600
    assert call.replies()[0]["label"] == "ask:q1"


def test_a_sound_of_listening_before_the_candidate_went_on_counts_for_no_reply():
    call = Call()
    call.now_s = 11.0
    call.feed(TurnSeemsOver(1000, 400), Speak(2, ("Mm-hm.",), NOD))
    call.feed(PieceQueued(1000, 2, 0, 400))
    call.feed(SpeechBegan(2000, 1950))
    turn_over(call)
    call.feed(MarkReturned(call.at_ms, "3.0.0/ask:q1"))
    assert "nod_ms" not in call.replies()[0]
