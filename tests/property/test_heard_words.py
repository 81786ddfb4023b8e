"""Held, resumed and cut at any moment: the words that count as heard are those that were heard, within one."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clock import FRAME_SAMPLES, ms_to_samples, samples_to_ms
from engine.dialogue import playback as played
from engine.dialogue.playback import Playback
from telephony.mouth import Mouth
from telephony.simulator.line import SimulatedLine, StreamIdentity
from telephony.speaker import ChunkReady, Speaker
from telephony.writer import LineWriter

WORD_MS = 240
SENTENCE = ("alpha", "gamma", "delta", "sigma", "omega", "kappa", "theta", "gamma")
"""Words of one length, so that letters are time."""
SENTENCES = 3


class Silent(Speaker):
    """The audio is handed over by the test."""

    def __init__(self) -> None:
        self.unprepared = 0

    def forget(self, utterance: int) -> None:
        """Nothing is being made."""


class Line:
    """A simulated line, a mouth that speaks on it, and what the core makes of it."""

    def __init__(self) -> None:
        self.line = SimulatedLine(StreamIdentity("MZ", "CA", "AC"))
        self.mouth = Mouth(Silent(), LineWriter(self._send, "MZ", lambda: 0.0))
        self.playback: Playback = played.open_utterance(
            Playback(), 1, tuple(" ".join(SENTENCE) for _ in range(SENTENCES)), "ask"
        )
        self.samples = 0
        self.returned: list[str] = []
        for piece in range(SENTENCES):
            audio = b"\x55" * ms_to_samples(WORD_MS * len(SENTENCE))
            duration_ms = self.mouth.queue(ChunkReady(1, piece, audio, is_last=True), self.playback, 0)
            assert duration_ms is not None
            self.playback = played.queue_piece(self.playback, 1, piece, duration_ms, 0)

    def _send(self, text: str) -> None:
        self.returned += self.line.take(text)

    def frame(self) -> None:
        self.returned += self.line.tick(b"\xff" * FRAME_SAMPLES)
        self.samples += FRAME_SAMPLES
        self.mouth.line_came_to(self.samples)
        for message in self.returned:
            data = json.loads(message)
            if data["event"] == "mark":
                self.playback = played.mark_returned(self.playback, data["mark"]["name"], self.now_ms)
        self.returned.clear()

    @property
    def now_ms(self) -> int:
        return samples_to_ms(self.samples)

    @property
    def heard_ms(self) -> int:
        return samples_to_ms(len(self.line.heard_agent) - bytes(self.line.heard_agent).count(0xFF))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(5, 90), st.integers(1, 60)), max_size=3),
    st.integers(1, 120),
    st.booleans(),
)
def test_what_counts_as_heard_was_heard_within_one_word(holds, last_frames, cut_while_held):
    call = Line()
    for speaking, held in holds:
        for _ in range(speaking):
            call.frame()
        call.mouth.hold()
        call.playback = played.hold(call.playback, call.now_ms)
        for _ in range(held):
            call.frame()
        call.playback = played.resume(call.playback, call.now_ms)
        call.mouth.resume()
    if cut_while_held:
        call.mouth.hold()
        call.playback = played.hold(call.playback, call.now_ms)
    for _ in range(last_frames):
        call.frame()
    if call.playback.is_closed:
        return
    call.playback = played.cut(call.playback, call.now_ms)
    counted = len(played.heard_text(call.playback).split())
    assert abs(counted - call.heard_ms // WORD_MS) <= 1
