"""What happens to the line itself. Times are audio time, as of all signals."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineClosed:
    at_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class LineResumed:
    """After a LineClosed: the caller is still there, on a new media socket. The clock goes on where it stopped."""

    at_ms: int
    has_model: bool = False
    """Whether a language model may be asked from here on."""


@dataclass(frozen=True, slots=True)
class LineTroubled:
    """Something is wrong with the line; each trouble comes once in a call."""

    at_ms: int
    trouble: str
    """A value of engine.audio.line_quality.Trouble."""


@dataclass(frozen=True, slots=True)
class LineHopeless:
    """Nobody can be understood on this line; it comes once in a call."""

    at_ms: int
    trouble: str
    """Why."""
