"""What the core asks of the voice: sentences to say, and what is to become of those on their way to the line."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speak:
    """Say these pieces in order. `label` names what they are about, for marks and timelines."""

    utterance: int
    pieces: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class SpeakMore:
    """Further pieces of the utterance that is being spoken; `first` is the number of the first of them."""

    utterance: int
    first: int
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoldPlayback:
    """Somebody may be speaking over us: send no more for now, and forget nothing."""

    utterance: int


@dataclass(frozen=True, slots=True)
class ResumePlayback:
    """It was nothing: go on where `HoldPlayback` stopped."""

    utterance: int


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """Send `clear` and drop everything still queued; `utterance` is the last one that may still be cut."""

    utterance: int


@dataclass(frozen=True, slots=True)
class Prepare:
    """These pieces will probably be said soon: synthesise them ahead."""

    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the line now; everything to be heard has been heard."""

    reason: str


@dataclass(frozen=True, slots=True)
class TuneVoice:
    """From the next sentence on, to the end of the call."""

    speed: float
    """1 is the voice's own pace."""
    gain_db: int


SpeechAction = Speak | SpeakMore | HoldPlayback | ResumePlayback | StopPlayback | TuneVoice | Prepare | HangUp
"""What the voice carries out."""
