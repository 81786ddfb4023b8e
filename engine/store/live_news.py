"""Who waits for news of which interview: one listener a process, any number of waiting readers."""

import threading
from collections import defaultdict
from typing import Final, Protocol

from engine.store.notifications import EVENTS, Listener

_WITHOUT_LISTENER_S: Final = 1.0
_MOST_KEPT: Final = 1000


class News(Protocol):
    """Wakes those who wait for an interview's events."""

    def wait(self, interview_id: str, seen: int, timeout_s: float) -> int:
        """Return at news of the interview beyond those numbered `seen`, or after the time; returns the last number.

        A return proves nothing: whoever was woken looks into the database.
        """


class LiveNews:
    """News of interviews, from the process's listener."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._changed = threading.Condition()
        self._numbers: dict[str, int] = defaultdict(int)
        self._waiting: dict[str, int] = defaultdict(int)
        listener.on(EVENTS, self._told)

    def wait(self, interview_id: str, seen: int, timeout_s: float) -> int:
        if not self._listener.is_connected:
            timeout_s = min(timeout_s, _WITHOUT_LISTENER_S)
        with self._changed:
            self._waiting[interview_id] += 1
            try:
                self._changed.wait_for(lambda: self._numbers[interview_id] != seen, timeout_s)
                return self._numbers[interview_id]
            finally:
                self._waiting[interview_id] -= 1
                if not self._waiting[interview_id]:
                    del self._waiting[interview_id]

    def _told(self, interview_id: str | None) -> None:
        with self._changed:
            for each in list(self._numbers) if interview_id is None else [interview_id]:
                if each in self._waiting or each in self._numbers:
                    self._numbers[each] += 1
            if len(self._numbers) > _MOST_KEPT:
                for idle in [each for each in self._numbers if each not in self._waiting]:
                    del self._numbers[idle]
            self._changed.notify_all()


class NoNews:
    """Where no listener runs: whoever waits looks again every second."""

    def wait(self, interview_id: str, seen: int, timeout_s: float) -> int:
        threading.Event().wait(min(timeout_s, _WITHOUT_LISTENER_S))
        return seen
