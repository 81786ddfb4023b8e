"""A peer that does not read, or a voice that does not answer, holds up nobody else. Real threads, nothing timed."""

import queue
import threading

import pytest

from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.ports import UNLIMITED
from telephony.mouth import Mouth
from telephony.speaker import MOST_PREPARED, ChunkReady, ThreadedSpeaker
from telephony.writer import ThreadedLineWriter


@pytest.fixture
def gate():
    """Whatever is stalled goes on when it opens."""
    opened = threading.Event()
    yield opened
    opened.set()


class StalledFor(ScriptedTextToSpeech):
    """One voice for all calls, which does not answer one of them."""

    def __init__(self, gate):
        super().__init__()
        self.gate = gate
        self.is_asked = threading.Event()

    def synthesise(self, text, *, speed=1.0, account=UNLIMITED):
        if text == "stall":
            self.is_asked.set()
            self.gate.wait()
        yield from super().synthesise(text)


def test_a_voice_that_stalls_in_one_call_speaks_in_another(gate):
    voice, first, second = StalledFor(gate), queue.Queue(), queue.Queue()
    stalled, other = ThreadedSpeaker(voice, first.put), ThreadedSpeaker(voice, second.put)
    stalled.say(1, ("stall",))
    assert voice.is_asked.wait(5)
    other.say(1, ("hello there",))
    assert isinstance(second.get(timeout=5), ChunkReady)
    assert first.empty()
    stalled.close()
    other.close()


def test_a_peer_that_does_not_read_holds_up_neither_its_own_call_nor_another(gate):
    is_stuck, heard = threading.Event(), queue.Queue()

    def stuck(_text):
        is_stuck.set()
        gate.wait()

    speakers = [ThreadedSpeaker(ScriptedTextToSpeech(), lambda _ready: None) for _ in range(2)]
    writers = [ThreadedLineWriter(send, "MZ", lambda: 0.0) for send in (stuck, heard.put)]
    mouths = [Mouth(speaker, writer) for speaker, writer in zip(speakers, writers, strict=True)]
    mouths[0].put(b"\x55" * 800, [], 0)
    assert is_stuck.wait(5)
    for second in range(200):
        mouths[0].put(b"\x55" * 8000, [], second * 8000)
        mouths[0].line_came_to(second * 8000)
    mouths[1].put(b"\x55" * 800, [], 0)
    assert heard.get(timeout=5)
    assert mouths[0].counters()["audio_dropped_ms"] >= 70_000, "bounded, and counted"
    for mouth in mouths:
        mouth.close()


def test_sentences_that_find_no_room_are_counted(gate):
    voice = StalledFor(gate)
    speaker = ThreadedSpeaker(voice, lambda _ready: None)
    speaker.say(1, ("stall",))
    assert voice.is_asked.wait(5)
    speaker.prepare(tuple(f"sentence {number}" for number in range(MOST_PREPARED + 6)))
    assert speaker.unprepared == 6
    speaker.close()
