"""Which speech engines are used: chosen from the settings, here and nowhere else."""

import importlib.metadata
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.adapters.key_checks import KeyCheck, check_keys_beside_the_start
from engine.adapters.local_speech import LocalSpeechToText, LocalTextToSpeech
from engine.adapters.provider_health import HealthBoard, ProviderHealth
from engine.adapters.recogniser_links import RecogniserLink
from engine.adapters.scripted_speech import ScriptedSpeechToText, ScriptedTextToSpeech
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.speech_cache import CachedTextToSpeech, bundled_phrase
from engine.adapters.speech_chain import ChainedSpeechToText
from engine.adapters.speech_client import SpeechCommand, SpeechProcess
from engine.adapters.voice_chain import ChainedTextToSpeech, OnSwitch, VoiceChain, VoiceLink, voice_for_call
from engine.adapters.watched_voice import WatchedTextToSpeech
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio.voice import GatedDetector
from engine.config import CloudSettings, Settings
from engine.ports import ChatModel, SpeechToText, TextToSpeech, TurnModel, VoiceDetector

if TYPE_CHECKING:
    from engine.adapters.clouds import CloudAccounts

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SpeechEngines:
    """Everything that hears and speaks, ready to use."""

    speech_to_text: SpeechToText
    text_to_speech: TextToSpeech
    new_voice_detector: Callable[[], VoiceDetector]
    """One for each call."""
    farewell: bytes = field(default_factory=lambda: bundled_phrase("apology"))
    """Recorded words, mu-law, that tell the caller what to do when no voice is left."""
    process: SpeechProcess | None = None
    """The speech process, where an engine runs in it: for health checks."""
    health: HealthBoard = field(default_factory=HealthBoard)
    """How each engine is doing."""
    caches: tuple[CachedTextToSpeech, ...] = ()
    """What has been spoken, one for each voice of the chain, in its order."""
    accounts: "CloudAccounts | None" = None
    turn_model: TurnModel | None = None
    """Where one is named: its opinion counts a little when the end of an answer is decided."""
    first_voice: str = "local"
    """The one that a call asks first, as TEXT_TO_SPEECH names it."""
    _closing: threading.Event = field(default_factory=threading.Event)

    @property
    def is_ready(self) -> bool:
        return self.process is None or self.process.is_ready

    def readiness(self) -> dict[str, str]:
        """For health checks: `speech` is "ok" or "unavailable", each engine of a chain "ok", "open" or "half_open"."""
        chains = {each.name: "ok" if each.state == "closed" else each.state for each in self.health.snapshots()}
        return {**chains, "speech": "ok" if self.is_ready else "unavailable"}

    def wait_until_ready(self) -> None:
        """Return when the models are loaded. Raises UpstreamUnavailable when they cannot be."""
        if self.process is not None:
            self.process.wait_until_ready()

    def voice_for_call(self, on_switch: OnSwitch) -> TextToSpeech:
        """The voice for one call. on_switch: told when another engine goes on speaking, on the thread that asked."""
        if self.accounts is not None:
            self.accounts.connect_ahead(self.first_voice)
        return voice_for_call(self.text_to_speech, on_switch)

    def warm(self, texts: Iterable[str]) -> threading.Thread:
        """Speak texts ahead, in the background, and keep them for the next start. They must name nobody."""
        wanted = list(texts)

        def speak() -> None:
            if self.caches:
                count = self.caches[0].warm(wanted, should_stop=self._closing.is_set)
                logger.info("fixed phrases are ready", extra={"phrases": count})

        thread = threading.Thread(target=speak, name="speech-warm", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Shut everything down. Safe to call twice."""
        self._closing.set()
        self.speech_to_text.close()
        self.text_to_speech.close()
        if self.accounts is not None:
            self.accounts.close()
        if self.process is not None:
            self.process.close()


def build_speech(settings: Settings, *, wait: bool = True) -> SpeechEngines:
    """The engines that the settings name, started, with their models loaded.

    wait: false returns while the models are still being loaded; `wait_until_ready` of the result tells the end of it.
    Raises UpstreamUnavailable when an engine cannot be started; the message says what is missing.
    """
    hears_locally = "local" in settings.speech_to_text
    speaks_locally = "local" in settings.text_to_speech
    process = None
    if hears_locally or speaks_locally:
        process = SpeechProcess(SpeechCommand(hears_locally, speaks_locally, settings.whisper_model_dir))
        process.launch()
    parts = _Parts(settings, _cloud_accounts(settings), process, HealthBoard())
    recogniser, (voice, caches) = parts.recogniser(), parts.voice()  # clients are built while the models load
    if wait and process is not None:
        process.wait_until_ready()
    model = SileroModel()
    return SpeechEngines(
        speech_to_text=recogniser,
        text_to_speech=voice,
        new_voice_detector=lambda: GatedDetector(WebRtcGate(), SileroJudge(model)),
        process=process,
        health=parts.board,
        caches=caches,
        accounts=parts.accounts,
        turn_model=_turn_model(settings.endpoint.turn_model),
        first_voice=settings.text_to_speech[0],
    )


def _turn_model(path: Path | None) -> TurnModel | None:
    if path is None:
        return None
    from engine.adapters.turn_model import OnnxTurnModel  # its runtime takes a moment to load, and few use it

    return OnnxTurnModel(path)


def build_chat(clouds: CloudSettings) -> ChatModel | None:
    """The language model for grading and for wording in calls; None without a key or another server."""
    if not clouds.has_openai:
        return None
    from engine.adapters.clouds import chat_model  # the vendors' packages take more than a second to load

    return chat_model(clouds)


def check_keys_at_start(settings: Settings, board: HealthBoard) -> threading.Thread | None:
    """Ask the clouds that the settings name whether they take the keys, without waiting; tells log and board."""
    if not settings.clouds.has_openai and not settings.names_deepgram:
        return None

    def checks() -> Iterator[KeyCheck]:
        from engine.adapters.cloud_checks import key_checks  # the vendors' packages take more than a second to load

        yield from key_checks(settings)

    return check_keys_beside_the_start(checks, board)


def _cloud_accounts(settings: Settings) -> "CloudAccounts | None":
    if {*settings.speech_to_text, *settings.text_to_speech} <= {"local", "scripted"}:
        return None
    from engine.adapters.clouds import CloudAccounts  # the vendors' packages take more than a second to load

    return CloudAccounts(settings.clouds)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What chains are put together from."""

    settings: Settings
    accounts: "CloudAccounts | None"
    process: SpeechProcess | None
    board: HealthBoard

    def recogniser(self) -> SpeechToText:
        names = self.settings.speech_to_text
        if self.process is None or names == ("scripted",):
            return ScriptedSpeechToText()
        if names == ("local",):
            return LocalSpeechToText(self.process)
        return ChainedSpeechToText([self._recogniser_link(name, self.process) for name in names])

    def _recogniser_link(self, name: str, process: SpeechProcess) -> RecogniserLink:
        health = self.board.register(ProviderHealth(f"speech_to_text/{name}"))
        if name == "local" or self.accounts is None:
            return RecogniserLink(LocalSpeechToText(process), health, finish_s=None, stall_ms=None)
        engine, is_paid = self.accounts.recogniser(name), self.accounts.is_paid(name)
        if name == "openai":
            return RecogniserLink(engine, health, is_paid, stall_ms=None)
        return RecogniserLink(engine, health, is_paid)

    def voice(self) -> tuple[TextToSpeech, tuple[CachedTextToSpeech, ...]]:
        """The chain of voices; what each has spoken is kept apart, so that none is taken for another."""
        names = self.settings.text_to_speech
        if self.process is None or names == ("scripted",):
            return ScriptedTextToSpeech(), ()
        caches = tuple(self._cached_voice(name, self.process, is_last=name == names[-1]) for name in names)
        if len(names) == 1:
            return caches[0], caches
        accounts = self.accounts
        links = (
            VoiceLink(cache, accounts is not None and accounts.is_paid(name))
            for name, cache in zip(names, caches, strict=True)
        )
        return ChainedTextToSpeech(VoiceChain(tuple(links))), caches

    def _cached_voice(self, name: str, process: SpeechProcess, *, is_last: bool) -> CachedTextToSpeech:
        health = self.board.register(ProviderHealth(f"text_to_speech/{name}"))
        engine: TextToSpeech = LocalTextToSpeech(process)
        version = f"heart-{importlib.metadata.version('hibari-tts')}-2"
        if name != "local" and self.accounts is not None:
            engine, version = self.accounts.voice(name)
        watched = WatchedTextToSpeech(engine, health, is_last=is_last)
        return CachedTextToSpeech(watched, self.settings.speech_cache_dir, version=version)
