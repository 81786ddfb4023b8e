"""Recognition by Deepgram's Flux models, which tell turns: a turn's text grows until its end makes it final.

Their wire: https://developers.deepgram.com/docs/flux
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.key_terms import within_limit
from engine.adapters.listen_dialect import ListenSocket, RecognitionLimits
from engine.adapters.socket_recognition import SocketRecognition
from engine.adapters.wire_messages import WireEvent, WireFailed, WireHeard, WireNote, number, records, text, word
from engine.audio.endpoint import Hint
from engine.ports import UNLIMITED, Account, RecognitionEvent, Usage

_HINTS: Final = {"EagerEndOfTurn": Hint.EAGER_END, "TurnResumed": Hint.RESUMED, "EndOfTurn": Hint.END}


@dataclass(frozen=True, slots=True)
class FluxOptions:
    model: str = "flux-general-en"
    eot_threshold: float = 0.7
    """How sure the model has to be that a turn is over: 0.5 to 1.0."""
    eot_timeout_ms: int = 5000
    """Silence that ends a turn in any case: 500 to 60000. Turns of the call are decided elsewhere."""


class FluxSpeechToText:
    """engine.ports.SpeechToText on listen v2."""

    name = "deepgram-flux"

    def __init__(
        self,
        deepgram: Deepgram,
        options: FluxOptions | None = None,
        *,
        limits: RecognitionLimits | None = None,
    ) -> None:
        """deepgram: shared with others and closed by whoever built it."""
        self._dialect = FluxDialect(deepgram, options or FluxOptions())
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


class FluxDialect:
    """engine.adapters.listen_dialect.Dialect"""

    answers_every_finish = False
    """A turn that the model has ended by itself is not ended again."""

    def __init__(self, deepgram: Deepgram, options: FluxOptions) -> None:
        self.options = options
        self._deepgram = deepgram

    def connect(self) -> AbstractContextManager[ListenSocket]:
        return self._deepgram.listen_for_turns(
            {
                "model": self.options.model,
                "eot_threshold": self.options.eot_threshold,
                "eot_timeout_ms": self.options.eot_timeout_ms,
            }
        )

    def fitting(self, terms: Sequence[str]) -> list[str]:
        return within_limit(terms)

    def read(self, message: dict[str, Any]) -> WireEvent | None:
        match message.get("type"):
            case "TurnInfo":
                return _turn(message)
            case "Error":
                return WireFailed(f"Deepgram reported an error: {message.get('description') or 'without a reason'}")
            case "ConfigureFailure":
                return WireNote("Deepgram did not take the terms")
            case "Warning":
                return WireNote(f"Deepgram warns: {message.get('code')}")
        return None


def _turn(message: dict[str, Any]) -> WireHeard:
    between_s = number(message, "audio_window_start"), number(message, "audio_window_end")
    words = tuple(word(item, "word", between_s) for item in records(message, "words"))
    is_final = text(message, "event") == "EndOfTurn"
    is_answer = is_final and message.get("trigger") == "manual"
    turn = int(number(message, "turn_index"))
    # A turn that ended because we asked says nothing about the candidate.
    hint = None if is_answer else _HINTS.get(text(message, "event"))
    return WireHeard(text(message, "transcript").strip(), words, *between_s, is_final, is_answer, turn, hint)
