"""A cough over the agent, on the line itself: nothing is lost, nothing is said twice, and the recording is true."""

import pytest

from engine.adapters.recording_files import samples_in
from engine.work.replay import logged_actions, replayed_actions
from telephony.simulator.happenings import Kind

ANSWER = "It is an answer with quite a number of words in it so that nobody asks again."
COUGHS = """
[[reply]]
on = "consent"
text = "Yes."
[[reply]]
on = "ask:*"
interrupt_after_ms = 1900
passing = true
text = "cough"
[[reply]]
on = "ask:*"
text = "An answer that lasts for a while and says enough to be one."
times = 0
[[reply]]
on = "probe:*"
text = "Some more of it."
[[reply]]
on = "closing"
text = "No, thank you."
"""


@pytest.fixture
def coughed(virtual):
    return virtual(["Yes.", "", ANSWER, ANSWER, "No."], scenario=COUGHS, question_count=1).run()


def loud(audio: bytes) -> int:
    return len(audio) - audio.count(0xFF)


def test_a_cough_holds_the_voice_and_lets_it_go_on(coughed):
    names = [record.name for record in coughed.records]
    assert "HoldPlayback" in names and "ResumePlayback" in names
    assert "StopPlayback" not in names
    assert not any(each.kind is Kind.CLEARED for each in coughed.socket.leg.line.happenings)
    assert coughed.reason == "completed"


def test_every_word_is_heard_once_although_it_was_held(coughed):
    spoken_ms = sum(record.data["duration_ms"] for record in coughed.records if record.name == "PieceQueued")
    line = coughed.socket.leg.line
    assert loud(bytes(line.heard_agent)) == pytest.approx(spoken_ms * 8, rel=0.005)
    [asked] = [turn for turn in coughed.facts("turn_ended") if "first question" in turn["text"]]
    assert not asked["is_interrupted"]


def test_the_recording_has_the_pause_where_the_caller_heard_it(coughed):
    samples = samples_in(coughed.recording)
    audio = coughed.recording.read_bytes()
    agent = audio[len(audio) - 2 * samples :][1::2]
    heard = bytes(coughed.socket.leg.line.heard_agent[:samples])
    held = next(record.at_ms for record in coughed.records if record.name == "HoldPlayback")
    resumed = next(record.at_ms for record in coughed.records if record.name == "ResumePlayback")
    for begin_ms, end_ms in ((held + 340, resumed - 20), (resumed + 40, resumed + 1500)):
        span = slice(begin_ms * 8, end_ms * 8)
        assert loud(agent[span]) == pytest.approx(loud(heard[span]), abs=500)


def test_the_call_replays(coughed):
    assert replayed_actions(coughed.records, coughed.plan) == logged_actions(coughed.records)
