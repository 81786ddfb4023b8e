"""What happened on a simulated line, each with its time: the raw material of scenarios and timelines."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a happening is about; `detail` says which."""

    STREAM_STARTED = "stream_started"
    SAID = "said"
    """Twilio's own voice spoke; detail: the text."""
    AUDIO_BEGAN = "audio_began"
    AUDIO_ENDED = "audio_ended"
    """The line ran out of agent audio."""
    UTTERANCE_BEGAN = "utterance_began"
    """Detail: the utterance's label."""
    UTTERANCE_ENDED = "utterance_ended"
    """Its last mark was played. Detail: the label."""
    MARK_PLAYED = "mark_played"
    MARK_CLEARED = "mark_cleared"
    CLEARED = "cleared"
    """The agent took back what was not played. Detail: the label of what was playing."""
    DISCARDED = "discarded"
    """The line's buffer was full: audio was thrown away."""
    REFUSED = "refused"
    """A message that Twilio would not understand. Detail: why."""
    CALLER_BEGAN = "caller_began"
    """Detail: the text of the reply."""
    CALLER_ENDED = "caller_ended"
    DIGIT = "digit"
    HUNG_UP = "hung_up"
    """The caller ended the call. Detail: why."""
    LINE_CLOSED = "line_closed"
    """The server closed the socket. Detail: the close code."""


@dataclass(frozen=True, slots=True)
class Happening:
    """at_ms: audio time of the line, milliseconds since the stream began."""

    at_ms: int
    kind: Kind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MarkName:
    """What the name of a mark says: `{utterance}.{piece}.{index}/{label}`, the last one followed by `/end`."""

    utterance: str
    label: str
    is_end: bool


def parse_mark(name: str) -> MarkName:
    """The parts of a mark's name; a name of any other shape is its own utterance and label, without an end."""
    place, slash, label = name.partition("/")
    if not slash:
        return MarkName(name, name, is_end=False)
    is_end = label.endswith("/end")
    return MarkName(place.partition(".")[0], label.removesuffix("/end"), is_end)
