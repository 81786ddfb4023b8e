"""The voices that the shared contract holds for: add a context manager to CASES, and it holds for one more."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_tts import aura_voice, flux_voice
from engine.adapters.local_speech import LocalTextToSpeech
from engine.adapters.openai_client import build_client
from engine.adapters.openai_tts import OpenAITextToSpeech, OpenAIVoice
from engine.adapters.provider_health import ProviderHealth
from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.adapters.socket_voice import SocketTextToSpeech
from engine.adapters.speech_client import SpeechProcess
from engine.adapters.voice_chain import ChainedTextToSpeech, VoiceChain, VoiceLink
from engine.adapters.watched_voice import WatchedTextToSpeech
from engine.ports import TextToSpeech
from tests.fakes import tone_speech
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.openai_faults import SERVER_ERROR
from tests.fakes.openai_server import KEY as OPENAI_KEY
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.openai_tones import tone_behaviour
from tests.fakes.tone_process import ToneCommand
from tests.fakes.wire_faults import Fault


@dataclass(frozen=True, slots=True)
class VoiceCase:
    engine: TextToSpeech
    understands: Callable[[bytes], str | None]
    """The words in its audio; None for a voice whose audio nobody can understand."""
    break_down: Callable[[], None]
    """What is spoken next fails."""
    is_free: bool = True
    """Whether its speech costs nothing."""


def _understood(audio: bytes) -> str:
    return " ".join(text for text, _, _ in tone_speech.hear(audio))


@contextmanager
def scripted() -> Iterator[VoiceCase]:
    broken: list[bool] = []
    engine = ScriptedTextToSpeech(fails=lambda _text: bool(broken))
    yield VoiceCase(engine, lambda _audio: None, lambda: broken.append(True))


@contextmanager
def local() -> Iterator[VoiceCase]:
    process = SpeechProcess(ToneCommand())  # type: ignore[arg-type]
    process.start()
    yield VoiceCase(LocalTextToSpeech(process), _understood, process.close)
    process.close()


@contextmanager
def _deepgram(path: str, voice: Callable[[Deepgram], SocketTextToSpeech]) -> Iterator[VoiceCase]:
    with DeepgramServer() as server:
        deepgram = Deepgram(KEY, socket_url=server.socket_url)
        engine = voice(deepgram)

        def break_down() -> None:
            server.plan(path, Fault("refuse", status=500))
            engine.close()  # what was open goes on well

        yield VoiceCase(engine, _understood, break_down, is_free=False)
        engine.close()
        deepgram.close()
        assert server.counted.violations == []


def aura() -> AbstractContextManager[VoiceCase]:
    return _deepgram("/v1/speak", aura_voice)


def flux() -> AbstractContextManager[VoiceCase]:
    return _deepgram("/v2/speak", flux_voice)


@contextmanager
def openai() -> Iterator[VoiceCase]:
    with FakeOpenAI(tone_behaviour()) as server, build_client(OPENAI_KEY, base_url=server.base_url) as client:
        engine = OpenAITextToSpeech(client, OpenAIVoice())
        yield VoiceCase(engine, _understood, lambda: server.script("/audio/speech", SERVER_ERROR), is_free=False)
        engine.close()


@contextmanager
def chain() -> Iterator[VoiceCase]:
    with aura() as first, openai() as second:
        row = (
            VoiceLink(WatchedTextToSpeech(first.engine, ProviderHealth("first"))),
            VoiceLink(WatchedTextToSpeech(second.engine, ProviderHealth("second"), is_last=True)),
        )

        def break_down() -> None:
            first.break_down()
            second.break_down()

        yield VoiceCase(ChainedTextToSpeech(VoiceChain(row)), _understood, break_down, is_free=False)


CASES: dict[str, Callable[[], AbstractContextManager[VoiceCase]]] = {
    "scripted": scripted,
    "local": local,
    "deepgram-aura": aura,
    "deepgram-flux": flux,
    "openai": openai,
    "chain": chain,
}
