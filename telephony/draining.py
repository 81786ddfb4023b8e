"""A web process that was told to stop: it takes no new call, carries its own to their ends, and then leaves."""

import threading
from collections.abc import Callable

DRAINING = "draining"
"""Where, among the extensions of the served application, its Draining lies."""
_STEP_S = 0.2


class Draining:
    """Whether the process is on its way out; told by the server, asked by whoever would take something new."""

    def __init__(self, live_calls: Callable[[], int]) -> None:
        """live_calls: how many calls the process carries at present."""
        self._live_calls = live_calls
        self._has_begun = threading.Event()

    @property
    def has_begun(self) -> bool:
        return self._has_begun.is_set()

    def begin(self) -> None:
        """From now on the process takes no new call. Safe to call twice."""
        self._has_begun.set()

    def wait_for_calls(self, longest_s: float, clock: Callable[[], float], pause: Callable[[float], None]) -> bool:
        """Return True when the last call has ended, False when calls still go on after `longest_s`.

        clock: seconds, monotonic. pause: lets the calls go on for so many seconds.
        """
        deadline_s = clock() + longest_s
        while self._live_calls():
            if clock() >= deadline_s:
                return False
            pause(_STEP_S)
        return True
