"""Recognition by Deepgram's nova models: interim results on the way, finals in consecutive stretches.

Their wire: https://developers.deepgram.com/docs/live-streaming-audio
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.key_terms import within_limit
from engine.adapters.listen_dialect import ListenSocket, RecognitionLimits
from engine.adapters.socket_recognition import SocketRecognition
from engine.adapters.wire_messages import (
    WireEvent,
    WireFailed,
    WireHeard,
    WireNote,
    WireTurn,
    number,
    records,
    text,
    word,
)
from engine.audio.endpoint import Hint
from engine.errors import ProtocolError
from engine.ports import UNLIMITED, Account, RecognitionEvent, Usage


@dataclass(frozen=True, slots=True)
class NovaOptions:
    model: str = "nova-3"
    language: str = "en-US"
    endpointing_ms: int = 300
    """Silence after which a stretch is made final: a matter of latency only, since turns are decided elsewhere."""
    utterance_end_ms: int = 1000


class DeepgramSpeechToText:
    """engine.ports.SpeechToText on listen v1."""

    name = "deepgram-nova"

    def __init__(
        self,
        deepgram: Deepgram,
        options: NovaOptions | None = None,
        *,
        limits: RecognitionLimits | None = None,
    ) -> None:
        """deepgram: shared with others and closed by whoever built it."""
        self._dialect = NovaDialect(deepgram, options or NovaOptions())
        self._limits = limits or RecognitionLimits()

    def open(self, on_event: Callable[[RecognitionEvent], None], account: Account = UNLIMITED) -> SocketRecognition:
        """Begins to connect at once; what goes wrong there comes as RecognitionFailed."""

        def sent(audio_ms: int, is_last: bool, has_failed: bool) -> None:
            if audio_ms or is_last:
                model, requests = self._dialect.options.model, int(is_last)
                usage = Usage("deepgram", model, "speech_to_text", requests, audio_ms=audio_ms, is_estimated=has_failed)
                account.spent(usage)

        return SocketRecognition(self._dialect, on_event, self._limits, sent)

    def close(self) -> None:
        """Nothing is held between calls."""


class NovaDialect:
    """engine.adapters.listen_dialect.Dialect"""

    answers_every_finish = True

    def __init__(self, deepgram: Deepgram, options: NovaOptions) -> None:
        self.options = options
        self._deepgram = deepgram

    def connect(self) -> AbstractContextManager[ListenSocket]:
        return self._deepgram.listen(
            {
                "model": self.options.model,
                "language": self.options.language,
                "interim_results": True,
                "smart_format": True,
                "endpointing": self.options.endpointing_ms,
                "utterance_end_ms": self.options.utterance_end_ms,
            }
        )

    def fitting(self, terms: Sequence[str]) -> list[str]:
        return within_limit(terms)

    def read(self, message: dict[str, Any]) -> WireEvent | None:
        match message.get("type"):
            case "Results":
                return _results(message)
            case "UtteranceEnd":
                last_word_s = number(message, "last_word_end")  # -1 when there was none
                return WireTurn(Hint.EAGER_END, last_word_s) if last_word_s >= 0 else None
            case "Error":
                return WireFailed(f"Deepgram reported an error: {message.get('description') or 'without a reason'}")
            case "ConfigureFailure":
                return WireNote("Deepgram did not take the terms")
        return None


def _results(message: dict[str, Any]) -> WireHeard:
    start_s = number(message, "start")
    end_s = start_s + number(message, "duration")
    channel = message.get("channel")
    alternatives = records(channel, "alternatives") if isinstance(channel, dict) else []
    if not alternatives:
        raise ProtocolError("there is no alternative.")
    best = alternatives[0]
    words = []
    for item in records(best, "words"):
        text_key = "punctuated_word" if isinstance(item.get("punctuated_word"), str) else "word"
        words.append(word(item, text_key, (start_s, end_s)))
    is_final = message.get("is_final") is True
    is_answer = is_final and message.get("from_finalize") is True
    return WireHeard(text(best, "transcript").strip(), tuple(words), start_s, end_s, is_final, is_answer)
