"""One sentence, several voices that could say it: the next is asked when one is late, and the first to speak wins.

Voices are heard through threads of their own, so that nobody waits for one longer than the limits say. Those that
lost are told to stop, and what they still say reaches nobody.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.errors import UpstreamUnavailable

Say = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class VoiceLimits:
    """Seconds."""

    hedge_s: float = 0.6
    """Without a sound for so long, the next voice is asked as well."""
    first_s: float = 2.4
    """Until somebody has begun, all voices together."""
    again_s: float = 1.7
    """The same where a voice broke off and the caller hears nothing meanwhile."""
    next_s: float = 1.0
    """Between two chunks of a voice that has begun."""
    last_s: float = 8.0
    """For the last voice, behind which nobody stands: until it begins, and between its chunks. To wait for it is
    better than to end the call."""


@dataclass(frozen=True, slots=True)
class Entrant:
    index: int
    name: str
    say: Say
    is_last: bool = False
    """The last resort: limits that are there so that another voice can take over do not hold for it."""


class AllVoicesFailed(UpstreamUnavailable):
    """Nobody who was asked spoke."""


class VoiceBrokeOff(UpstreamUnavailable):
    """The voice that had won did not come to the end of the sentence."""


_END: Final = b""


class _Attempt:
    """One voice being listened to."""

    def __init__(self, entrant: Entrant, arrived: "queue.SimpleQueue[tuple[_Attempt, bytes | Exception]]") -> None:
        self.entrant = entrant
        self._arrived = arrived
        self._is_dropped = False
        threading.Thread(target=self._listen, name=f"voice-{entrant.name}", daemon=True).start()

    def drop(self) -> None:
        """Nobody listens any more; the voice is stopped at its next chunk."""
        self._is_dropped = True

    def _listen(self) -> None:
        try:
            for chunk in self.entrant.say():
                if self._is_dropped:
                    return  # leaving the loop ends the generator, which cancels its request
                if chunk:
                    self._arrived.put((self, chunk))
            self._arrived.put((self, _END))
        except Exception as error:  # noqa: BLE001  it is not swallowed: the race deals with it or raises it
            self._arrived.put((self, error))


class VoiceRace:
    """Says one sentence once. After it was iterated, `winner`, `failures` and `late` tell how it went."""

    def __init__(self, limits: VoiceLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.winner: Entrant | None = None
        self.failures: dict[int, str] = {}
        """Why voices cannot say this sentence, by their index."""
        self.late: dict[int, str] = {}
        """Those that were asked and overtaken; they may still be able to."""
        self._limits = limits
        self._clock = clock
        self._arrived: queue.SimpleQueue[tuple[_Attempt, bytes | Exception]] = queue.SimpleQueue()
        self._running: list[_Attempt] = []

    def run(self, entrants: Sequence[Entrant], *, first_s: float) -> Iterator[bytes]:
        """The audio of the first voice that speaks.

        Raises AllVoicesFailed before any audio, VoiceBrokeOff after some; leaving early stops every voice.
        """
        try:
            attempt, chunk = self._first(list(entrants), first_s)
            self.winner = attempt.entrant
            for other in self._running:
                if other is not attempt:
                    self.late[other.entrant.index] = f"{other.entrant.name} was late."
                    other.drop()
            yield chunk
            yield from self._rest(attempt)
        finally:
            for each in self._running:
                each.drop()

    def _first(self, waiting: list[Entrant], first_s: float) -> tuple[_Attempt, bytes]:
        ends_s = self._clock() + first_s
        hedge_at_s = 0.0
        while True:
            now_s = self._clock()
            if waiting and (not self._running or now_s >= min(hedge_at_s, ends_s)):
                entrant = waiting.pop(0)
                self._running.append(_Attempt(entrant, self._arrived))
                hedge_at_s = now_s + self._limits.hedge_s
                if entrant.is_last:
                    ends_s = max(ends_s, now_s + self._limits.last_s)
            if not self._running:
                raise AllVoicesFailed("; ".join(self.failures.values()) or "There is no voice to ask.")
            until_s = min(ends_s, hedge_at_s) if waiting else ends_s
            try:
                attempt, said = self._arrived.get(timeout=max(0.0, until_s - self._clock()))
            except queue.Empty:
                if waiting or self._clock() < ends_s:
                    continue
                for late in self._running:
                    self.failures[late.entrant.index] = f"{late.entrant.name} did not begin in time."
                raise AllVoicesFailed("; ".join(self.failures.values())) from None
            if isinstance(said, bytes) and said:
                return attempt, said
            self._running.remove(attempt)
            self._note(attempt, said)

    def _rest(self, attempt: _Attempt) -> Iterator[bytes]:
        patience_s = self._limits.last_s if attempt.entrant.is_last else self._limits.next_s
        while True:
            try:
                other, said = self._arrived.get(timeout=patience_s)
            except queue.Empty:
                self.failures[attempt.entrant.index] = f"{attempt.entrant.name} broke off."
                raise VoiceBrokeOff(self.failures[attempt.entrant.index]) from None
            if other is not attempt:
                continue
            if isinstance(said, Exception):
                self._note(attempt, said)
                raise VoiceBrokeOff(str(said)) from said
            if not said:
                return
            yield said

    def _note(self, attempt: _Attempt, said: bytes | Exception) -> None:
        """Remember a failure; what is no failure of a provider is raised."""
        if isinstance(said, Exception) and not isinstance(said, UpstreamUnavailable):
            raise said
        self.failures[attempt.entrant.index] = str(said) if said else f"{attempt.entrant.name} said nothing."
