"""Where the time goes between the candidate's last word and our first one: each step of every reply, as it happened.

Steps are counted in milliseconds from the end of the candidate's speech (of a greeting: from the stream's start). The
wall clock tells them apart within a frame; the end of speech itself lies on the audio clock. The last step is the
line's own word: the mark behind the first stretch of our audio came back, so that it was heard by then.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.dialogue.playback import NOD, utterance_of
from engine.dialogue.signals import (
    Action,
    AllReceived,
    Attend,
    CallStarted,
    Flush,
    MarkReturned,
    PieceQueued,
    Signal,
    SilenceHeld,
    Speak,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    StopPlayback,
)
from engine.ports import MonotonicClock

REPLY_FACT = "reply_timed"
GIVING_WAY_FACT = "way_given"
STEPS = ("decided", "text", "chosen", "queued", "wire", "mark")
"""Endpoint decided, all words there, reply chosen, first audio queued, on the wire, its first mark back."""


@dataclass(slots=True)
class Reply:
    """One reply in the making."""

    ended_ms: int
    """End of the candidate's speech on the audio clock."""
    began_s: float
    """The same on the wall clock."""
    label: str = ""
    utterance: int = 0
    steps: dict[str, int] = field(default_factory=dict)
    nod_ms: int | None = None
    """When a sound of listening was queued in the same silence: what the caller heard first."""

    def reached(self, step: str, at_s: float) -> None:
        self.steps.setdefault(step, round((at_s - self.began_s) * 1000))

    def as_data(self) -> dict[str, Any]:
        nodded = {} if self.nod_ms is None else {"nod_ms": self.nod_ms}
        return {"label": self.label, "ended_ms": self.ended_ms, "steps_ms": {**self.steps}, **nodded}


@dataclass(frozen=True, slots=True)
class GivingWay:
    """How fast we fell silent when the candidate spoke over us; milliseconds."""

    onset_to_confirmed_ms: int
    confirmed_to_clear_ms: int


class ReplyClock:
    """Watches what goes through the core of one call."""

    def __init__(self, clock: MonotonicClock, first_sent_s: Callable[[], float | None]) -> None:
        """first_sent_s: when the first audio of the latest utterance, or the latest `clear`, went on the wire."""
        self._clock = clock
        self._first_sent_s = first_sent_s
        self._reply: Reply | None = None
        self._request = 0
        self._speech_ended_ms = 0
        self._cut: tuple[int, float] | None = None
        self._nod = 0
        """The utterance of the last sound of listening, 0 while none is waited for."""
        self._nodded_s: float | None = None

    def saw(self, signal: Signal, actions: Iterable[Action]) -> Iterable[tuple[str, dict[str, Any]]]:
        """A signal and what came of it; returns the facts that are complete now."""
        self._hear(signal)
        for action in actions:
            self._follow(signal, action)
        match signal:
            case PieceQueued(utterance=utterance) if utterance == self._nod:
                self._nod, self._nodded_s = 0, self._clock()
            case PieceQueued(utterance=utterance) if self._reply is not None and utterance == self._reply.utterance:
                self._reply.reached("queued", self._clock())
            case MarkReturned(_, name):
                return self._marked(name)
            case SpeechBegan() | SpeechEnded():
                return self._gave_way()
        return ()

    def _hear(self, signal: Signal) -> None:
        match signal:
            case SpeechEnded(_, ended_ms):
                self._speech_ended_ms = ended_ms
            case CallStarted(at_ms):
                self._reply = Reply(at_ms, self._clock())
            case SpeechBegan():
                self._nodded_s = None
            case AllReceived(_, request) if self._reply is not None and request == self._request:
                self._reply.reached("text", self._clock())

    def _follow(self, signal: Signal, action: Action) -> None:
        now_s = self._clock()
        match action:
            case Flush(request):
                self._request = request
                ended_ms = signal.ended_ms if isinstance(signal, SilenceHeld) else self._speech_ended_ms
                self._reply = Reply(ended_ms, now_s - (signal.at_ms - ended_ms) / 1000)
                self._reply.reached("decided", now_s)
                if self._nodded_s is not None:
                    self._reply.nod_ms = round((self._nodded_s - self._reply.began_s) * 1000)
                self._nodded_s = None
            case Speak(utterance, _, label) if label == NOD:
                self._nod = utterance
            case Attend() if self._reply is not None and not self._reply.utterance:
                self._reply = None  # nothing was said that wants a reply
            case Speak(utterance, _, label) if self._reply is not None and not self._reply.utterance:
                self._reply.utterance, self._reply.label = utterance, label
                self._reply.reached("chosen", now_s)
            case StopPlayback() if isinstance(signal, SpeechConfirmed):
                self._cut = (signal.at_ms - signal.began_ms, now_s)

    def _marked(self, name: str) -> Iterable[tuple[str, dict[str, Any]]]:
        reply, sent_s = self._reply, self._first_sent_s()
        if reply is None or not reply.utterance or utterance_of(name) != reply.utterance:
            return ()
        self._reply = None
        if sent_s is not None:
            reply.reached("wire", sent_s)
        reply.reached("mark", self._clock())
        return ((REPLY_FACT, reply.as_data()),)

    def _gave_way(self) -> Iterable[tuple[str, dict[str, Any]]]:
        cut, sent_s = self._cut, self._first_sent_s()
        self._cut = None
        if cut is None or sent_s is None or sent_s < cut[1]:
            return ()
        way = GivingWay(cut[0], round((sent_s - cut[1]) * 1000))
        return ((GIVING_WAY_FACT, asdict(way)),)
