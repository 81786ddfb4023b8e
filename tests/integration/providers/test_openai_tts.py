"""The cloud voice through the real package: every byte of it arrives, or the failure is told."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from engine.adapters.deadline_reading import ReadingLimits
from engine.adapters.openai_client import Client, build_client
from engine.adapters.openai_tts import OpenAITextToSpeech, OpenAIVoice
from engine.audio import mulaw
from engine.audio.resample import resample
from engine.errors import UpstreamBusy, UpstreamRefused, UpstreamUnavailable
from tests.fakes.account import CountingAccount
from tests.fakes.openai_faults import SERVER_ERROR, TOO_MANY, Fault
from tests.fakes.openai_replies import hum
from tests.fakes.openai_server import KEY, FakeOpenAI

TEXT = "Could you explain what an index is for?"
LIMITS = ReadingLimits(first_s=0.5, next_s=0.4, whole_s=1.5)


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
def payer() -> CountingAccount:
    return CountingAccount()


@pytest.fixture
def client(server: FakeOpenAI) -> Iterator[Client]:
    with build_client(KEY, base_url=server.base_url) as made:
        yield made


@pytest.fixture
def voice(client: Client) -> Iterator[OpenAITextToSpeech]:
    engine = OpenAITextToSpeech(client, OpenAIVoice(), limits=LIMITS)
    yield engine
    engine.close()


@pytest.mark.parametrize("chunk_bytes", [1, 1203, 4800, 100_000])
def test_the_voice_is_the_same_however_the_wire_cuts_it(
    server: FakeOpenAI, voice: OpenAITextToSpeech, chunk_bytes: int
) -> None:
    server.behaviour.audio_chunk_bytes = chunk_bytes
    text = TEXT if chunk_bytes > 1 else "Yes"
    spoken = b"".join(voice.synthesise(text))

    assert spoken == mulaw.encode(resample(hum(text), 24_000, 8000))


def test_audio_is_handed_on_before_the_speech_is_whole(server: FakeOpenAI, voice: OpenAITextToSpeech) -> None:
    server.script("/audio/speech", Fault("stall", after=4, seconds=0.2))
    chunks = voice.synthesise(TEXT)
    first = next(chunks)

    assert 0 < len(first) < len(hum(TEXT)) // 6
    assert len(first) + sum(map(len, chunks)) == len(hum(TEXT)) // 6


def test_what_was_spoken_is_counted_as_the_server_counts_it(
    server: FakeOpenAI, voice: OpenAITextToSpeech, payer: CountingAccount
) -> None:
    list(voice.synthesise(TEXT, speed=1.25, account=payer))
    (used,) = payer.usages
    billed = server.counted["speech gpt-4o-mini-tts"]

    assert (used.characters, used.audio_ms) == (billed.characters, round(billed.audio_s * 1000))
    assert not used.is_estimated
    assert server.requests[0].body["speed"] == 1.25


def test_text_that_is_too_long_for_the_engine_is_spoken_in_clauses(
    server: FakeOpenAI, voice: OpenAITextToSpeech
) -> None:
    server.behaviour.speak = lambda _text: hum("short")
    list(voice.synthesise("This is one sentence of many. " * 200))

    spoken = [request.body["input"] for request in server.requests]
    assert len(spoken) == 2
    assert " ".join(spoken).split() == ("This is one sentence of many. " * 200).split()


def test_the_older_models_are_sent_no_instructions(server: FakeOpenAI, client: Client) -> None:
    engine = OpenAITextToSpeech(client, OpenAIVoice(model="tts-1"))
    list(engine.synthesise(TEXT))
    engine.close()

    assert "instructions" not in server.requests[0].body


@pytest.mark.parametrize("kind", ["truncated", "empty", "odd_cut", "stall", "slow", "reset", "trickle"])
def test_speech_that_is_not_whole_is_a_failure_in_time(
    server: FakeOpenAI, voice: OpenAITextToSpeech, kind: Any
) -> None:
    server.script("/audio/speech", Fault(kind, after=3))
    began = time.monotonic()
    with pytest.raises(UpstreamUnavailable):
        list(voice.synthesise(TEXT))

    assert time.monotonic() - began < 3.0
    assert b"".join(voice.synthesise("Yes")) == mulaw.encode(resample(hum("Yes"), 24_000, 8000))


@pytest.mark.parametrize(
    ("fault", "error"),
    [(TOO_MANY, UpstreamBusy), (SERVER_ERROR, UpstreamUnavailable), (Fault("status", status=401), UpstreamRefused)],
)
def test_errors_before_the_first_sound_say_what_they_are(
    server: FakeOpenAI, voice: OpenAITextToSpeech, payer: CountingAccount, fault: Fault, error: type[Exception]
) -> None:
    server.script("/audio/speech", fault)
    with pytest.raises(error):
        next(voice.synthesise(TEXT, account=payer))

    assert payer.usages == []
    assert len(server.requests) == 1


def test_speech_that_is_interrupted_ends_the_request_and_is_counted_as_an_estimate(
    server: FakeOpenAI, voice: OpenAITextToSpeech, payer: CountingAccount
) -> None:
    server.script("/audio/speech", Fault("trickle", after=4))
    chunks = voice.synthesise(TEXT, account=payer)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]

    assert server.settled()
    (used,) = payer.usages
    assert used.is_estimated and used.audio_ms > 0


def test_no_thread_is_left_when_the_engine_is_closed(client: Client) -> None:
    engine = OpenAITextToSpeech(client, OpenAIVoice(), provider="closing")
    list(engine.synthesise(TEXT))
    engine.close()
    for thread in [each for each in threading.enumerate() if each.name.startswith("closing")]:
        thread.join(5)
        assert not thread.is_alive()
