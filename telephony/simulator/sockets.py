"""A simulated leg on a real websocket, in real time: one frame every 20 ms on an absolute grid."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from engine.clock import FRAME_MS
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.leg import SimulatedLeg
from telephony.simulator.recorder import TO_APP, TO_TWILIO, Tape

_FRAME_S = FRAME_MS / 1000
_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How a stream came to its end."""

    caller_hung_up: bool
    close_code: int | None
    """The server's, where it closed first."""
    error: str = ""
    """Why there was no stream at all, or why it broke."""


class Inbox:
    """Messages of a socket, gathered by a thread of their own; None says that the socket is closed."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._messages: queue.SimpleQueue[str | bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._gather, name="simulated-line", daemon=True).start()

    def get(self, timeout_s: float) -> str | bytes | None:
        """The next message. Raises queue.Empty when none came in time."""
        return self._messages.get(timeout=timeout_s) if timeout_s > 0 else self._messages.get_nowait()

    def _gather(self) -> None:
        try:
            while True:
                self._messages.put(self._socket.recv())
        except ConnectionClosed:
            self._messages.put(None)


def open_socket(url: str, headers: Mapping[str, str]) -> ClientConnection | StreamEnd:
    """The open socket, or the end that the stream came to before it began."""
    try:
        return connect(
            url,
            additional_headers=headers,
            compression=None,
            max_size=None,
            ping_interval=None,
            open_timeout=_OPEN_TIMEOUT_S,
            close_timeout=_CLOSE_TIMEOUT_S,
        )
    except (InvalidHandshake, OSError, EOFError) as error:
        return StreamEnd(caller_hung_up=False, close_code=None, error=f"31920 handshake: {error}")


def ended(socket: ClientConnection) -> StreamEnd:
    """The end of a stream whose socket the server has closed."""
    code = socket.close_code
    return StreamEnd(caller_hung_up=False, close_code=code, error="" if code == 1000 else f"31921 close code {code}")


class RealTimeLeg:
    """Carries one leg over one socket."""

    def __init__(
        self,
        leg: SimulatedLeg,
        tape: Tape,
        on_happening: Callable[[Happening], None],
        interrupted: threading.Event | None = None,
    ) -> None:
        """interrupted: once it is set, the stream stops: the call goes on with something else."""
        self._interrupted = interrupted or threading.Event()
        self._leg = leg
        self._tape = tape
        self._on_happening = on_happening
        self._told = 0
        self.most_late_ms = 0.0
        """How late this side was with a frame at worst: more than 20 ms and the machine was too busy to judge."""

    def carry(self, url: str, headers: Mapping[str, str]) -> StreamEnd:
        """Hold the call until either side ends it."""
        socket = open_socket(url, headers)
        if isinstance(socket, StreamEnd):
            return socket
        with socket:
            try:
                end = self._hold(socket, Inbox(socket))
            except ConnectionClosed:
                end = ended(socket)
        if not end.caller_hung_up:
            self._leg.line.note(Kind.LINE_CLOSED, str(end.close_code))
        self._tell()
        return end

    def _hold(self, socket: ClientConnection, inbox: Inbox) -> StreamEnd:
        self._send(socket, self._leg.open())
        due_s = time.monotonic()
        while not self._leg.has_hung_up:
            due_s += _FRAME_S
            if not self._serve_until(socket, inbox, due_s):
                return ended(socket)
            if self._interrupted.is_set():
                self._send(socket, self._leg.line.stop())
                return StreamEnd(caller_hung_up=False, close_code=None)
            self.most_late_ms = max(self.most_late_ms, (time.monotonic() - due_s) * 1000)
            self._send(socket, self._leg.advance())
        return StreamEnd(caller_hung_up=True, close_code=None)

    def _serve_until(self, socket: ClientConnection, inbox: Inbox, due_s: float) -> bool:
        """Obey what the server sends until the next frame is due. False when the server has closed."""
        while True:
            try:
                message = inbox.get(due_s - time.monotonic())
            except queue.Empty:
                return True
            if message is None:
                return False
            if isinstance(message, bytes):
                self._leg.line.note(Kind.REFUSED, "31950 a binary message")
                continue
            self._tape(TO_TWILIO, message, self._leg.line.at_ms)
            self._send(socket, self._leg.take(message))

    def _send(self, socket: ClientConnection, messages: list[str]) -> None:
        for message in messages:
            self._tape(TO_APP, message, self._leg.line.at_ms)
            socket.send(message)
        self._tell()

    def _tell(self) -> None:
        happenings = self._leg.line.happenings
        while self._told < len(happenings):
            self._on_happening(happenings[self._told])
            self._told += 1
