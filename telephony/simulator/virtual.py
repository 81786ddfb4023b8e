"""A whole call in one thread on a virtual clock: the server side reads and writes a socket that is only pretended.

Each `receive` with nothing pending lets the simulated line advance by one frame; so a call runs as fast as its session
computes, and always the same way.
"""

from collections import deque
from collections.abc import Callable

from telephony.line_errors import LineGone
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.leg import SimulatedLeg
from telephony.simulator.recorder import TO_APP, TO_TWILIO, Tape


def _nothing(direction: str, text: str, at_ms: int) -> None:
    """The tape of a session that nobody records."""


class VirtualSocket:
    """The server's end of a socket whose other end is a simulated leg."""

    def __init__(
        self, leg: SimulatedLeg, *, tape: Tape = _nothing, on_happening: Callable[[Happening], None] | None = None
    ) -> None:
        self.leg = leg
        self.close_code: int | None = None
        """Set when the server closed."""
        self._tape = tape
        self._on_happening = on_happening
        self._told = 0
        self._pending: deque[str] = deque()
        self._queue(leg.open())

    @property
    def now_s(self) -> float:
        """The virtual clock: seconds of line audio so far."""
        return self.leg.line.at_ms / 1000

    def receive(self) -> str | None:
        """The next message of the line. With none pending 20 ms of the call pass; None when they brought nothing.

        Time passes only here. Raises LineGone after the caller hung up and everything was received, and after `close`.
        """
        if self.close_code is not None:
            raise LineGone("closed by the server")
        if not self._pending:
            if self.leg.has_hung_up:
                raise LineGone("the caller hung up")
            self._queue(self.leg.advance())
        return self._pending.popleft() if self._pending else None

    def send(self, text: str) -> None:
        """A message to the line. Raises LineGone when the line is closed."""
        if self.close_code is not None or self.leg.has_hung_up:
            raise LineGone("the line is closed")
        self._tape(TO_TWILIO, text, self.leg.line.at_ms)
        self._queue(self.leg.take(text))

    def close(self, code: int, reason: str) -> None:
        """Close from the server's side. Raises LineGone the second time."""
        if self.close_code is not None:
            raise LineGone("closed by the server")
        self.close_code = code
        self.leg.line.note(Kind.LINE_CLOSED, str(code))
        self._tell()

    def _queue(self, messages: list[str]) -> None:
        for message in messages:
            self._tape(TO_APP, message, self.leg.line.at_ms)
        self._pending.extend(messages)
        self._tell()

    def _tell(self) -> None:
        happenings = self.leg.line.happenings
        while self._on_happening is not None and self._told < len(happenings):
            self._on_happening(happenings[self._told])
            self._told += 1
