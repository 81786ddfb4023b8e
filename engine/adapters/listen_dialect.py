"""What a streaming recogniser has to offer, and how patient we are with it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from engine.adapters.wire_messages import WireEvent


class ListenSocket(Protocol):
    """An open connection: one thread sends, another receives. `receive` raises UpstreamUnavailable when it breaks."""

    def send_audio(self, audio: bytes) -> None: ...

    def finish(self) -> None: ...

    def set_terms(self, terms: Sequence[str]) -> None: ...

    def keep_alive(self) -> int:
        """Keep the silent connection open; returns how many samples of silence that put on the stream."""

    def end(self) -> None: ...

    def receive(self) -> dict[str, Any] | None: ...


class Dialect(Protocol):
    """How one recogniser is spoken with."""

    answers_every_finish: bool
    """It sends a final after `finish` whenever it holds audio; else the end is also known by what it has covered."""

    def connect(self) -> AbstractContextManager[ListenSocket]:
        """Raises UpstreamUnavailable, when entered or within."""

    def read(self, message: dict[str, Any]) -> WireEvent | None:
        """What a message says; None where it matters to nobody. Raises ProtocolError."""

    def fitting(self, terms: Sequence[str]) -> list[str]:
        """The terms that the recogniser takes."""


@dataclass(frozen=True, slots=True)
class RecognitionLimits:
    """How long a recogniser may take, in seconds, before it counts as failed."""

    connect_s: float = 4.0
    finish_s: float = 1.5
    """From the request to finish until the last final."""
    stall_s: float = 8.0
    """Audio time without any message while the candidate speaks."""
    keep_alive_s: float = 4.0
    """Without audio to send, something else is sent this often."""
    buffer_s: float = 6.0
    """Audio that waits for the connection, at most; longer than connect_s."""
