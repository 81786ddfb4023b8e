"""The one writer of a socket: takes what is due from the outgoing queue and sends it."""

import threading
from collections.abc import Callable

from engine.clock import SAMPLE_RATE_HZ
from engine.ports import MonotonicClock
from telephony import media_stream
from telephony.line_errors import LineGone
from telephony.pacing import AudioOut, ClearOut, MarkOut, Outgoing, OutgoingQueue

_STANDSTILL_TICK_S = 0.1
"""Between two looks at the queue while no frames come; well below the lead, so that the line never runs dry."""
_NEVER = 1 << 62
_LONGEST_STANDSTILL_S = 2.0
"""For so long we go on speaking by the wall clock when the line's own clock, its frames, stands still."""


class LineWriter:
    """Sends on the caller's thread, whenever it is pumped."""

    def __init__(self, send: Callable[[str], None], stream_sid: str, clock: MonotonicClock) -> None:
        self._send = send
        self._stream_sid = stream_sid
        self._clock = clock
        self._queue = OutgoingQueue()
        self._lock = threading.Lock()
        self._line_samples = 0
        self._line_read_at_s = clock()
        self.first_sent_s: float | None = None
        """When the first audio, or the clear, went out since `expect` or `clear` was called last; by our clock."""
        self.is_broken = False

    def line_came_to(self, samples: int) -> None:
        """The line's clock, as told by the frames received."""
        self._line_samples = samples
        self._line_read_at_s = self._clock()
        self.tick()

    def tick(self) -> None:
        """The line's clock moved on."""
        self.pump()

    def add(self, mulaw: bytes, marks: list[tuple[int, str]]) -> None:
        with self._lock:
            self._queue.add(mulaw, marks)
        self.wake()

    def expect(self) -> None:
        """A new utterance is about to come."""
        self.first_sent_s = None

    def clear(self) -> None:
        """Drop what waits and have the line drop what it holds; nothing older goes out after this."""
        with self._lock:
            self._queue.clear()
            self.first_sent_s = None
        self.wake()

    def hold(self) -> int:
        """Send nothing until `release`; returns the sample of the line's clock up to which audio was sent."""
        with self._lock:
            return self._queue.hold(self._line_samples)

    def release(self) -> tuple[int, bytes]:
        """Send again; returns the sample at which the waiting audio goes on, and that audio."""
        with self._lock:
            released = self._queue.release(self._line_samples)
        self.wake()
        return released

    def wake(self) -> None:
        """Something changed: see what is due."""
        self.pump()

    def pump(self) -> None:
        """Send everything that is due now."""
        while not self.is_broken:
            with self._lock:
                outgoing = self._queue.next_due(self._line_now())
            if outgoing is None:
                return
            # Sent outside the lock: a peer that does not read must not hold up the thread that decides.
            try:
                self._send(self._encoded(outgoing))
            except LineGone:
                self.is_broken = True
            if self.first_sent_s is None and not isinstance(outgoing, MarkOut):
                self.first_sent_s = self._clock()

    def close(self) -> None:
        self.is_broken = True

    @property
    def dropped_ms(self) -> int:
        """Audio that the line was too slow for."""
        return self._queue.dropped_ms

    @property
    def is_idle(self) -> bool:
        return self._queue.is_empty

    def _next_due(self) -> int:
        """The sample of the line's clock from which the next message may go out."""
        with self._lock:
            due = self._queue.due_samples
        return _NEVER if due is None else due

    def _line_now(self) -> int:
        standstill_s = min(self._clock() - self._line_read_at_s, _LONGEST_STANDSTILL_S)
        return self._line_samples + int(standstill_s * SAMPLE_RATE_HZ)

    def _encoded(self, outgoing: Outgoing) -> str:
        match outgoing:
            case AudioOut(mulaw):
                return media_stream.encode_media(self._stream_sid, mulaw)
            case MarkOut(name):
                return media_stream.encode_mark(self._stream_sid, name)
            case ClearOut():
                return media_stream.encode_clear(self._stream_sid)


class ThreadedLineWriter(LineWriter):
    """A writer with a thread of its own: a peer that does not read blocks this thread and nothing else."""

    def __init__(self, send: Callable[[str], None], stream_sid: str, clock: MonotonicClock) -> None:
        super().__init__(send, stream_sid, clock)
        self._wanted = threading.Event()
        self._due_samples = _NEVER
        self._thread = threading.Thread(target=self._work, name="line-writer", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._wanted.set()

    def tick(self) -> None:
        """The line's clock moved on: the thread has to look only when something has become due by it."""
        if self._line_samples >= self._due_samples:
            self._due_samples = _NEVER
            self._wanted.set()

    def close(self) -> None:
        super().close()
        self._wanted.set()

    def _work(self) -> None:
        while not self.is_broken:
            self.pump()
            self._due_samples = self._next_due()
            if self.is_idle:
                self._wanted.wait()
            else:
                self._wanted.wait(_STANDSTILL_TICK_S)
            self._wanted.clear()
