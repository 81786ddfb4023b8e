"""Recorded speech through each provider's adapter gives the word errors of the engine itself: nothing lost or doubled.

The providers are loopback servers whose ear is the local engine, so engine and adapter hear with the same one.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_flux import FluxSpeechToText
from engine.adapters.deepgram_stt import DeepgramSpeechToText
from engine.adapters.listen_dialect import RecognitionLimits
from engine.adapters.openai_client import build_client
from engine.adapters.openai_stt import OpenAIHearing, OpenAISpeechToText
from engine.evaluation.word_errors import word_errors
from engine.evaluation.word_errors import words as normalised
from engine.ports import AllHeard, SpeechToText
from telephony.simulator import voices
from tests.fakes import deepgram_server, openai_server
from tests.fakes.call_line import CallLine, texts
from tests.fakes.deepgram_server import DeepgramServer
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.real_speech import RealSpeech

pytestmark = pytest.mark.speech

PEOPLE = Path(__file__).parents[2] / "fixtures" / "recordings"
TECHNICAL = Path(voices.__file__).parent / "recordings"
CLIPS = [
    (PEOPLE / "go-forward.wav", "go forward ten meters"),
    (PEOPLE / "cards.wav", "ten of clubs"),
    (
        PEOPLE / "reading.wav",
        "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do"
        " for them",
    ),
    (
        TECHNICAL / "python-generators.wav",
        "A generator uses yield to produce one value at a time. It is lazy, so it needs very little memory, even for a"
        " huge sequence.",
    ),
]
PATIENCE_S = 20.0
NO_HURRY = RecognitionLimits(finish_s=PATIENCE_S, stall_s=60.0, buffer_s=PATIENCE_S)
"""The audio comes all at once here, and only words count."""


@pytest.fixture(scope="module")
def speech() -> Iterator[RealSpeech]:
    with RealSpeech() as engines:
        yield engines


@contextmanager
def deepgram(speech: RealSpeech) -> Iterator[Deepgram]:
    # Interim results are no part of what is measured, and cost the engine's time.
    with DeepgramServer(speech.hear, speech.speak, glance=lambda _audio: []) as server:
        client = Deepgram(deepgram_server.KEY, socket_url=server.socket_url)
        yield client
        client.close()
        assert server.counted.violations == []


@contextmanager
def nova(speech: RealSpeech) -> Iterator[SpeechToText]:
    with deepgram(speech) as client:
        yield DeepgramSpeechToText(client, limits=NO_HURRY)


@contextmanager
def flux(speech: RealSpeech) -> Iterator[SpeechToText]:
    with deepgram(speech) as client:
        yield FluxSpeechToText(client, limits=NO_HURRY)


@contextmanager
def openai(speech: RealSpeech) -> Iterator[SpeechToText]:
    with (
        FakeOpenAI(speech.behaviour()) as server,
        build_client(openai_server.KEY, base_url=server.base_url) as client,
    ):
        yield OpenAISpeechToText(client, OpenAIHearing(deadline_s=PATIENCE_S))


def errors(said: str, heard: str) -> int:
    return word_errors(normalised(said), normalised(heard))


@pytest.fixture(scope="module")
def own_errors(speech: RealSpeech) -> list[int]:
    """Of the engine alone, on whole files."""
    return [errors(said, " ".join(word for word, _, _ in speech.hear(voices.read_wav(path)))) for path, said in CLIPS]


def test_the_engine_understands_the_clips(own_errors: list[int]) -> None:
    assert sum(own_errors) <= 4


@pytest.mark.parametrize("adapter", [nova, flux, openai])
def test_every_adapter_has_the_word_errors_of_the_engine_itself(
    speech: RealSpeech,
    own_errors: list[int],
    adapter: Callable[[RealSpeech], AbstractContextManager[SpeechToText]],
) -> None:
    with adapter(speech) as engine:
        line = CallLine(engine)
        line.pause(400)
        heard = []
        for number, (path, _) in enumerate(CLIPS):
            line.say(voices.read_wav(path), then_ms=600)
            events = line.until_finished(number)
            assert events[-1] == AllHeard(number)
            heard.append(" ".join(texts(events)))
        line.stream.close()
        engine.close()

    assert [errors(said, got) for (_, said), got in zip(CLIPS, heard, strict=True)] == own_errors


def test_what_a_provider_says_is_what_it_hears(speech: RealSpeech) -> None:
    sentence = "The index makes reading faster, but every insert has to update it as well."
    heard = " ".join(word for word, _, _ in speech.hear(speech.speak(sentence)))

    assert errors(sentence, heard) <= 1
