"""Half an hour of call, on the virtual clock: the recording is as long as the line was, to the sample."""

from benchmarks.rehearsal import Rehearsal, hold
from engine.adapters.recording_files import CHANNELS, HEADER_BYTES, samples_in
from engine.clock import SAMPLE_RATE_HZ
from telephony.simulator.scenario import scenario_of

LONG_ANSWER = " ".join(["word"] * 1440)
"""Of 288 seconds."""
CALLER = {
    "longest_call_s": 3600,
    "line": {"loss": 0.02, "jitter_ms": 120, "stall_every_ms": 60_000, "stall_ms": 900},
    "reply": [
        {"on": "consent", "text": "Yes, that is fine."},
        {"on": "ask:*", "text": LONG_ANSWER, "times": 0},
        {"on": "closing", "text": "No, thank you."},
    ],
}


def test_thirty_minutes_are_recorded_to_the_sample(tmp_path):
    rehearsal = Rehearsal("half an hour", scenario_of(CALLER, tmp_path), {"questions": 6}, {})
    outcome = hold(rehearsal, tmp_path)
    assert outcome.reason == "completed"
    line = outcome.socket.leg.line
    samples = samples_in(outcome.recording)
    assert samples >= 29 * 60 * SAMPLE_RATE_HZ
    assert outcome.recording.stat().st_size == HEADER_BYTES + samples * CHANNELS
    [measured] = outcome.facts("recording_saved")
    assert samples == measured["duration_ms"] * SAMPLE_RATE_HZ // 1000
    late_frames = len(line.heard_caller) - samples
    assert 0 <= late_frames <= 160 * 50, "what was under way on the line when we hung up, and nothing else"

    audio = outcome.recording.read_bytes()[HEADER_BYTES:]
    agent, heard = audio[1::2], bytes(line.heard_agent[:samples])
    last = max(position for position in range(0, samples, 8000) if heard[position : position + 8000].strip(b"\xff"))
    assert agent[last : last + 8000].count(0xFF) < 8000, "the last words lie where they were heard, after half an hour"
