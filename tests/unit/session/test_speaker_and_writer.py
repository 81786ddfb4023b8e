"""The workers beside a call, on real threads: results are awaited, never slept for."""

import json
import queue
import threading

import pytest

from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.ports import UNLIMITED
from telephony.line_errors import LineGone
from telephony.speaker import ChunkReady, ThreadedSpeaker, VoiceLost
from telephony.writer import ThreadedLineWriter


@pytest.fixture
def results():
    return queue.Queue()


def test_pieces_come_in_order_and_whole(results):
    speaker = ThreadedSpeaker(ScriptedTextToSpeech(ms_per_word=100), results.put)
    speaker.say(1, ("one two", "three"))
    came = [results.get(timeout=5) for _ in range(4)]
    speaker.close()
    assert [(chunk.piece, len(chunk.mulaw), chunk.is_last) for chunk in came] == [
        (0, 1600, False),
        (0, 0, True),
        (1, 800, False),
        (1, 0, True),
    ]
    assert {chunk.utterance for chunk in came} == {1}


class Trickles(ScriptedTextToSpeech):
    """A voice that gives its audio in crumbs, and no more of them than it is let."""

    def __init__(self):
        super().__init__()
        self.asked = queue.Queue()
        self.go = threading.Semaphore(0)
        self.given_up = threading.Event()

    def synthesise(self, text, *, speed=1.0, account=UNLIMITED):
        self.asked.put(text)
        try:
            for _ in range(100):
                assert self.go.acquire(timeout=5)
                yield b"\x55" * 163
        finally:
            self.given_up.set()


def test_playing_starts_with_the_first_chunk_and_crumbs_are_gathered(results):
    voice = Trickles()
    speaker = ThreadedSpeaker(voice, results.put)
    speaker.say(1, ("a long sentence",))
    voice.go.release(3)
    first = results.get(timeout=5)
    assert (len(first.mulaw), first.is_last) == (488, False), "whole milliseconds, long before the sentence is made"
    voice.go.release(97)
    rest = []
    while not rest or not rest[-1].is_last:
        rest.append(results.get(timeout=5))
    assert len(first.mulaw) + sum(len(chunk.mulaw) for chunk in rest) == 16300
    assert all(1600 <= len(chunk.mulaw) < 1600 + 171 for chunk in rest[:-1])
    assert all(len(chunk.mulaw) % 8 == 0 for chunk in rest[:-1])
    speaker.close()


def test_a_cut_in_the_middle_of_a_sentence_ends_its_synthesis(results):
    voice = Trickles()
    speaker = ThreadedSpeaker(voice, results.put)
    speaker.say(1, ("a long sentence", "never begun"))
    voice.go.release(3)
    results.get(timeout=5)
    speaker.forget(1)
    voice.go.release(1)
    assert voice.given_up.wait(5)
    speaker.close()
    assert results.empty()


def test_further_pieces_of_an_utterance_go_on_counting(results):
    speaker = ThreadedSpeaker(ScriptedTextToSpeech(), results.put)
    speaker.say(4, ("one",))
    speaker.say(4, ("two", "three"), 1)
    assert [results.get(timeout=5).piece for _ in range(6)] == [0, 0, 1, 1, 2, 2]
    speaker.close()


def test_what_must_be_said_breaks_a_rehearsal_off_and_it_is_made_up_for(results):
    voice = Trickles()
    speaker = ThreadedSpeaker(voice, results.put)
    speaker.prepare(("perhaps",))
    assert voice.asked.get(timeout=5) == "perhaps"
    speaker.say(1, ("now",))
    voice.go.release(1)
    assert voice.asked.get(timeout=5) == "now"
    voice.go.release(100)
    while not results.get(timeout=5).is_last:
        pass
    assert voice.asked.get(timeout=5) == "perhaps"
    speaker.close()
    voice.go.release(100)


class Held(ScriptedTextToSpeech):
    """A voice that waits before each text until it is let go."""

    def __init__(self):
        super().__init__()
        self.asked = queue.Queue()
        self.go = threading.Semaphore(0)

    def synthesise(self, text, *, speed=1.0, account=UNLIMITED):
        self.asked.put(text)
        assert self.go.acquire(timeout=5)
        yield from super().synthesise(text, speed=speed, account=account)


def test_what_must_be_said_goes_before_what_may_be_said(results):
    voice = Held()
    speaker = ThreadedSpeaker(voice, results.put)
    speaker.prepare(("perhaps one", "perhaps two", "perhaps three"))
    assert voice.asked.get(timeout=5) == "perhaps one"
    speaker.say(1, ("now",))
    voice.go.release()
    assert voice.asked.get(timeout=5) == "now"
    voice.go.release(4)
    assert results.get(timeout=5).utterance == 1
    speaker.close()


def test_a_cut_utterance_is_not_synthesised_further(results):
    voice = Held()
    speaker = ThreadedSpeaker(voice, results.put)
    speaker.say(1, ("one", "two", "three"))
    assert voice.asked.get(timeout=5) == "one"
    speaker.forget(1)
    speaker.say(2, ("new",))
    voice.go.release(2)
    assert voice.asked.get(timeout=5) == "new"
    assert [results.get(timeout=5) for _ in range(2)][-1].utterance == 2
    speaker.close()


def test_a_voice_that_fails_is_reported_and_the_next_utterance_is_tried(results):
    speaker = ThreadedSpeaker(ScriptedTextToSpeech(fails=lambda text: text == "bad"), results.put)
    speaker.prepare(("bad",))
    speaker.say(1, ("bad", "good"))
    speaker.say(2, ("good",))
    assert results.get(timeout=5) == VoiceLost(1)
    ready = results.get(timeout=5)
    assert isinstance(ready, ChunkReady)
    assert ready.utterance == 2
    speaker.close()


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def test_the_writer_sends_ahead_of_the_line_and_no_further_until_it_moves(results):
    clock = Clock()
    writer = ThreadedLineWriter(results.put, "MZ1", clock)
    writer.add(b"\x55" * 8000, [(1000, "1.0.0/x/end")])
    sent = [json.loads(results.get(timeout=5)) for _ in range(3)]
    assert {message["event"] for message in sent} == {"media"}
    rest = []
    for position in range(800, 8001, 800):
        writer.line_came_to(position)
        writer.wake()
        rest.append(json.loads(results.get(timeout=5)))
        if rest[-1]["event"] == "mark":
            break
    assert rest[-1] == {"event": "mark", "streamSid": "MZ1", "mark": {"name": "1.0.0/x/end"}}
    writer.close()


def test_the_writer_goes_on_by_the_wall_clock_when_the_line_stands_still(results):
    clock = Clock()
    writer = ThreadedLineWriter(results.put, "MZ1", clock)
    writer.add(b"\x55" * 8000, [])
    for _ in range(3):
        results.get(timeout=5)
    clock.now_s = 1.0
    assert json.loads(results.get(timeout=5))["event"] == "media"
    writer.close()


def test_a_clear_overtakes_what_waits(results):
    writer = ThreadedLineWriter(results.put, "MZ1", Clock())
    writer.add(b"\x55" * 16000, [(2000, "old")])
    for _ in range(3):
        results.get(timeout=5)
    writer.clear()
    assert json.loads(results.get(timeout=5)) == {"event": "clear", "streamSid": "MZ1"}
    assert writer.is_idle
    writer.close()


def test_a_line_that_is_gone_stops_the_writer_and_nothing_else(results):
    gone = threading.Event()

    def send(text: str) -> None:
        gone.set()
        raise LineGone("reset")

    writer = ThreadedLineWriter(send, "MZ1", Clock())
    writer.add(b"\x55" * 160, [])
    assert gone.wait(5)
    writer.add(b"\x55" * 160, [])
    writer.clear()
    writer.close()
    assert writer.is_broken
