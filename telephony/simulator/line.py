"""A phone line as Twilio presents it to a media socket, on its own sample clock. No sockets, no wall clock.

It is fed with the server's messages (`take`) and with the passing of 20 ms (`tick`); both give back the messages that
Twilio would send. Source: Twilio, "Media Streams - WebSocket Messages".
"""

import binascii
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from engine.clock import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, samples_to_ms
from telephony.simulator.happenings import Happening, Kind, parse_mark

BUFFER_SAMPLES: Final = 600 * SAMPLE_RATE_HZ
"""Twilio keeps ten minutes of audio that waits to be played and throws away what goes beyond."""
_SILENCE: Final = b"\xff"


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    """Who a stream is; the parameters are those of the TwiML."""

    stream_sid: str
    call_sid: str
    account_sid: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class PlayedSpan:
    """Agent audio that was played without a break between two marks, in samples of the line's clock."""

    start: int
    end: int
    mark: str | None = None
    """The mark that followed it; None while none has."""
    is_cut: bool = False


class SimulatedLine:
    """One stream from `connected` to `stop`."""

    def __init__(self, identity: StreamIdentity) -> None:
        self.identity = identity
        self.happenings: list[Happening] = []
        self.heard_agent = bytearray()
        """What the caller heard, mu-law, aligned with `heard_caller` sample by sample."""
        self.heard_caller = bytearray()
        self.spans: list[PlayedSpan] = []
        self.cleared_samples = 0
        """Agent audio that was sent but never played."""
        self._queue: deque[bytes | str] = deque()
        self._queued_samples = 0
        self._marks: deque[str] = deque()
        self._sequence = 0
        self._chunk = 0
        self._open_span: PlayedSpan | None = None
        self._utterance: str | None = None

    @property
    def at_ms(self) -> int:
        """Audio time."""
        return samples_to_ms(len(self.heard_agent))

    @property
    def queued_ms(self) -> int:
        """Agent audio that waits to be played."""
        return samples_to_ms(self._queued_samples)

    def note(self, kind: Kind, detail: str = "") -> None:
        """Add to the happenings, now."""
        self.happenings.append(Happening(self.at_ms, kind, detail))

    def open(self) -> list[str]:
        """The first two messages."""
        start = {
            "accountSid": self.identity.account_sid,
            "streamSid": self.identity.stream_sid,
            "callSid": self.identity.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": SAMPLE_RATE_HZ, "channels": 1},
            "customParameters": self.identity.parameters,
        }
        self.note(Kind.STREAM_STARTED)
        connected = json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        return [connected, self._message("start", start)]

    def tick(self, caller: bytes) -> list[str]:
        """Let one frame pass: play 20 ms of the agent, send the caller's 160 bytes."""
        if len(caller) != FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} bytes, not {len(caller)}")
        self._chunk += 1
        media = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str((self._chunk - 1) * FRAME_MS),
            "payload": binascii.b2a_base64(caller, newline=False).decode("ascii"),
        }
        message = self._message("media", media)
        self.heard_caller += caller
        return [message, *self._play()]

    def press(self, digit: str) -> list[str]:
        """A key of the caller's phone."""
        self.note(Kind.DIGIT, digit)
        return [self._message("dtmf", {"track": "inbound_track", "digit": digit})]

    def stop(self) -> list[str]:
        """The last message: the call is over."""
        self._cut()
        identity = self.identity
        return [self._message("stop", {"accountSid": identity.account_sid, "callSid": identity.call_sid})]

    def take(self, text: str) -> list[str]:
        """Obey a message of the server; the messages that answer it at once."""
        try:
            message = json.loads(text)
            if message["streamSid"] != self.identity.stream_sid:
                raise ValueError("a message for another stream")
            return self._obey(message)
        except (KeyError, TypeError, ValueError) as error:
            self.note(Kind.REFUSED, f"{type(error).__name__}: {error}"[:200])
            return []

    def _obey(self, message: dict[str, Any]) -> list[str]:
        event = message["event"]
        if event == "media":
            self._enqueue(binascii.a2b_base64(message["media"]["payload"], strict_mode=True))
            return []
        if event == "mark":
            return self._mark(str(message["mark"]["name"]))
        if event == "clear":
            return self._clear()
        raise ValueError(f"an unknown event, {event!r}"[:100])

    def _enqueue(self, mulaw: bytes) -> None:
        if self._queued_samples + len(mulaw) > BUFFER_SAMPLES:
            self.note(Kind.DISCARDED)
            self.cleared_samples += len(mulaw)
            return
        if mulaw:
            self._queue.append(mulaw)
            self._queued_samples += len(mulaw)

    def _mark(self, name: str) -> list[str]:
        self._marks.append(name)
        self._queue.append(name)
        return self._due_marks() if self._queued_samples == 0 else []

    def _clear(self) -> list[str]:
        playing = parse_mark(self._marks[0]).label if self._marks and self._open_span else ""
        self._cut()
        self.note(Kind.CLEARED, playing)
        self.cleared_samples += self._queued_samples
        self._queue.clear()
        self._queued_samples = 0
        self._utterance = None
        names, self._marks = list(self._marks), deque()
        for name in names:
            self.note(Kind.MARK_CLEARED, name)
        return [self._message("mark", {"name": name}) for name in names]

    def _play(self) -> list[str]:
        room, messages = FRAME_SAMPLES, []
        while self._queue and (room or isinstance(self._queue[0], str)):
            head = self._queue[0]
            if isinstance(head, str):
                messages += self._due_marks()
                continue
            played, rest = head[:room], head[room:]
            self._begin_span()
            self.heard_agent += played
            self._queued_samples -= len(played)
            room -= len(played)
            if rest:
                self._queue[0] = rest
            else:
                self._queue.popleft()
        if room:
            self._run_dry()
            self.heard_agent += _SILENCE * room
        self._announce()
        return messages

    def _due_marks(self) -> list[str]:
        """Return the marks at the head of the queue: all before them was played."""
        messages = []
        while self._queue and isinstance(self._queue[0], str):
            name = self._queue[0]
            self._announce()
            self._queue.popleft()
            self._marks.popleft()
            self._close_span(name)
            self._name_spans(name)
            self.note(Kind.MARK_PLAYED, name)
            mark = parse_mark(name)
            if mark.is_end:
                self._utterance = None
                self.note(Kind.UTTERANCE_ENDED, mark.label)
            messages.append(self._message("mark", {"name": name}))
        return messages

    def _begin_span(self) -> None:
        if self._open_span is None:
            if not self.spans or self.spans[-1].end < len(self.heard_agent):
                self.note(Kind.AUDIO_BEGAN)
            self._open_span = PlayedSpan(len(self.heard_agent), len(self.heard_agent))

    def _close_span(self, mark: str | None) -> None:
        if self._open_span is not None:
            self._open_span.end = len(self.heard_agent)
            self._open_span.mark = mark
            self.spans.append(self._open_span)
            self._open_span = None

    def _cut(self) -> None:
        """Playing stops here; what was playing is known by the next mark, if that has come."""
        was_playing = self._open_span is not None or self._queued_samples > 0
        self._close_span(self._marks[0] if self._marks else "")
        if was_playing and self.spans and self.spans[-1].end == len(self.heard_agent):
            self.spans[-1].is_cut = True

    def _name_spans(self, name: str) -> None:
        """Audio that ran dry before its mark came belongs to the mark all the same."""
        for span in reversed(self.spans):
            if span.mark is not None and span.mark != name:
                return
            span.mark = name

    def _run_dry(self) -> None:
        if self._open_span is not None or (self.spans and self.spans[-1].end == len(self.heard_agent)):
            self._close_span(None)
            self.note(Kind.AUDIO_ENDED)

    def _announce(self) -> None:
        """Say that an utterance has begun, as soon as its audio plays and a mark tells what it is."""
        if self._open_span is None or not self._marks:
            return
        mark = parse_mark(self._marks[0])
        if mark.utterance != self._utterance:
            self._utterance = mark.utterance
            self.happenings.append(Happening(samples_to_ms(self._open_span.start), Kind.UTTERANCE_BEGAN, mark.label))

    def _message(self, event: str, body: dict[str, Any]) -> str:
        self._sequence += 1
        return json.dumps(
            {
                "event": event,
                "sequenceNumber": str(self._sequence),
                event: body,
                "streamSid": self.identity.stream_sid,
            }
        )
