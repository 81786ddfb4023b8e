"""What a streaming recogniser may say, whatever the shape of its messages, and how a message is read safely."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.audio.endpoint import Hint
from engine.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class WireWord:
    """A word in the stream's own seconds."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class WireHeard:
    """What was made of a stretch of the stream."""

    text: str
    words: tuple[WireWord, ...]
    start_s: float
    end_s: float
    is_final: bool = False
    answers_finish: bool = False
    """It was sent because we asked for what is left."""
    turn: int | None = None
    """Which of the recogniser's turns, counted up; None where finals follow each other on the stream."""
    hint: Hint | None = None
    """What it makes of the end of this turn."""


@dataclass(frozen=True, slots=True)
class WireTurn:
    """What the recogniser makes of the end of a turn, in the stream's own seconds."""

    hint: Hint
    end_s: float


@dataclass(frozen=True, slots=True)
class WireFailed:
    """The recogniser gave up; nothing more can be expected on this stream."""

    reason: str


@dataclass(frozen=True, slots=True)
class WireNote:
    """Something for the log: a request was not carried out, but recognition goes on."""

    text: str


WireEvent = WireHeard | WireTurn | WireFailed | WireNote


def number(data: Mapping[str, Any], key: str) -> float:
    """A number that must be there. Raises ProtocolError."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise ProtocolError(f"{key!r} is not a number.")
    return float(value)


def text(data: Mapping[str, Any], key: str) -> str:
    """A string that must be there. Raises ProtocolError."""
    value = data.get(key)
    if not isinstance(value, str):
        raise ProtocolError(f"{key!r} is not a text.")
    return value


def records(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects that must be there. Raises ProtocolError."""
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ProtocolError(f"{key!r} is not a list of objects.")
    return value


def word(data: Mapping[str, Any], text_key: str, between_s: tuple[float, float]) -> WireWord:
    """One word; where the recogniser gives it no times, it has those of the whole stretch. Raises ProtocolError."""
    start_s = number(data, "start") if data.get("start") is not None else between_s[0]
    end_s = number(data, "end") if data.get("end") is not None else between_s[1]
    confidence = min(1.0, max(0.0, number(data, "confidence")))
    return WireWord(text(data, text_key), start_s, max(start_s, end_s), confidence)
