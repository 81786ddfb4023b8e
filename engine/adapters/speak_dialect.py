"""What a voice behind a socket has to offer, said without naming who provides it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """All audio of a text has come."""

    characters: int | None = None
    """What is charged for, where the provider says so."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The provider has given up a text; whatever audio follows belongs to another."""


@dataclass(frozen=True, slots=True)
class SpeechRefused:
    """The provider reported that something is wrong."""

    reason: str


SpeechEvent = SpeechEnded | SpeechStopped | SpeechRefused


class SpeakSocket(Protocol):
    """An open connection, which threads may share. All of it raises UpstreamUnavailable when the connection breaks."""

    def speak(self, text: str) -> None:
        """Begin with a text. One at a time."""

    def stop(self) -> None:
        """Give up what is being spoken; SpeechStopped tells when that is done."""

    def end(self) -> None: ...

    def receive(self) -> bytes | dict[str, Any] | None:
        """Wait for the next audio or message; None for a message that nobody knows."""


class SpeakDialect(Protocol):
    """How one kind of voice is spoken with."""

    @property
    def model(self) -> str: ...

    @property
    def longest_text(self) -> int:
        """Characters."""

    @property
    def texts_a_minute(self) -> int:
        """Texts that one connection takes within 60 s."""

    def connect(self, speed: float) -> AbstractContextManager[SpeakSocket]:
        """Raises UpstreamUnavailable, when entered or within. speed: fixed for the connection."""

    def read(self, message: dict[str, Any]) -> SpeechEvent | None:
        """What a message says; None where it matters to nobody."""
