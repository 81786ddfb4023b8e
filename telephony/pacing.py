"""What goes out on the line, and when: a queue on the line's own clock. No sockets, no threads.

The line plays what it is sent, in order and in real time, so we could send a whole sentence at once. We do not: audio
that lies in the line's queue cannot be taken back without a `clear`, and counting what was heard becomes guesswork.
So audio goes out at most LEAD_MS before it is due, in messages of up to MESSAGE_MS.
"""

from collections import deque
from dataclasses import dataclass

from engine.clock import ms_to_samples, samples_to_ms
from engine.dialogue.playback import LEAD_MS

MESSAGE_MS = 100
_MESSAGE_SAMPLES = ms_to_samples(MESSAGE_MS)
MOST_QUEUED_MS = 120_000
"""Two minutes of speech ahead of the line: far more than any utterance. What comes beyond is dropped and counted."""


@dataclass(frozen=True, slots=True)
class AudioOut:
    mulaw: bytes


@dataclass(frozen=True, slots=True)
class MarkOut:
    name: str


@dataclass(frozen=True, slots=True)
class ClearOut:
    """Drop what the line has not played yet."""


Outgoing = AudioOut | MarkOut | ClearOut


class OutgoingQueue:
    """Audio and marks on their way to the line, in milliseconds of the line's clock."""

    def __init__(self) -> None:
        self._waiting: deque[AudioOut | MarkOut] = deque()
        self._queued_samples = 0
        self._sent_until_samples = 0
        self._must_clear = False
        self._is_held = False
        self.dropped_ms = 0
        """Audio that found no room, with its marks."""

    @property
    def is_empty(self) -> bool:
        return not self._waiting and not self._must_clear

    @property
    def queued_ms(self) -> int:
        """Audio that was accepted but not sent yet."""
        return samples_to_ms(self._queued_samples)

    @property
    def _is_standing(self) -> bool:
        return self._is_held and not self._must_clear

    @property
    def due_samples(self) -> int | None:
        """Where the line's clock must have come to for the next thing to go out; None when nothing waits."""
        if self.is_empty or self._is_standing:
            return None
        if self._must_clear or not isinstance(self._waiting[0], AudioOut):
            return 0
        return self._sent_until_samples - ms_to_samples(LEAD_MS) + 1

    def add(self, mulaw: bytes, marks: list[tuple[int, str]]) -> None:
        """Append audio with its marks: (milliseconds into the audio, name), in order. Without room both are dropped."""
        if samples_to_ms(self._queued_samples + len(mulaw)) > MOST_QUEUED_MS:
            self.dropped_ms += samples_to_ms(len(mulaw))
            return
        position = 0
        for offset_ms, name in marks:
            end = min(ms_to_samples(offset_ms), len(mulaw))
            self._append(mulaw[position:end])
            self._waiting.append(MarkOut(name))
            position = max(position, end)
        self._append(mulaw[position:])

    def _append(self, mulaw: bytes) -> None:
        for start in range(0, len(mulaw), _MESSAGE_SAMPLES):
            self._waiting.append(AudioOut(mulaw[start : start + _MESSAGE_SAMPLES]))
        self._queued_samples += len(mulaw)

    def clear(self) -> None:
        """Forget everything that waits; the next thing to go out is a clear."""
        self._waiting.clear()
        self._queued_samples = 0
        self._must_clear = True
        self._is_held = False

    def hold(self, line_samples: int) -> int:
        """Let nothing out; returns the sample of the line's clock up to which the line has been given audio."""
        self._is_held = True
        return max(line_samples, self._sent_until_samples)

    def release(self, line_samples: int) -> tuple[int, bytes]:
        """Let it flow again; returns at which sample of the line's clock it goes on, and all the audio that waits."""
        self._is_held = False
        waiting = b"".join(each.mulaw for each in self._waiting if isinstance(each, AudioOut))
        return max(line_samples, self._sent_until_samples), waiting

    def next_due(self, line_samples: int) -> Outgoing | None:
        """What has to go out now, when the line has come to `line_samples` of its clock; None when nothing has to."""
        if self._must_clear:
            self._must_clear = False
            self._sent_until_samples = line_samples
            return ClearOut()
        if not self._waiting or self._is_held:
            return None
        head = self._waiting[0]
        if isinstance(head, AudioOut):
            start = max(line_samples, self._sent_until_samples)
            if start >= line_samples + ms_to_samples(LEAD_MS):
                return None
            self._sent_until_samples = start + len(head.mulaw)
            self._queued_samples -= len(head.mulaw)
        return self._waiting.popleft()
