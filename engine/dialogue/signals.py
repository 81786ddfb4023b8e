"""What can happen in a call (signals) and what the core can ask for (actions, facts).

Signals come in, actions and facts go out; all three are plain values that survive a trip through JSON, so that a
logged call can be run through the core again. Times are audio time: milliseconds of line audio received so far.
"""

from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, get_type_hints

from engine.dialogue.line_signals import LineClosed as LineClosed
from engine.dialogue.line_signals import LineHopeless as LineHopeless
from engine.dialogue.line_signals import LineResumed as LineResumed
from engine.dialogue.line_signals import LineTroubled as LineTroubled
from engine.dialogue.model_messages import AskModel as AskModel
from engine.dialogue.model_messages import ModelFailed as ModelFailed
from engine.dialogue.model_messages import ModelReplied as ModelReplied
from engine.dialogue.model_messages import ModelText as ModelText
from engine.dialogue.voice_actions import HangUp as HangUp
from engine.dialogue.voice_actions import HoldPlayback as HoldPlayback
from engine.dialogue.voice_actions import Prepare as Prepare
from engine.dialogue.voice_actions import ResumePlayback as ResumePlayback
from engine.dialogue.voice_actions import Speak as Speak
from engine.dialogue.voice_actions import SpeakMore as SpeakMore
from engine.dialogue.voice_actions import SpeechAction as SpeechAction
from engine.dialogue.voice_actions import StopPlayback as StopPlayback
from engine.dialogue.voice_actions import TuneVoice as TuneVoice
from engine.errors import ProtocolError
from engine.transcript import Transcript, Word


@dataclass(frozen=True, slots=True)
class CallStarted:
    at_ms: int
    has_model: bool = False
    """Whether a language model may be asked in this call."""


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    at_ms: int
    began_ms: int
    """When the speech itself began; at_ms is when the detector was sure."""


@dataclass(frozen=True, slots=True)
class SpeechConfirmed:
    """The speech that began has lasted long enough to be more than a cough: it takes the floor."""

    at_ms: int
    began_ms: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    at_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True)
class TurnSeemsOver:
    """The candidate is silent, and may well be done."""

    at_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True)
class SilenceHeld:
    """The endpoint policy holds the candidate's turn to be over."""

    at_ms: int
    ended_ms: int
    """End of the candidate's last speech."""


@dataclass(frozen=True, slots=True)
class PartialReceived:
    at_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class FinalReceived:
    at_ms: int
    text: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class AllReceived:
    """The recogniser delivered everything said before `Flush(request)`."""

    at_ms: int
    request: int


@dataclass(frozen=True, slots=True)
class RecogniserFailed:
    at_ms: int


@dataclass(frozen=True, slots=True)
class VoiceFailed:
    """An utterance, or the rest of it, could not be synthesised."""

    at_ms: int
    utterance: int


@dataclass(frozen=True, slots=True)
class PieceQueued:
    """Audio of one piece of an utterance went to the line's queue: a chunk of it, as it was made."""

    at_ms: int
    utterance: int
    piece: int
    duration_ms: int
    """Of this chunk."""
    is_last: bool = True
    """The piece is whole now; its last chunk may be empty."""


@dataclass(frozen=True, slots=True)
class MarkReturned:
    at_ms: int
    name: str


@dataclass(frozen=True, slots=True)
class DigitPressed:
    at_ms: int
    digit: str


@dataclass(frozen=True, slots=True)
class TimerExpired:
    at_ms: int
    name: str


@dataclass(frozen=True, slots=True)
class AnswerJudged:
    """The fast judgement of an answer: what the conversation needs to go on, not the grade of the report."""

    at_ms: int
    order: int
    score: float | None
    """0 to 100; None when it cannot be assessed."""
    missing: tuple[str, ...]
    """Ids of the key points not heard, heaviest first."""


@dataclass(frozen=True, slots=True)
class UserCommand:
    """The user who watches the call wants something of it (engine.vocabulary.Command)."""

    at_ms: int
    command: str
    text: str = ""
    """A note's words; the minutes to add."""


Signal = (
    CallStarted
    | LineResumed
    | SpeechBegan
    | SpeechConfirmed
    | SpeechEnded
    | TurnSeemsOver
    | SilenceHeld
    | PartialReceived
    | FinalReceived
    | AllReceived
    | RecogniserFailed
    | VoiceFailed
    | PieceQueued
    | MarkReturned
    | DigitPressed
    | TimerExpired
    | AnswerJudged
    | ModelText
    | ModelReplied
    | ModelFailed
    | UserCommand
    | LineTroubled
    | LineHopeless
    | LineClosed
)


@dataclass(frozen=True, slots=True)
class ExpectTerms:
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flush:
    """Ask the recogniser for everything said so far."""

    request: int


@dataclass(frozen=True, slots=True)
class Judge:
    order: int
    question_id: str
    text: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    name: str
    due_ms: int


@dataclass(frozen=True, slots=True)
class StopTimer:
    name: str


@dataclass(frozen=True, slots=True)
class Attend:
    """From now on we listen; the end of the candidate's turn is to be decided accordingly."""

    kind: str
    """The shape of the question that is answered; empty where it is no question of the interview."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something worth keeping: the store projects facts into tables, the live view shows them."""

    name: str
    data: dict[str, Any]


Action = SpeechAction | ExpectTerms | Flush | Judge | AskModel | StartTimer | StopTimer | Attend | Fact

_SIGNALS = {kind.__name__: kind for kind in Signal.__args__}


def to_data(value: Signal | Action) -> dict[str, Any]:
    """The value's fields as JSON-ready data; its class name is kept beside it by the caller."""
    return asdict(value)


def signal_from_data(name: str, data: dict[str, Any]) -> Signal:
    """The signal that `to_data` took apart; what an older log did not know yet has its default.

    Raises ProtocolError for an unknown name or missing fields.
    """
    kind = _SIGNALS.get(name)
    if kind is None:
        raise ProtocolError(f"the event log holds a signal of an unknown kind: {name!r}")
    hints = get_type_hints(kind)
    try:
        values = {
            field.name: _restored(data[field.name], hints[field.name])
            for field in fields(kind)
            if field.name in data or field.default is MISSING
        }
    except KeyError as error:
        raise ProtocolError(f"the event log's {name} lacks its field {error}") from error
    signal: Signal = kind(**values)
    return signal


def _restored(value: Any, hint: Any) -> Any:
    if hint == tuple[Word, ...]:
        return tuple(word if isinstance(word, Word) else Word(**word) for word in value)
    if hint == tuple[str, ...]:
        return tuple(value)
    return value


def final_transcript(signal: FinalReceived) -> Transcript:
    """The signal's words as a transcript."""
    return Transcript(signal.text, signal.words)
