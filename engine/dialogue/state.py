"""Everything that the core remembers of a call, as a value."""

from dataclasses import dataclass
from enum import StrEnum

from engine.dialogue.interview import Compose, Interview, Say
from engine.dialogue.playback import Playback
from engine.dialogue.turns import Floor
from engine.transcript import Transcript


class Phase(StrEnum):
    SPEAKING = "speaking"
    LISTENING = "listening"
    FLUSHING = "flushing"
    """The turn is over; waiting for its last words."""
    UNDERSTANDING = "understanding"
    """The rules are unsure what the candidate wants; a model is asked."""
    JUDGING = "judging"
    COMPOSING = "composing"
    """A model looks for words; nothing of them is said yet."""
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Composing:
    """Words that a model is writing, sentence by sentence."""

    request: int
    wanted: Compose
    said: tuple[str, ...] = ()
    """Its sentences that were let through so far."""
    has_lead: bool = False
    """The lead was said, since the model was slow."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything that the core remembers of a call."""

    interview: Interview = Interview()
    phase: Phase = Phase.SPEAKING
    floor: Floor = Floor.OPEN
    playback: Playback = Playback()
    utterance: int = 0
    parts: tuple[tuple[int, Transcript], ...] = ()
    """Finals since our last utterance began, each with the audio time at which its speech ended."""
    kept: tuple[Transcript, ...] = ()
    """Words of this answer from before a repeat, a prompt or a failure of the recogniser."""
    listening_since_ms: int = 0
    turn_began_ms: int | None = None
    """Start of the candidate's turn; None while nothing was said."""
    last_began_ms: int = 0
    speech_ended_ms: int = 0
    candidate_end_ms: int | None = None
    """End of the candidate's last turn, until our reply begins: the gap is counted from it."""
    heard_share: float = 1.0
    request: int = 0
    nodded_ms: int | None = None
    """When the last sound of listening began on the line, or was asked for."""
    bridges: int = 0
    """Words that were said while the candidate's last ones are waited for."""
    ended_by: str = ""
    silences: int = 0
    patience_ms: int = 0
    idle_ms: int = 0
    """How long may be kept silent, and how long we listen in any case, once what is being said was heard."""
    patience_until_ms: int = 0
    voice_failures: int = 0
    leave: str | None = None
    owed: tuple[str, ...] = ()
    """What the next utterance begins with: a word about a line that broke."""
    time_is_up_ms: int = 0
    """When the call has lasted as long as it may."""
    insists: bool = False
    has_model: bool = False
    model_request: int = 0
    """Number of the last request to the model: replies to any other are stale."""
    composing: Composing | None = None
    """What the model is writing, while more of it may come."""
    is_speech_confirmed: bool = False
    """The candidate speaks now, and for long enough that it is no cough."""
    is_deaf: bool = True
    """Nothing was heard of the candidate yet, neither speech nor words."""
    interrupted: Say | None = None
    """What we were saying, or about to say, when the candidate began to speak: said after all if that was nothing."""

    @property
    def is_floor_free(self) -> bool:
        """Nobody speaks; a short word of ours that takes the floor from nobody does not count."""
        return self.floor is Floor.OPEN or (self.floor is Floor.AGENT and self.playback.is_passing)

    @property
    def holds_floor(self) -> bool:
        """What we say now is not to be stopped by speech."""
        return self.leave is not None or self.insists
