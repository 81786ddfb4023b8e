"""A voice whose failures are counted, and which is left alone while its breaker is open."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from engine.adapters.provider_health import ProviderHealth
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, TextToSpeech

LATE_S: Final = 1.5
"""A voice that takes longer to begin is of no use in a call, and that counts as a failure."""


class WatchedTextToSpeech:
    """engine.ports.TextToSpeech. It stands below the cache: what is held there says nothing about the engine."""

    def __init__(
        self,
        inner: TextToSpeech,
        health: ProviderHealth,
        *,
        is_last: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """is_last: there is nobody else to ask, so that it is asked whatever its breaker says."""
        self.name = inner.name
        self.health = health
        self._inner = inner
        self._is_last = is_last
        self._clock = clock

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        if not self.health.admit() and not self._is_last:
            raise UpstreamUnavailable(self.health.snapshot().last_error or f"{self.name} rests.")
        began_s = self._clock()
        waited_s: float | None = None
        try:
            for chunk in self._inner.synthesise(text, speed=speed, account=account):
                if waited_s is None:
                    waited_s = self._clock() - began_s
                yield chunk
        except UpstreamUnavailable as error:
            self.health.failed(str(error), error)
            raise
        except GeneratorExit:
            self._given_up(waited_s if waited_s is not None else self._clock() - began_s)
            raise
        if waited_s is None or waited_s > LATE_S:
            self._given_up(LATE_S + (waited_s or 0.0))
        else:
            self.health.succeeded()

    def close(self) -> None:
        self._inner.close()

    def _given_up(self, waited_s: float) -> None:
        if waited_s > LATE_S:
            self.health.failed(f"{self.name} did not begin to speak within {LATE_S:g} s.")
        else:
            self.health.abandoned()
