"""The Media Streams wire: its messages, and one stream as a state machine.

What a peer may send when, and how its audio lies in time, is decided here; the messages' own shape in media_messages.
Nothing here raises for a mistake of the peer. What can be survived is counted; what cannot ends in FAILED with a
`violation` that says how to close the socket. The inbound audio is placed on a sample clock that starts at the first
audio of the stream; where the line lost some, the caller is told how much silence to insert so that nothing shifts.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final

from engine.clock import FRAME_MS, ms_to_samples, samples_to_ms
from engine.errors import ProtocolError
from telephony.media_messages import (
    Connected,
    DtmfReceived,
    MarkReceived,
    MediaReceived,
    StreamEvent,
    StreamStarted,
    StreamStopped,
    UnusableStart,
    decode,
    encode_clear,
    encode_mark,
    encode_media,
)

__all__ = [
    "POLICY_BROKEN",
    "PROTOCOL_BROKEN",
    "TOO_LARGE",
    "UNDECODABLE",
    "Connected",
    "DtmfReceived",
    "MarkReceived",
    "MediaReceived",
    "Phase",
    "StreamCounts",
    "StreamEvent",
    "StreamProtocol",
    "StreamStarted",
    "StreamStopped",
    "Violation",
    "decode",
    "encode_clear",
    "encode_mark",
    "encode_media",
]

MOST_MESSAGE_CHARACTERS: Final = 64 * 1024
MOST_MALFORMED: Final = 10
MOST_MESSAGES_BEFORE_START: Final = 5
LONGEST_FILLED_GAP_MS: Final = 10_000
LARGEST_JUMP: Final = 10_000
"""A number further ahead than this is no loss but nonsense; believing it would shut out all that follows."""

PROTOCOL_BROKEN: Final = 1002
UNDECODABLE: Final = 1007
POLICY_BROKEN: Final = 1008
TOO_LARGE: Final = 1009


class Phase(StrEnum):
    """Where a stream stands."""

    OPENING = "opening"
    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Violation:
    """A mistake of the peer that ends the stream: close the socket with this code and reason."""

    code: int
    reason: str


@dataclass(slots=True)
class StreamCounts:
    """How well the line and the peer behaved; `asdict` of it is fit for a report."""

    messages: int = 0
    media: int = 0
    malformed: int = 0
    ignored: int = 0
    repeated: int = 0
    sequence_lost: int = 0
    chunks_lost: int = 0
    gaps_filled: int = 0
    filled_ms: int = 0
    gaps_too_long: int = 0


class StreamProtocol:
    """The state of one stream, fed message by message."""

    def __init__(self) -> None:
        self.phase = Phase.OPENING
        self.violation: Violation | None = None
        self.start: StreamStarted | None = None
        self.counts = StreamCounts()
        self.samples = 0
        """The sample clock: audio received so far, inserted silence included."""
        self.last_problem = ""
        """Why the last message was refused; free of anything the message said."""
        self._sequence = 0
        self._chunk = 0
        self._origin_ms: int | None = None

    @property
    def at_ms(self) -> int:
        """Audio time."""
        return samples_to_ms(self.samples)

    @property
    def is_stopped(self) -> bool:
        """The peer said that the call is over."""
        return self.phase is Phase.STOPPED

    def counters(self) -> dict[str, int]:
        """The counts by name, JSON-ready."""
        return asdict(self.counts)

    def receive(self, message: str | bytes) -> tuple[StreamEvent, ...]:
        """Take the peer's next message; what happened, if anything. Never raises.

        Audio comes with the number of samples lost before it: put as much silence (0xFF) in front.
        After `stop` or a violation every further message is ignored.
        """
        if self.phase in (Phase.STOPPED, Phase.FAILED):
            return ()
        self.counts.messages += 1
        if len(message) > MOST_MESSAGE_CHARACTERS:
            return self._fail(TOO_LARGE, f"a message of more than {MOST_MESSAGE_CHARACTERS} characters")
        if not isinstance(message, str):
            return self._malformed("a binary message where text belongs")
        try:
            event = decode(message)
        except UnusableStart as error:
            return self._fail(UNDECODABLE, str(error)) if self.start is None else self._malformed(str(error))
        except ProtocolError as error:
            return self._malformed(str(error))
        return self._opening(event) if self.start is None else self._running(event, self.start)

    def _opening(self, event: StreamEvent | None) -> tuple[StreamEvent, ...]:
        if isinstance(event, StreamStarted):
            self.start = event
            self.phase = Phase.STARTED
            self._sequence = event.sequence
            return (event,)
        if event is not None and not isinstance(event, Connected):
            return self._fail(PROTOCOL_BROKEN, "a message of a stream that has not started")
        self.counts.ignored += event is None
        if self.counts.messages >= MOST_MESSAGES_BEFORE_START:
            return self._fail(POLICY_BROKEN, f"no start within {MOST_MESSAGES_BEFORE_START} messages")
        return () if event is None else (event,)

    def _running(self, event: StreamEvent | None, start: StreamStarted) -> tuple[StreamEvent, ...]:
        if event is None or isinstance(event, Connected):
            self.counts.ignored += 1
            return ()
        if event.stream_sid != start.stream_sid:
            return self._malformed("a message of another stream")
        if event.sequence <= self._sequence:
            self.counts.repeated += 1
            return ()
        if event.sequence - self._sequence > LARGEST_JUMP:
            return self._malformed("a sequence number far ahead of the last one")
        if isinstance(event, StreamStarted):
            return self._fail(PROTOCOL_BROKEN, "a second start")
        self.counts.sequence_lost += event.sequence - self._sequence - 1
        self._sequence = event.sequence
        if isinstance(event, MediaReceived):
            return self._placed(event)
        if isinstance(event, StreamStopped):
            self.phase = Phase.STOPPED
        return (event,)

    def _placed(self, media: MediaReceived) -> tuple[StreamEvent, ...]:
        if media.chunk <= self._chunk:
            self.counts.repeated += 1
            return ()
        if media.chunk - self._chunk > LARGEST_JUMP and self._origin_ms is not None:
            return self._malformed("a chunk number far ahead of the last one")
        if self._origin_ms is None:
            self._origin_ms = media.at_ms
        else:
            self.counts.chunks_lost += media.chunk - self._chunk - 1
        self._chunk = media.chunk
        missing = ms_to_samples(self._gap_ms(media.at_ms, self._origin_ms))
        self.samples += missing + len(media.mulaw)
        self.counts.media += 1
        return (replace(media, missing=missing) if missing else media,)

    def _gap_ms(self, at_ms: int, origin_ms: int) -> int:
        """Milliseconds that are missing before audio stamped `at_ms`; less than a frame is jitter of the stamps."""
        gap_ms = at_ms - origin_ms - samples_to_ms(self.samples)
        if abs(gap_ms) > LONGEST_FILLED_GAP_MS:
            self.counts.gaps_too_long += 1
            self._origin_ms = origin_ms + gap_ms
            return 0
        if gap_ms < FRAME_MS:
            return 0
        self.counts.gaps_filled += 1
        self.counts.filled_ms += gap_ms
        return gap_ms

    def _malformed(self, problem: str) -> tuple[StreamEvent, ...]:
        self.last_problem = problem
        self.counts.malformed += 1
        if self.counts.malformed >= MOST_MALFORMED:
            return self._fail(UNDECODABLE, f"{MOST_MALFORMED} malformed messages")
        if self.start is None and self.counts.messages >= MOST_MESSAGES_BEFORE_START:
            return self._fail(POLICY_BROKEN, f"no start within {MOST_MESSAGES_BEFORE_START} messages")
        return ()

    def _fail(self, code: int, problem: str) -> tuple[StreamEvent, ...]:
        self.last_problem = problem
        self.violation = Violation(code, problem)
        self.phase = Phase.FAILED
        return ()
