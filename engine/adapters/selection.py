"""Which speech engines are used: chosen from the settings, here and nowhere else."""

import importlib.metadata
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from engine.adapters.clouds import cloud_recogniser, cloud_voice
from engine.adapters.fallback_speech import FallbackSpeechToText, FallbackTextToSpeech
from engine.adapters.local_speech import LocalSpeechToText, LocalTextToSpeech
from engine.adapters.scripted_speech import ScriptedSpeechToText, ScriptedTextToSpeech
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.speech_cache import CachedTextToSpeech, bundled_phrase
from engine.adapters.speech_client import SpeechCommand, SpeechProcess
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio.voice import GatedDetector
from engine.config import Settings
from engine.ports import SpeechToText, TextToSpeech, VoiceDetector

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
    _closing: threading.Event = field(default_factory=threading.Event)

    @property
    def is_ready(self) -> bool:
        return self.process is None or self.process.is_ready

    def wait_until_ready(self) -> None:
        """Return when the models are loaded. Raises UpstreamUnavailable when they cannot be."""
        if self.process is not None:
            self.process.wait_until_ready()

    def warm(self, texts: Iterable[str]) -> threading.Thread:
        """Speak texts ahead, in the background, and keep them for the next start. They must name nobody."""
        voice = self.text_to_speech
        wanted = list(texts)

        def speak() -> None:
            if isinstance(voice, CachedTextToSpeech):
                count = voice.warm(wanted, should_stop=self._closing.is_set)
                logger.info("fixed phrases are ready", extra={"phrases": count})

        thread = threading.Thread(target=speak, name="speech-warm", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Shut everything down. Safe to call twice."""
        self._closing.set()
        self.speech_to_text.close()
        self.text_to_speech.close()
        if self.process is not None:
            self.process.close()


def build_speech(settings: Settings, *, wait: bool = True) -> SpeechEngines:
    """The engines that the settings name, started, with their models loaded.

    wait: false returns while the models are still being loaded; `wait_until_ready` of the result tells the end of it.
    Raises UpstreamUnavailable when an engine cannot be started; the message says what is missing.
    """
    # Behind a cloud engine stands the local one: a call goes on when the cloud does not.
    hears_locally = settings.speech_to_text != "scripted"
    speaks_locally = settings.text_to_speech != "scripted"
    process = None
    if hears_locally or speaks_locally:
        process = SpeechProcess(SpeechCommand(hears_locally, speaks_locally, settings.whisper_model_dir))
        process.launch()
        if wait:
            process.wait_until_ready()
    model = SileroModel()
    return SpeechEngines(
        speech_to_text=_recogniser(process, settings) if process and hears_locally else ScriptedSpeechToText(),
        text_to_speech=_voice(process, settings) if process and speaks_locally else ScriptedTextToSpeech(),
        new_voice_detector=lambda: GatedDetector(WebRtcGate(), SileroJudge(model)),
        process=process,
    )


def _recogniser(process: SpeechProcess, settings: Settings) -> SpeechToText:
    local = LocalSpeechToText(process)
    if settings.speech_to_text == "local":
        return local
    return FallbackSpeechToText(cloud_recogniser(settings.speech_to_text, settings.clouds), local)


def _voice(process: SpeechProcess, settings: Settings) -> TextToSpeech:
    local = _local_voice(process, settings)
    if settings.text_to_speech == "local":
        return local
    cloud, version = cloud_voice(settings.text_to_speech, settings.clouds)
    return CachedTextToSpeech(FallbackTextToSpeech(cloud, local), settings.speech_cache_dir, version=version)


def _local_voice(process: SpeechProcess, settings: Settings) -> TextToSpeech:
    return CachedTextToSpeech(
        LocalTextToSpeech(process),
        settings.speech_cache_dir,
        version=f"heart-{importlib.metadata.version('hibari-tts')}-2",
    )
