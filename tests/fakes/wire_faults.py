"""What goes wrong on a connection, by plan: each new connection takes the next fault that is planned for its path."""

import socket
import struct
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, Literal

from websockets.sync.server import ServerConnection

Act = Literal[
    "refuse",  # answer the request with `status`
    "delay",  # wait for `seconds`, then go on as if nothing had been
    "stall",  # say nothing more, but go on reading
    "freeze",  # neither read nor write: a process that hangs
    "abort",  # drop the TCP connection
    "close",  # close it properly, with `code` and `reason`
    "malformed",  # half a JSON document
    "wrong_types",
    "unknown",  # a message of a type that nobody knows; everything else goes on
    "error",  # the vendor's own Error message
    "duplicate",  # every message from here on comes twice
    "wrong_kind",  # a document where audio was promised
    "empty",  # success, without content
    "late_audio",  # audio that was cleared comes all the same
]


@dataclass(frozen=True, slots=True)
class Fault:
    act: Act
    at: int | Literal["within", "finish"] = 0
    """Before which outgoing message (or piece of audio) it happens; "within": before a piece of speech that is not its
    text's first; "finish": before the answer to the last request."""
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    code: int = 1011
    reason: str = ""
    seconds: float = 0.0


class Cut(Exception):
    """The fault ends this connection here."""


class FaultPlan:
    """The faults to come, by path. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self._holds: dict[str, float] = {}
        self.stopping = threading.Event()

    def plan(self, path: str, *faults: Fault | None) -> None:
        """For the next connections on a path, one each; None: a healthy one."""
        with self._lock:
            self._planned[path].extend(faults)

    def hold_handshake(self, path: str, seconds: float) -> None:
        """Let the next connection on a path wait before it is accepted."""
        with self._lock:
            self._holds[path] = seconds

    def held_handshake(self, path: str) -> None:
        """Wait, where it was planned."""
        with self._lock:
            seconds = self._holds.pop(path, 0.0)
        self.stopping.wait(seconds)

    def next_for(self, path: str) -> Fault | None:
        with self._lock:
            waiting = self._planned[path]
            return waiting.popleft() if waiting else None


class FaultyWire:
    """The sending side of one websocket, with its fault."""

    def __init__(self, connection: ServerConnection, fault: Fault | None, stopping: threading.Event) -> None:
        self.connection = connection
        self.fault = fault
        self._stopping = stopping
        self._sent = 0
        self._is_silent = False
        self._has_struck = False
        self._lock = threading.Lock()

    def send(self, message: str | bytes, *, answers_finish: bool = False, is_within: bool = False) -> None:
        """Send, unless the fault has something against it. Raises Cut when it ends the connection."""
        with self._lock:
            fault, number = self.fault, self._sent
            self._sent += 1
            if fault is not None and self._is_due(fault.at, number, answers_finish=answers_finish, is_within=is_within):
                self._has_struck = True
                self._act(fault)
            if self._is_silent:
                return
            self.connection.send(message)
            if fault is not None and fault.act == "duplicate" and (self._has_struck or fault.at == "finish"):
                self.connection.send(message)

    def _is_due(self, at: int | str, number: int, *, answers_finish: bool, is_within: bool) -> bool:
        if at == "finish":
            return answers_finish
        return number == at or (at == "within" and is_within and not self._has_struck)

    def _act(self, fault: Fault) -> None:
        match fault.act:
            case "delay":
                self._stopping.wait(fault.seconds)
            case "stall":
                self._is_silent = True
            case "freeze":
                self._stopping.wait()
                raise Cut
            case "abort":
                reset(self.connection.socket)
                raise Cut
            case "close":
                self.connection.close(fault.code, fault.reason)
                raise Cut
            case "malformed":
                self.connection.send('{"type":"Results","channel":{"alternat')
            case "wrong_types":
                self.connection.send('{"type":"Results","start":"soon","duration":[],"channel":{"alternatives":5}}')
                self.connection.send('{"type":"TurnInfo","event":3,"turn_index":"x","transcript":null,"words":"none"}')
            case "unknown":
                self.connection.send('{"type":"Surprise","payload":{"a":[1,2,3]}}')
            case "error":
                self.connection.send('{"type":"Error","variant":"Internal","description":"out of order","code":"X"}')


def reset(connection: socket.socket) -> None:
    """Drop a TCP connection at once, as a dying machine does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)


class HalfOpen:
    """An address where connections are taken and nobody ever answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: str = "{}:{}".format(*self._socket.getsockname())

    def close(self, *_: Any) -> None:
        self._socket.close()
