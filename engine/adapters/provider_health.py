"""Whether an engine may be asked: a circuit breaker for each, and the board on which a process can read them all.

pybreaker counts and keeps the state. When an open breaker may be tried again is decided here, since a provider may ask
for a longer rest than ours, and since one request at a time is enough to find out.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import pybreaker

from engine.errors import RequestNotTaken, UpstreamBusy, UpstreamRefused, UpstreamUnavailable

MOST_FAILURES: Final = 5
"""In a row; then the engine is left alone."""
REST_S: Final = 30.0
"""So long; then one request may try it."""
LONGEST_REST_S: Final = 600.0
"""Whatever a provider asks for."""
_TRIAL_S: Final = 20.0
"""A trial of which nothing was heard for so long is forgotten, and another may begin."""
_NEVER_S: Final = 1e9

BreakerState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class HealthSnapshot:
    """How an engine is doing. Times are seconds since the epoch; None where it has not happened."""

    name: str
    state: BreakerState
    consecutive_failures: int
    last_error: str | None
    last_error_at_s: float | None
    last_success_at_s: float | None


class ProviderHealth:
    """The breaker of one engine of one port. Thread-safe; no method waits for a provider."""

    def __init__(
        self, name: str, *, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time
    ) -> None:
        """clock: seconds that never run backwards. now: seconds since the epoch, for people to read."""
        self.name = name
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=MOST_FAILURES, reset_timeout=_NEVER_S, throw_new_error_on_trip=False, name=name
        )
        self._rests_until_s = 0.0
        self._trial_until_s = 0.0
        self._last_error: str | None = None
        self._last_error_at_s: float | None = None
        self._last_success_at_s: float | None = None

    def admit(self) -> bool:
        """Whether a request may go out now. After a rest, one may: its end must be told by `succeeded` or `failed`."""
        with self._lock:
            if self._clock() < self._rests_until_s:
                return False
            if self._breaker.current_state == pybreaker.STATE_CLOSED:
                return True
            if self._clock() < self._trial_until_s:
                return False
            self._breaker.half_open()
            self._trial_until_s = self._clock() + _TRIAL_S
            return True

    def succeeded(self) -> None:
        """The engine did what it was asked."""
        with self._lock:
            self._last_success_at_s = self._now()
            if self._breaker.current_state != pybreaker.STATE_CLOSED:
                self._rests_until_s = self._trial_until_s = 0.0
                self._breaker.half_open()
            self._breaker.call(_nothing)

    def failed(self, reason: str, cause: UpstreamUnavailable | None = None) -> None:
        """It did not. cause: what it ran into, where that is known; a refusal opens the breaker at once."""
        with self._lock:
            self._last_error, self._last_error_at_s = reason, self._now()
            self._trial_until_s = 0.0
            was_closed = self._breaker.current_state == pybreaker.STATE_CLOSED
            if self._breaker.current_state != pybreaker.STATE_OPEN:
                self._count()
            is_refusal = isinstance(cause, UpstreamRefused) and not isinstance(cause, RequestNotTaken)
            if is_refusal and self._breaker.current_state != pybreaker.STATE_OPEN:
                self._breaker.open()
            self._rest(cause, has_just_opened=was_closed or is_refusal)

    def abandoned(self) -> None:
        """The request was given up for reasons of our own: it says nothing about the engine."""
        with self._lock:
            self._trial_until_s = 0.0

    def snapshot(self) -> HealthSnapshot:
        with self._lock:
            return HealthSnapshot(
                self.name,
                self._state(),
                self._breaker.fail_counter,
                self._last_error,
                self._last_error_at_s,
                self._last_success_at_s,
            )

    def _state(self) -> BreakerState:
        if self._clock() < self._rests_until_s:
            return "open"
        return "closed" if self._breaker.current_state == pybreaker.STATE_CLOSED else "half_open"

    def _count(self) -> None:
        try:
            self._breaker.call(_fail)
        except _Failure:
            return  # counted, which is what it was for

    def _rest(self, cause: UpstreamUnavailable | None, *, has_just_opened: bool) -> None:
        rest_s = 0.0
        if self._breaker.current_state == pybreaker.STATE_OPEN:
            is_resting = self._clock() < self._rests_until_s
            rest_s = REST_S if has_just_opened or not is_resting else 0.0
        if isinstance(cause, UpstreamBusy) and cause.retry_after_s is not None:
            rest_s = max(rest_s, min(cause.retry_after_s, LONGEST_REST_S))
        self._rests_until_s = max(self._rests_until_s, self._clock() + rest_s)


class HealthBoard:
    """The engines of a process. Registering happens while it is put together, reading at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[str, ProviderHealth] = {}

    def register(self, health: ProviderHealth) -> ProviderHealth:
        """Put it on the board, in place of another of its name, and give it back."""
        with self._lock:
            self._all[health.name] = health
        return health

    def failed(self, name: str, error: UpstreamUnavailable) -> None:
        """An engine was found to be of no use outside of a call; one that is not on the board is nobody's concern."""
        with self._lock:
            health = self._all.get(name)
        if health is not None:
            health.failed(str(error), error)

    def snapshots(self) -> tuple[HealthSnapshot, ...]:
        """Of every engine, in the order in which they were registered."""
        with self._lock:
            everyone = tuple(self._all.values())
        return tuple(health.snapshot() for health in everyone)


class _Failure(Exception):
    """Stands for a failure where the breaker counts."""


def _fail() -> None:
    raise _Failure


def _nothing() -> None:
    """Stands for a success where the breaker counts."""
