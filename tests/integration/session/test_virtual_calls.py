"""The whole session against the simulated line: frames in, audio and marks out."""

import json

import pytest

from engine.adapters.recording_files import samples_in
from engine.adapters.scripted_speech import ScriptedSpeechToText, ScriptedTextToSpeech
from engine.work.replay import logged_actions, replayed_actions
from telephony.line_errors import DeadLeg, LineGone
from telephony.simulator.happenings import Kind

ANSWER = "It is an answer with quite a number of words in it so that nobody asks again."
COMPLETE = ["Yes.", *[ANSWER] * 8]


def test_a_whole_call_is_held_recorded_and_logged(virtual):
    call = virtual(COMPLETE).run()
    assert call.reason == "completed"
    assert call.facts("interview_ended") == [{"reason": "completed", "is_complete": True}]
    assert len({fact["order"] for fact in call.facts("answer_completed")}) == 3
    assert call.facts("call_ended")[0]["reason"] == "completed"
    assert call.socket.close_code == 1000


def test_each_reply_and_the_greeting_tell_where_the_time_went(virtual):
    greeting, *replies = virtual(["Yes.", *[ANSWER] * 6, "No, thank you."]).run().facts("reply_timed")
    assert greeting["label"] == "consent" and set(greeting["steps_ms"]) == {"chosen", "queued", "wire", "mark"}
    assert {reply["label"].partition(":")[0] for reply in replies} == {"ask", "probe", "closing", "goodbye"}
    for reply in replies:
        assert list(reply["steps_ms"]) == ["decided", "text", "chosen", "queued", "wire", "mark"]
        assert list(reply["steps_ms"].values()) == sorted(reply["steps_ms"].values())
    assert replies[0]["steps_ms"]["decided"] <= 540  # a plain yes needs little silence after it
    assert all(1500 <= reply["steps_ms"]["decided"] <= 1700 for reply in replies[1:])


def test_records_are_numbered_without_gaps_on_a_clock_that_never_runs_back(virtual):
    records = virtual(COMPLETE).run().records
    assert [record.sequence for record in records] == list(range(len(records)))
    assert [record.at_ms for record in records] == sorted(record.at_ms for record in records)


def test_replaying_the_log_gives_the_same_actions_byte_for_byte(virtual):
    call = virtual(COMPLETE).run()
    assert call.plan is not None
    logged = logged_actions(call.records)
    assert len(logged) > 50
    assert "\n".join(replayed_actions(call.records, call.plan)).encode() == "\n".join(logged).encode()


def test_a_changed_signal_is_noticed_by_the_replay(virtual):
    call = virtual(COMPLETE).run()
    signal = '"name":"FinalReceived","data":{"at_ms":'
    before, after = call.log_path.read_text().split(signal, 1)
    text = before + signal + after.replace('"text":"Yes."', '"text":"No."', 1)
    call.log_path.write_text(text)
    assert replayed_actions(call.records, call.plan) != logged_actions(call.records)


def test_two_calls_with_the_same_script_are_alike(virtual, tmp_path):
    first = virtual(COMPLETE).run().log_path.read_bytes()
    (tmp_path / "call.jsonl").unlink()
    (tmp_path / "recording.wav").unlink()
    assert virtual(COMPLETE).run().log_path.read_bytes() == first


def test_the_candidate_is_never_spoken_over(virtual):
    call = virtual(COMPLETE).run()
    line = call.socket.leg.line
    heard, said = line.heard_agent, line.heard_caller
    both = sum(agent != 0xFF and caller != 0xFF for agent, caller in zip(heard, said, strict=True))
    assert both == 0


def test_prefetched_words_reach_the_line_within_two_frames_of_the_decision(virtual):
    call = virtual(COMPLETE).run()
    decided_ms: dict[int, int] = {}
    for record in call.records:
        if record.name == "Speak":
            decided_ms[record.data["utterance"]] = record.at_ms
        if record.name == "PieceQueued" and record.data["piece"] == 0:
            assert record.at_ms - decided_ms[record.data["utterance"]] <= 40


def test_the_turn_ends_a_second_and_a_half_after_the_last_word(virtual):
    call = virtual(COMPLETE).run()
    gaps = [record.at_ms - record.data["ended_ms"] for record in call.records if record.name == "SilenceHeld"]
    assert gaps
    assert all(1500 <= gap <= 1700 for gap in gaps)


def test_the_recording_has_both_sides_at_the_samples_where_the_line_had_them(virtual):
    call = virtual(COMPLETE).run()
    audio = call.recording.read_bytes()
    samples = samples_in(call.recording)
    line = call.socket.leg.line
    frames = audio[len(audio) - 2 * samples :]
    candidate, agent = frames[0::2], frames[1::2]
    began = next(i for i, byte in enumerate(candidate) if byte != 0xFF)
    assert candidate[began:samples] == bytes(line.heard_caller[began:samples])
    played = sum(byte != 0xFF for byte in line.heard_agent[began:samples])
    recorded = sum(byte != 0xFF for byte in agent[began:samples])
    assert recorded == pytest.approx(played, rel=0.01)


def test_nothing_is_recorded_without_consent(virtual):
    call = virtual(["No, I would rather not.", *[ANSWER] * 8]).run()
    assert call.reason == "completed"
    assert not call.recording.exists()
    assert call.facts("recording_saved") == []


def test_what_was_said_before_consent_is_not_on_the_recording(virtual):
    call = virtual(COMPLETE).run()
    audio = call.recording.read_bytes()
    samples = samples_in(call.recording)
    consent_ms = next(record.at_ms for record in call.records if record.name == "consent_given")
    before = audio[len(audio) - 2 * samples :][: 2 * consent_ms * 8]
    assert set(before) == {0xFF}


BARGES_IN = """
caller = "+15550101"
dialled = "+15550100"
[[reply]]
on = "consent"
text = "Yes."
[[reply]]
on = "ask:*"
interrupt_after_ms = 2600
text = "I can answer that before you have finished the question."
[[reply]]
on = "ask:*"
text = "An answer that lasts for a while."
times = 0
[[reply]]
on = "repeat:*"
text = "An answer that lasts for a while."
times = 0
[[reply]]
on = "probe:*"
text = "Some more."
times = 0
[[reply]]
on = "closing"
text = "No."
"""


def test_a_barge_in_clears_the_line_and_keeps_only_the_words_that_were_heard(virtual):
    call = virtual(COMPLETE, scenario=BARGES_IN).run()
    assert any(happening.kind is Kind.CLEARED for happening in call.socket.leg.line.happenings)
    cut = next(fact for fact in call.facts("turn_ended") if fact["is_interrupted"])
    said = next(
        " ".join(record.data["pieces"])
        for record in call.records
        if record.name == "Speak" and " ".join(record.data["pieces"]).startswith(cut["text"])
    )
    heard_words = (cut["end_ms"] - cut["start_ms"]) / 200
    assert abs(len(cut["text"].split()) - heard_words) <= 1.5
    assert len(cut["text"]) < len(said)


def test_speech_is_answered_with_a_clear_soon_after_it_is_confirmed(virtual):
    call = virtual(COMPLETE, scenario=BARGES_IN).run()
    confirmed = next(record.at_ms for record in call.records if record.name == "SpeechConfirmed")
    stops = [record.at_ms for record in call.records if record.name == "StopPlayback"]
    began = [record for record in call.records if record.name == "SpeechConfirmed" and record.at_ms in stops]
    assert began, "the clear goes out in the very frame in which speech is confirmed"
    assert all(record.at_ms - record.data["began_ms"] <= 400 for record in began)
    assert confirmed


def test_nothing_stale_is_heard_after_a_clear(virtual):
    call = virtual(COMPLETE, scenario=BARGES_IN).run()
    line = call.socket.leg.line
    cleared = next(happening.at_ms for happening in line.happenings if happening.kind is Kind.CLEARED)
    silence = bytes(line.heard_agent[(cleared + 40) * 8 : (cleared + 800) * 8])
    assert set(silence) == {0xFF}


HANGS_UP = """
caller = "+15550101"
dialled = "+15550100"
[[reply]]
on = "consent"
text = "Yes."
[[reply]]
on = "ask:*"
text = "An answer in the middle of which the caller hangs up."
hang_up = true
"""


def test_a_caller_who_hangs_up_loses_nothing_that_was_said(virtual):
    call = virtual(["Yes.", "An answer that was cut short"], scenario=HANGS_UP).run()
    assert call.reason == "hung_up"
    last = call.facts("answer_completed")[-1]
    assert last["text"] == "An answer that was cut short"
    assert call.facts("call_ended") == [{"reason": "hung_up", "by": "session"}]
    assert call.facts("interview_ended") == []


class Breaks:
    """A line that is gone after so many messages, without a word."""

    def __init__(self, socket, messages, gone=None):
        self.socket, self.left, self.gone = socket, messages, gone or LineGone("connection reset")

    def receive(self):
        self.left -= 1
        if self.left < 0:
            raise self.gone
        return self.socket.receive()

    def send(self, text):
        if self.left < 0:
            raise LineGone("connection reset")
        self.socket.send(text)

    def close(self, code, reason):
        raise LineGone("connection reset")


def test_a_leg_that_sends_no_frames_any_more_is_named(virtual):
    call = virtual(COMPLETE).run(wrap=lambda socket: Breaks(socket, 400, DeadLeg()))
    assert call.facts("line_trouble") == [{"trouble": "no frames", "by": "session"}]
    assert call.reason == "line_lost"


@pytest.mark.parametrize("messages", [30, 400, 900, 1500, 2500])
def test_a_line_that_breaks_anywhere_ends_in_an_orderly_close(virtual, messages):
    call = virtual(COMPLETE).run(wrap=lambda socket: Breaks(socket, messages))
    assert call.reason == "line_lost"
    assert call.records[-1].name == "call_ended"
    assert replayed_actions(call.records, call.plan) == logged_actions(call.records)


class Silent:
    """A line on which no frame comes any more."""

    def __init__(self, socket):
        self.socket, self.frames = socket, 0

    def receive(self):
        self.frames += 1
        text = self.socket.receive()
        return None if self.frames > 200 else text

    def send(self, text):
        self.socket.send(text)

    def close(self, code, reason):
        self.socket.close(code, reason)


def test_a_leg_without_frames_is_dead_and_not_silent(virtual):
    call = virtual(COMPLETE).run(wrap=Silent)
    assert call.reason == "line_lost"


class Garbles(Breaks):
    def receive(self):
        self.left -= 1
        return "{not json" if self.left < 0 else self.socket.receive()

    def send(self, text):
        self.socket.send(text)

    def close(self, code, reason):
        self.socket.close(code, reason)


def test_a_line_that_sends_nonsense_is_closed_with_1007(virtual):
    call = virtual(COMPLETE).run(wrap=lambda socket: Garbles(socket, 300))
    assert call.socket.close_code == 1007
    assert call.records[-1].name == "call_ended"


def test_a_recogniser_that_fails_once_is_met_with_an_apology_and_a_second_chance(virtual):
    recogniser = ScriptedSpeechToText()
    call = virtual(COMPLETE, recogniser=recogniser)
    recogniser.failures.append("engine fell over")
    call.run()
    assert call.reason in ("completed", "silent", "hung_up")
    assert any(record.name == "RecogniserFailed" for record in call.records)
    assert any(record.name == "Speak" and record.data["label"] == "apology" for record in call.records)


def test_a_recogniser_that_is_down_ends_the_call_with_an_explanation_and_not_in_silence(virtual):
    recogniser = ScriptedSpeechToText()
    recogniser.is_down = True
    call = virtual(COMPLETE, recogniser=recogniser, scenario=POLITE_FOREVER).run()
    assert call.reason in ("speech_failed", "failed")
    assert call.facts("interview_ended") in ([], [{"reason": "speech_failed", "is_complete": False}])


POLITE_FOREVER = """
caller = "+15550101"
dialled = "+15550100"
[default]
text = "Yes, hello, I am here."
times = 0
"""


def test_a_voice_that_is_gone_is_replaced_by_the_recorded_farewell(virtual):
    voice = ScriptedTextToSpeech(fails=lambda text: True)
    call = virtual(COMPLETE, voice=voice).run()
    assert call.reason == "failed"
    assert len(call.socket.leg.line.heard_agent) >= 8000


def test_keys_reach_the_conversation(virtual, polite):
    keys = polite.replace('text = "An answer that lasts for a while and says enough to be one."', 'digits = "2"')
    call = virtual(["Yes.", "No."], scenario=keys).run()
    assert [fact["state"] for fact in call.facts("answer_completed")] == ["skipped"] * 3


def test_lost_frames_shift_nothing(virtual, polite):
    lossy = polite + "\n[line]\nloss = 0.02\nseed = 3\n"
    call = virtual(COMPLETE, scenario=lossy).run()
    assert call.reason == "completed"
    [measured] = call.facts("line_measured")
    assert measured["line_quality"]["gaps_filled"] > 0
    line_ms = len(call.socket.leg.line.heard_caller) // 8
    assert abs(call.records[-1].at_ms - line_ms) <= 40


def test_the_log_holds_no_secret(virtual):
    text = virtual(COMPLETE).run().log_path.read_text()
    assert "token" not in json.dumps(text).lower()
