"""A second engine behind the first: when the cloud does not answer, the local one does, and the call goes on."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

from engine.errors import UpstreamUnavailable
from engine.ports import (
    UNLIMITED,
    Account,
    RecognitionEvent,
    RecognitionFailed,
    RecognitionStream,
    SpeechToText,
    TextToSpeech,
)

logger = logging.getLogger(__name__)

REST_S = 30.0
"""So long the first engine is left alone after a failure; then it is tried again."""


class _Health:
    """Whether the first engine may be asked."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rests_until_s = 0.0

    @property
    def is_good(self) -> bool:
        return self._clock() >= self._rests_until_s

    def failed(self, engine: str, reason: str) -> None:
        with self._lock:
            self._rests_until_s = self._clock() + REST_S
        details = {"engine": engine, "reason": reason}
        logger.warning("a speech engine failed and is left alone for a while", extra=details)


class FallbackTextToSpeech:
    """engine.ports.TextToSpeech: asks the first voice, and the second where the first has not begun to speak.

    A text that the first voice broke off in its middle is a failure: two voices in one sentence would be worse.
    """

    def __init__(
        self, first: TextToSpeech, second: TextToSpeech, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = f"{first.name}+{second.name}"
        self._first = first
        self._second = second
        self._health = _Health(clock)

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        if self._health.is_good:
            has_begun = False
            try:
                for chunk in self._first.synthesise(text, speed=speed, account=account):
                    has_begun = True
                    yield chunk
                return
            except UpstreamUnavailable as error:
                self._health.failed(self._first.name, str(error))
                if has_begun:
                    raise
        yield from self._second.synthesise(text, speed=speed, account=account)

    def close(self) -> None:
        self._first.close()
        self._second.close()


class FallbackSpeechToText:
    """engine.ports.SpeechToText: a call's stream comes from the first recogniser, or from the second after a failure.

    The session opens a new stream when one has failed; so the rest of a call whose first recogniser failed is heard
    by the second, and later calls try the first again.
    """

    def __init__(
        self, first: SpeechToText, second: SpeechToText, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = f"{first.name}+{second.name}"
        self._first = first
        self._second = second
        self._health = _Health(clock)

    def open(self, on_event: Callable[[RecognitionEvent], None], account: Account = UNLIMITED) -> RecognitionStream:
        if self._health.is_good:
            try:
                return self._first.open(self._watched(on_event), account)
            except UpstreamUnavailable as error:
                self._health.failed(self._first.name, str(error))
        return self._second.open(on_event, account)

    def _watched(self, on_event: Callable[[RecognitionEvent], None]) -> Callable[[RecognitionEvent], None]:
        def deliver(event: RecognitionEvent) -> None:
            if isinstance(event, RecognitionFailed):
                self._health.failed(self._first.name, event.reason)
            on_event(event)

        return deliver

    def close(self) -> None:
        self._first.close()
        self._second.close()
