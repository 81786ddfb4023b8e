"""What the product needs from the outside, said without naming who provides it.

An adapter is one file in engine/adapters/. Which one is used is decided in engine/adapters/selection.py.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from engine.audio.endpoint import Hint
from engine.chat import ChatMessage as ChatMessage
from engine.chat import ChatRequest as ChatRequest
from engine.errors import UpstreamUnavailable
from engine.transcript import Transcript
from engine.usage import Usage as Usage


class Account(Protocol):
    """Who pays for a request: one interview, as a rule. Called on any thread; neither method blocks."""

    def spent(self, usage: Usage) -> None:
        """A request consumed this much, whether it succeeded or not."""

    def may_spend(self) -> bool:
        """Whether an engine that costs money may still be asked."""


class Unlimited:
    """Account of requests that belong to no interview: nothing is counted, nothing is denied."""

    def spent(self, usage: Usage) -> None:
        """Nobody is charged."""

    def may_spend(self) -> bool:
        return True


UNLIMITED = Unlimited()


@dataclass(frozen=True, slots=True)
class PartialHeard:
    """What the recogniser makes of the current stretch so far; a later event replaces it."""

    text: str
    covers_ms: int | None = field(default=None, compare=False)
    """Audio time at which its last word ended, where the recogniser says so."""


@dataclass(frozen=True, slots=True)
class FinalHeard:
    """A finished stretch of the candidate's speech. It never changes again."""

    transcript: Transcript


@dataclass(frozen=True, slots=True)
class AllHeard:
    """Everything sent before `finish(request)` is transcribed; its finals have been delivered."""

    request: int


@dataclass(frozen=True, slots=True)
class RecognitionFailed:
    """The engine cannot go on; speech since the last final may be missing."""

    reason: str
    cause: UpstreamUnavailable | None = field(default=None, compare=False)
    """What the engine's adapter ran into, where it was an exception: its class tells how long to leave it alone."""


SpeechPort = Literal["speech_to_text", "text_to_speech"]


@dataclass(frozen=True, slots=True)
class EngineSwitched:
    """From here on another engine of the chain listens or speaks. The call goes on."""

    port: SpeechPort
    from_engine: str
    to_engine: str
    reason: str
    lost_ms: int = 0
    """Of the candidate's audio, what neither engine could be given."""


@dataclass(frozen=True, slots=True)
class TurnHint:
    """What a recogniser that tells turns makes of the turn's end. It decides nothing."""

    hint: Hint
    at_ms: int
    """Audio time up to which it had heard."""


@dataclass(frozen=True, slots=True)
class TurnVoted:
    """What an end-of-turn model makes of a silence. It decides nothing either."""

    share: float
    """0 to 1: that the turn is over."""
    ended_ms: int
    """When the speech before the silence ended, on the audio clock."""


RecognitionEvent = PartialHeard | FinalHeard | AllHeard | RecognitionFailed | EngineSwitched | TurnHint


class RecognitionStream(Protocol):
    """Recognition of one call. No method blocks; results come to the callback given at `open`, on any thread."""

    def send(self, mulaw: bytes, at_ms: int) -> None:
        """Hand over the line's next audio (mu-law, 8 kHz); at_ms is the audio time of its first sample."""

    def speech_began(self, at_ms: int) -> None:
        """The voice detector heard speech begin at this audio time (not later than now)."""

    def speech_paused(self, at_ms: int) -> None:
        """The voice detector heard speech stop at this audio time; a batch engine transcribes the stretch now."""

    def speech_wavered(self, at_ms: int) -> None:
        """No speech for a moment at this audio time: a pause may begin. A quick engine tells the words so far now."""

    def set_terms(self, terms: Sequence[str]) -> None:
        """Words to expect from here on: the terms of the question being asked."""

    def finish(self, request: int) -> None:
        """The answer is over: transcribe what is left, then send AllHeard(request)."""

    def close(self) -> None:
        """Give everything back; no event follows. Safe to call twice."""


class SpeechToText(Protocol):
    name: str

    def open(self, on_event: Callable[[RecognitionEvent], None], account: Account = UNLIMITED) -> RecognitionStream:
        """Begin one call, at the account's expense. Raises UpstreamUnavailable."""

    def close(self) -> None:
        """Shut the engine down."""


class TextToSpeech(Protocol):
    name: str

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        """Speak a text as mu-law 8 kHz audio, in chunks as they become ready.

        text: one clause or sentence as it is written; the voice says signs, code and acronyms as words. speed: 0.75 to
        1.5. account: is told what it took, also when it failed or was given up.
        Raises UpstreamUnavailable, at the first chunk or between chunks.
        """

    def close(self) -> None:
        """Shut the engine down."""


class VoiceDetector(Protocol):
    """Tells speech from other sound, frame by frame; one instance per call, since it remembers."""

    def is_speech(self, pcm: bytes) -> bool:
        """pcm: one 20 ms frame, 16-bit little-endian, 8 kHz, 320 bytes."""


HEARD_BY_TURN_MODEL_S = 8


class TurnModel(Protocol):
    """Tells from the sound of the last words whether a turn is over: an end-of-turn model."""

    def score(self, pcm: bytes) -> float:
        """0 to 1. pcm: what was heard of the candidate last, 16-bit little-endian, 8 kHz, 8 s at the most.

        Takes some 80 ms of a core, so it is never asked on a thread that carries calls.
        """


class Recorder(Protocol):
    """Keeps both sides of a call on the sample clock. Positions are samples since the stream began."""

    def write_candidate(self, position: int, mulaw: bytes) -> None:
        """Audio that arrived from the line."""

    def write_agent(self, position: int, mulaw: bytes) -> None:
        """Audio of ours that begins to play at this position."""

    def drop_agent_after(self, position: int) -> None:
        """Playback was cut: what was to play from here on was never heard."""

    def close(self) -> None:
        """Make the file whole. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One line of a call's event log; `sequence` counts from 0 without gaps."""

    sequence: int
    at_ms: int
    kind: str
    """signal, action or fact."""
    name: str
    data: dict[str, object]


class EventLog(Protocol):
    """Where a call's events go, in order. Appending never waits for a database."""

    next_sequence: int
    """The number that the next record must carry: 0, or more where a leg of the same call wrote before."""

    def append(self, record: EventRecord) -> None: ...

    def close(self) -> None: ...


class MonotonicClock(Protocol):
    """The one wall-clock reading a call may take: to pace output while the line's own clock stands still."""

    def __call__(self) -> float:
        """Seconds from an arbitrary beginning; never runs backwards."""


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What a language model answered."""

    text: str
    data: Any
    """The reply as JSON, which matches the request's schema; None where plain text was asked for."""
    usage: Usage
    """Of all attempts together."""
    request_id: str | None


class ChatModel(Protocol):
    name: str

    def complete(
        self, request: ChatRequest, on_text: Callable[[str], None] | None = None, account: Account = UNLIMITED
    ) -> ChatReply:
        """Carry out one task, within the request's time, at the account's expense.

        on_text: given each further piece of a plain reply as it is written, on the caller's thread; what it was given
        before a failure is worthless.
        Raises UpstreamUnavailable: UpstreamRefused (key, permission, quota, model), UpstreamBusy (too many requests),
        UnusableReply (refusal, cut-off, or wrong form after one correction), or plainly that when it is late or down.
        """

    def close(self) -> None:
        """Give back the threads. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message as it is handed to whoever carries it. For SMS only `recipient` and `text` count."""

    id: str
    """Ours; the same at every attempt."""
    recipient: str
    """E-mail address, or E.164."""
    subject: str
    text: str
    html: str = ""
    unsubscribe_url: str = ""
    """Takes a bare POST as a refusal (one click)."""
    calendar: bytes = b""
    """An iCalendar file to go along, or nothing."""
    calendar_method: str = "REQUEST"
    action_url: str = ""
    """The one address that the message is about, where its reader cannot go on without it."""


class Messenger(Protocol):
    """Carries messages over one channel."""

    name: str

    def send(self, message: OutgoingMessage) -> str | None:
        """Hand it over; returns the provider's id of it where it has one.

        Raises MessageRefused (never try again), MessageDelayed (nothing was sent; try later), DeliveryUnknown (it may
        have gone out).
        """

    def close(self) -> None:
        """Give everything back. Safe to call twice."""
