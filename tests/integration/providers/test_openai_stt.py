"""Recognition by file through the real package: order, deadlines, failures and what is billed."""

import io
import itertools
import queue
import threading
import wave
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from engine.adapters.openai_client import Client, build_client
from engine.adapters.openai_stt import OpenAIHearing, OpenAIRecognition, OpenAISpeechToText
from engine.audio import mulaw
from engine.ports import UNLIMITED, Account, AllHeard, FinalHeard, RecognitionEvent, RecognitionFailed
from tests.fakes.account import CountingAccount
from tests.fakes.openai_faults import NO_QUOTA, SERVER_ERROR, TOO_MANY, Fault, status
from tests.fakes.openai_server import KEY, FakeOpenAI

PATH = "/audio/transcriptions"
FRAME = mulaw.encode(b"\x00\x20\x00\xe0" * 80)


class Call:
    """A line that speaks for a second at a time."""

    def __init__(self, engine: OpenAISpeechToText, payer: Account = UNLIMITED) -> None:
        self.events: queue.SimpleQueue[RecognitionEvent] = queue.SimpleQueue()
        self.stream = engine.open(self.events.put, payer)
        self.now_ms = 0

    def frames(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 20):
            self.stream.send(FRAME, self.now_ms)
            self.now_ms += 20

    def say(self, duration_ms: int = 1000) -> None:
        self.frames(500)
        self.stream.speech_began(self.now_ms)
        self.frames(duration_ms)
        self.stream.speech_paused(self.now_ms)

    def until_settled(self, request: int = 1) -> list[RecognitionEvent]:
        self.stream.finish(request)
        found: list[RecognitionEvent] = []
        while not (found and isinstance(found[-1], AllHeard | RecognitionFailed)):
            found.append(self.events.get(timeout=10))
        return found


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
def client(server: FakeOpenAI) -> Iterator[Client]:
    with build_client(KEY, base_url=server.base_url) as made:
        yield made


@pytest.fixture
def engine(client: Client) -> Iterator[OpenAISpeechToText]:
    recogniser = OpenAISpeechToText(client, OpenAIHearing(deadline_s=1.5))
    yield recogniser
    recogniser.close()


@pytest.fixture
def call(engine: OpenAISpeechToText) -> Iterator[Call]:
    line = Call(engine)
    yield line
    line.stream.close()


def finals(events: list[RecognitionEvent]) -> list[str]:
    return [event.transcript.text for event in events if isinstance(event, FinalHeard)]


def test_a_stretch_comes_back_as_words_on_the_clock_of_the_call(call: Call) -> None:
    call.say()
    event = call.until_settled()[0]

    assert isinstance(event, FinalHeard)
    words = event.transcript.words
    assert [word.text for word in words] == ["an", "index", "is", "a", "sorted", "copy", "of", "a", "column"]
    assert words[0].start_ms == 500 and words[-1].end_ms == 1500
    assert all(before.end_ms <= after.start_ms for before, after in itertools.pairwise(words))


def test_what_is_sent_is_a_wav_of_the_stretch_with_the_terms_of_the_question(server: FakeOpenAI, call: Call) -> None:
    call.stream.set_terms(["B-tree", "index"])
    call.say()
    call.until_settled()

    body = server.requests[0].body
    assert (body["keywords[]"], body["languages[]"]) == (["B-tree", "index"], ["en"])
    with wave.open(io.BytesIO(body["file"])) as recording:
        assert (recording.getframerate(), recording.getnchannels(), recording.getsampwidth()) == (8000, 1, 2)
        assert recording.getnframes() == 8 * (300 + 1000)


def test_older_models_are_told_the_terms_as_a_prompt(server: FakeOpenAI, client: Client) -> None:
    engine = OpenAISpeechToText(client, OpenAIHearing("whisper-1"))
    line = Call(engine)
    line.stream.set_terms(["B-tree", "index"])
    line.say()
    line.until_settled()
    engine.close()

    assert server.requests[0].body["prompt"] == "B-tree, index"
    assert server.requests[0].body["language"] == "en"


def test_the_seconds_billed_are_the_seconds_reported(server: FakeOpenAI, engine: OpenAISpeechToText) -> None:
    payer = CountingAccount()
    call = Call(engine, payer)
    call.say()
    call.say(2400)
    call.until_settled()

    billed = server.counted["transcription gpt-transcribe"]
    assert sum(usage.audio_ms for usage in payer.usages) == round(billed.audio_s * 1000)


def test_finals_keep_the_order_of_speech_when_replies_do_not(server: FakeOpenAI, call: Call) -> None:
    second_answered = threading.Event()

    def transcribe(recording: bytes, _fields: Mapping[str, Any]) -> str:
        if len(recording) > 8 * 2 * 2000:
            second_answered.wait(5)
            return "first"
        second_answered.set()
        return "second"

    server.behaviour.transcribe = transcribe
    call.say(2000)
    call.say(800)

    assert finals(call.until_settled()) == ["first", "second"]


def test_silence_that_was_taken_for_speech_gives_no_words(server: FakeOpenAI, call: Call) -> None:
    server.script(PATH, Fault("empty"))
    call.say()

    assert call.until_settled() == [AllHeard(1)]


@pytest.mark.parametrize(
    "fault", [SERVER_ERROR, Fault("reset"), Fault("truncated", after=9), Fault("wrong_types"), Fault("not_json")]
)
def test_a_failure_is_tried_once_more_and_nothing_is_lost(server: FakeOpenAI, call: Call, fault: Fault) -> None:
    server.script(PATH, fault)
    call.say()
    call.say()

    assert finals(call.until_settled()) == ["an index is a sorted copy of a column"] * 2


def test_a_second_failure_is_told_in_place_of_the_end(server: FakeOpenAI, call: Call) -> None:
    server.script(PATH, SERVER_ERROR, SERVER_ERROR)
    call.say()
    events = call.until_settled()

    assert isinstance(events[-1], RecognitionFailed)
    assert "500" in events[-1].reason
    assert not any(isinstance(event, AllHeard) for event in events)


@pytest.mark.parametrize("fault", [status(401), NO_QUOTA, TOO_MANY])
def test_a_refusal_is_told_at_once(server: FakeOpenAI, call: Call, fault: Fault) -> None:
    server.script(PATH, fault)
    call.say()

    assert isinstance(call.until_settled()[-1], RecognitionFailed)
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["slow", "stall", "trickle"])
def test_a_server_that_keeps_us_waiting_is_given_up_in_time(
    server: FakeOpenAI, engine: OpenAISpeechToText, kind: Any
) -> None:
    now = [0.0]
    events: list[RecognitionEvent] = []
    call = Call(engine)
    call.stream = OpenAIRecognition(engine, events.append, clock=lambda: now[0])
    server.script(PATH, Fault(kind, seconds=3), Fault(kind, seconds=3))
    call.say()
    assert server.asked()
    call.frames(100)
    assert events == []
    now[0] = 1.6
    call.frames(20)

    assert [type(event) for event in events] == [RecognitionFailed]
    call.stream.close()


def test_nothing_comes_after_close(server: FakeOpenAI, engine: OpenAISpeechToText) -> None:
    call = Call(engine)
    call.say()
    call.stream.close()
    call.stream.close()
    assert server.settled()
    call.frames(100)

    assert all(isinstance(event, FinalHeard) for event in [call.events.get() for _ in range(call.events.qsize())])


def test_a_closed_engine_fails_instead_of_raising(client: Client) -> None:
    engine = OpenAISpeechToText(client, OpenAIHearing())
    call = Call(engine)
    engine.close()
    call.say()

    assert isinstance(call.events.get(timeout=1), RecognitionFailed)
