"""The recognisers that the shared contract holds for: add a context manager to CASES, and it holds for one more."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_flux import FluxSpeechToText
from engine.adapters.deepgram_stt import DeepgramSpeechToText
from engine.adapters.local_speech import LocalSpeechToText
from engine.adapters.openai_client import build_client
from engine.adapters.openai_stt import OpenAIHearing, OpenAISpeechToText
from engine.adapters.provider_health import ProviderHealth
from engine.adapters.recogniser_links import RecogniserLink
from engine.adapters.scripted_speech import ScriptedSpeechToText
from engine.adapters.speech_chain import ChainedSpeechToText
from engine.adapters.speech_client import SpeechProcess
from engine.ports import SpeechToText
from tests.fakes import tone_speech
from tests.fakes.call_line import CallLine
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.openai_faults import SERVER_ERROR
from tests.fakes.openai_server import KEY as OPENAI_KEY
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.openai_tones import tone_behaviour
from tests.fakes.tone_process import ToneCommand
from tests.fakes.wire_faults import Fault


@dataclass(frozen=True, slots=True)
class RecogniserCase:
    engine: SpeechToText
    record: Callable[[str], bytes]
    """Makes the audio of a text; it is going to be played in that order."""
    break_down: Callable[[], None]
    """What is recognised next fails."""
    is_free: bool = True
    """Whether its listening costs nothing."""
    place_tolerance_ms: int = 60
    """How far from its true place a word may be found."""


@contextmanager
def scripted() -> Iterator[RecogniserCase]:
    engine = ScriptedSpeechToText()

    def record(text: str) -> bytes:
        engine.texts.append(text)
        return tone_speech.speak(text)

    yield RecogniserCase(engine, record, lambda: engine.failures.append("as the script says"))


@contextmanager
def local() -> Iterator[RecogniserCase]:
    process = SpeechProcess(ToneCommand())  # type: ignore[arg-type]
    process.start()
    engine = LocalSpeechToText(process)
    yield RecogniserCase(engine, tone_speech.speak, process.close)
    process.close()


@contextmanager
def nova() -> Iterator[RecogniserCase]:
    with DeepgramServer() as server:
        deepgram = Deepgram(KEY, socket_url=server.socket_url)
        engine = DeepgramSpeechToText(deepgram)
        yield RecogniserCase(
            engine, tone_speech.speak, lambda: server.plan("/v1/listen", Fault("abort")), is_free=False
        )
        deepgram.close()
        assert server.counted.violations == []


@contextmanager
def flux() -> Iterator[RecogniserCase]:
    with DeepgramServer() as server:
        deepgram = Deepgram(KEY, socket_url=server.socket_url)
        engine = FluxSpeechToText(deepgram)
        yield RecogniserCase(
            engine, tone_speech.speak, lambda: server.plan("/v2/listen", Fault("abort", at=1)), is_free=False
        )
        deepgram.close()
        assert server.counted.violations == []


@contextmanager
def openai() -> Iterator[RecogniserCase]:
    with FakeOpenAI(tone_behaviour()) as server, build_client(OPENAI_KEY, base_url=server.base_url) as client:
        engine = OpenAISpeechToText(client, OpenAIHearing(), workers=1)
        # The thread and the connection are the engine's, not a call's: they are there before the counting begins.
        warming = CallLine(engine)
        warming.say(tone_speech.speak("index"))
        warming.until_finished(0)
        path = "/audio/transcriptions"
        yield RecogniserCase(
            engine,
            tone_speech.speak,
            lambda: server.script(path, SERVER_ERROR, SERVER_ERROR),
            is_free=False,
            place_tolerance_ms=150,
        )
        engine.close()


@contextmanager
def chain() -> Iterator[RecogniserCase]:
    with DeepgramServer() as server:
        deepgram = Deepgram(KEY, socket_url=server.socket_url)
        process = SpeechProcess(ToneCommand())  # type: ignore[arg-type]
        process.start()
        first = RecogniserLink(DeepgramSpeechToText(deepgram), ProviderHealth("first"), is_paid=True)
        last = RecogniserLink(LocalSpeechToText(process), ProviderHealth("last"), finish_s=None, stall_ms=None)

        def break_down() -> None:
            server.plan("/v1/listen", Fault("abort"))
            process.close()

        yield RecogniserCase(ChainedSpeechToText([first, last]), tone_speech.speak, break_down, is_free=False)
        process.close()
        deepgram.close()


CASES: dict[str, Callable[[], AbstractContextManager[RecogniserCase]]] = {
    "scripted": scripted,
    "local": local,
    "deepgram-nova": nova,
    "deepgram-flux": flux,
    "openai": openai,
    "chain": chain,
}
