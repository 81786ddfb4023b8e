"""Speech by Deepgram's voices over their sockets: mu-law at 8 kHz without a container, streamed as it is made.

Aura-2 collects text until it is told to flush. Flux speaks in turns, keeps the tone from one to the next, and counts
what it charges for. Their wires: https://developers.deepgram.com/docs/tts-websocket and /docs/flux-tts/server-messages.
"""

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from engine.adapters.deadline_reading import ReadingLimits
from engine.adapters.deepgram_client import Deepgram
from engine.adapters.socket_voice import LIMITS, SocketTextToSpeech
from engine.adapters.speak_dialect import SpeakSocket, SpeechEnded, SpeechEvent, SpeechRefused, SpeechStopped
from engine.adapters.voice_connection import KeepingLimits

logger = logging.getLogger(__name__)

AURA_VOICE: Final = "aura-2-thalia-en"
FLUX_VOICE: Final = "flux-haley-en"
_SPEED_STEPS: Final = 20
"""Flux takes speeds in twentieths."""
_NOTHING_TO_STOP: Final = {"NO_ACTIVE_SPEECH"}


def aura_voice(
    deepgram: Deepgram,
    model: str = AURA_VOICE,
    *,
    limits: ReadingLimits = LIMITS,
    keeping: KeepingLimits | None = None,
) -> SocketTextToSpeech:
    """engine.ports.TextToSpeech on speak v1. deepgram: shared with others and closed by whoever built it."""
    return SocketTextToSpeech("deepgram-aura", "deepgram", AuraDialect(deepgram, model), limits=limits, keeping=keeping)


def flux_voice(
    deepgram: Deepgram,
    model: str = FLUX_VOICE,
    *,
    limits: ReadingLimits = LIMITS,
    keeping: KeepingLimits | None = None,
) -> SocketTextToSpeech:
    """engine.ports.TextToSpeech on speak v2. Otherwise as `aura_voice`."""
    return SocketTextToSpeech("deepgram-flux", "deepgram", FluxDialect(deepgram, model), limits=limits, keeping=keeping)


@dataclass(frozen=True, slots=True)
class AuraDialect:
    """engine.adapters.speak_dialect.SpeakDialect"""

    deepgram: Deepgram
    model: str
    longest_text: int = 1900
    """Deepgram takes 2000 at once."""
    texts_a_minute: int = 20
    """More flushes are not carried out."""

    def connect(self, speed: float) -> AbstractContextManager[SpeakSocket]:
        return self.deepgram.speak(_options(self.model, speed))

    def read(self, message: dict[str, Any]) -> SpeechEvent | None:
        match message.get("type"):
            case "Flushed":
                return SpeechEnded()
            case "Cleared":
                return SpeechStopped()
        return _complaint(message)


@dataclass(frozen=True, slots=True)
class FluxDialect:
    """engine.adapters.speak_dialect.SpeakDialect"""

    deepgram: Deepgram
    model: str
    longest_text: int = 1900
    texts_a_minute: int = 1000
    """No limit is known."""

    def connect(self, speed: float) -> AbstractContextManager[SpeakSocket]:
        return self.deepgram.speak_in_turns(_options(self.model, speed))

    def read(self, message: dict[str, Any]) -> SpeechEvent | None:
        match message.get("type"):
            case "SpeechMetadata":  # `Flushed` only confirms that the text has come; this says that its audio has
                count = message.get("billable_character_count")
                return SpeechEnded(count if isinstance(count, int) else None)
            case "SpeechInterrupted":
                return SpeechStopped()
            case "Warning" if message.get("code") in _NOTHING_TO_STOP:
                return SpeechStopped()
        return _complaint(message)


def _options(model: str, speed: float) -> dict[str, Any]:
    return {"model": model} | ({} if speed == 1.0 else {"speed": round(speed * _SPEED_STEPS) / _SPEED_STEPS})


def _complaint(message: dict[str, Any]) -> SpeechRefused | None:
    said = f"{message.get('description') or 'without a reason'} ({message.get('code') or 'no code'})"
    match message.get("type"):
        case "Error":
            return SpeechRefused(f"Deepgram's voice reported an error: {said}")
        case "Warning":
            logger.warning("the voice did not do as asked", extra={"reason": said})
    return None
