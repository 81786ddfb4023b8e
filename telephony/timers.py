"""Named timers on audio time: one look at an integer per frame while nothing is due."""

from collections.abc import Iterator

_NEVER = 1 << 62


class Timers:
    """Each name runs at most once; starting it again moves it."""

    __slots__ = ("_due", "_next_ms")

    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        self._next_ms = _NEVER

    def start(self, name: str, due_ms: int) -> None:
        self._due[name] = due_ms
        self._next_ms = min(self._due.values())

    def stop(self, name: str) -> None:
        if self._due.pop(name, None) is not None:
            self._next_ms = min(self._due.values(), default=_NEVER)

    def expired(self, now_ms: int) -> Iterator[str]:
        """The timers that are due, earliest first; a timer stopped in between does not come."""
        while now_ms >= self._next_ms:
            name = min(self._due, key=lambda each: (self._due[each], each))
            self.stop(name)
            yield name
