"""One call's recognition over a socket to a streaming recogniser: threads, deadlines and the truth about finals.

Two threads for each call, so that no method blocks and nothing waits for ever: the worker owns the connection and
sends, the listener receives and, while the worker is still connecting, watches the time. What the wire says comes
through a dialect, which is plain code without input or output.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.adapters.heard_ledger import HeardLedger
from engine.adapters.listen_dialect import Dialect, ListenSocket, RecognitionLimits
from engine.adapters.sent_meter import OnSent, SentMeter
from engine.adapters.wire_messages import WireEvent, WireFailed, WireHeard, WireNote, WireTurn
from engine.clock import SAMPLE_RATE_HZ, samples_to_ms
from engine.errors import ProtocolError, UpstreamUnavailable
from engine.ports import AllHeard, RecognitionEvent, RecognitionFailed

logger = logging.getLogger(__name__)

_FRAMES_IN_A_MESSAGE: Final = 3
"""Every message costs the same. Nobody waits for the rest of them: it goes out before anything else is asked."""


@dataclass(frozen=True, slots=True)
class _Audio:
    frames: tuple[tuple[bytes, int], ...]
    """Mu-law and its audio time."""


@dataclass(frozen=True, slots=True)
class _Voice:
    at_ms: int
    is_speaking: bool


@dataclass(frozen=True, slots=True)
class _Terms:
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Finish:
    request: int


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


_Job = _Audio | _Voice | _Terms | _Finish | _Stop


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: int
    until_s: float
    stream_s: float
    """Where on the stream the request stands."""


class SocketRecognition:
    """engine.ports.RecognitionStream. It fails once at most; that stands in place of every AllHeard still due.

    Events are delivered under a lock that `close` takes too, so that nothing follows it: the callback must not wait
    for another thread that calls `close`.
    """

    def __init__(
        self, dialect: Dialect, on_event: Callable[[RecognitionEvent], None], limits: RecognitionLimits, on_sent: OnSent
    ) -> None:
        """on_sent: see SentMeter."""
        self.dropped_ms = 0
        """Audio that could not be handed over in time; more than none means that the stream failed."""
        self._dialect = dialect
        self._on_event = on_event
        self._limits = limits
        self._meter = SentMeter(on_sent)
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._held_lock = threading.Lock()
        self._held = 0
        self._gathered: list[tuple[bytes, int]] = []
        self._delivering = threading.RLock()
        self._ledger = HeardLedger()
        self._waiting: deque[_Waiting] = deque()
        self._unanswered = 0
        """Requests to finish that were settled without their answer, which may still come."""
        self._failure: str | None = None
        self._is_closed = False
        self._socket: ListenSocket | None = None
        self._is_connected = threading.Event()
        self._last_sent_s = time.monotonic()
        for work, name in ((self._work, "recogniser-send"), (self._listen, "recogniser-receive")):
            threading.Thread(target=work, name=name, daemon=True).start()

    def send(self, mulaw: bytes, at_ms: int) -> None:
        if not mulaw or self._is_over:
            return
        with self._held_lock:
            has_room = self._held + len(mulaw) <= self._limits.buffer_s * SAMPLE_RATE_HZ
            if has_room:
                self._held += len(mulaw)
                self._gathered.append((mulaw, at_ms))
            else:
                self.dropped_ms += samples_to_ms(len(mulaw))
            if len(self._gathered) >= _FRAMES_IN_A_MESSAGE:
                self._hand_over()
        if not has_room:
            self._fail("The recogniser takes the audio too slowly.")

    def speech_began(self, at_ms: int) -> None:
        self._put(_Voice(at_ms, is_speaking=True))

    def speech_paused(self, at_ms: int) -> None:
        self._put(_Voice(at_ms, is_speaking=False))

    def speech_wavered(self, at_ms: int) -> None:
        """The engine on the other side sends its interim results unasked."""

    def set_terms(self, terms: Sequence[str]) -> None:
        self._put(_Terms(tuple(terms)))

    def finish(self, request: int) -> None:
        self._put(_Finish(request))

    def close(self) -> None:
        with self._delivering:
            self._is_closed = True
            self._waiting.clear()
        self._is_connected.set()
        self._jobs.put(_Stop())

    @property
    def _is_over(self) -> bool:
        return self._is_closed or self._failure is not None

    def _put(self, job: _Job) -> None:
        if not self._is_over:
            with self._held_lock:
                self._hand_over()
                self._jobs.put(job)

    def _hand_over(self) -> None:
        """Give the worker what has gathered; the lock is held."""
        if self._gathered:
            self._jobs.put(_Audio(tuple(self._gathered)))
            self._gathered.clear()

    def _fail(self, reason: str, cause: UpstreamUnavailable | None = None) -> None:
        with self._delivering:
            if self._is_over:
                return
            self._failure = reason
            self._waiting.clear()
            self._on_event(RecognitionFailed(reason, cause))
        self._is_connected.set()
        self._jobs.put(_Stop())

    def _work(self) -> None:
        """The worker: connects, sends, and closes the connection."""
        try:
            if not self._is_over:
                with self._dialect.connect() as socket:
                    self._socket = socket
                    self._is_connected.set()
                    self._pump(socket)
                    socket.end()
        except UpstreamUnavailable as error:
            self._fail(str(error), error)
        finally:
            self._fail("The connection to the recogniser ended.")
            self._meter.ended(self._ledger.clock.sent, has_failed=self._failure is not None)

    def _pump(self, socket: ListenSocket) -> None:
        while not self._is_over:
            try:
                job = self._jobs.get(timeout=max(0.0, self._next_due_s() - time.monotonic()))
            except queue.Empty:
                self._time_passed(socket)
                continue
            self._do(socket, job)

    def _next_due_s(self) -> float:
        keep_alive_s = self._last_sent_s + self._limits.keep_alive_s
        with self._delivering:
            return min(keep_alive_s, self._waiting[0].until_s) if self._waiting else keep_alive_s

    def _do(self, socket: ListenSocket, job: _Job) -> None:
        match job:
            case _Audio():
                self._send_audio(socket, job)
            case _Voice(at_ms, is_speaking):
                with self._delivering:
                    self._ledger.voice(at_ms, is_speaking=is_speaking)
            case _Terms(terms):
                socket.set_terms(self._dialect.fitting(terms))
            case _Finish(request):
                self._ask_to_finish(socket, request)
        if self._waiting and time.monotonic() >= self._waiting[0].until_s:
            self._time_passed(socket)

    def _ask_to_finish(self, socket: ListenSocket, request: int) -> None:
        with self._delivering:
            until_s = time.monotonic() + self._limits.finish_s
            self._waiting.append(_Waiting(request, until_s, self._ledger.clock.sent / SAMPLE_RATE_HZ))
            self._settle()
            is_due = bool(self._waiting)
        if is_due:
            socket.finish()

    def _send_audio(self, socket: ListenSocket, audio: _Audio) -> None:
        clock = self._ledger.clock
        message = bytearray()
        with self._held_lock:
            self._held -= sum(len(mulaw) for mulaw, _ in audio.frames)
        with self._delivering:
            for mulaw, at_ms in audio.frames:
                part = clock.new_part(mulaw, at_ms)
                if part:
                    clock.add(len(part), at_ms + samples_to_ms(len(mulaw)))
                    message += part
            is_stalled = self._ledger.waits_ms() > self._limits.stall_s * 1000
        if is_stalled:
            self._fail(f"The recogniser has said nothing for {self._limits.stall_s:g} s of speech.")
        elif message:
            socket.send_audio(bytes(message))
            self._last_sent_s = time.monotonic()
            self._meter.sent(clock.sent)

    def _time_passed(self, socket: ListenSocket) -> None:
        now_s = time.monotonic()
        with self._delivering:
            while self._waiting and self._waiting[0].until_s <= now_s and not self._is_over:
                if self._ledger.is_missing_speech(owes_answer=self._dialect.answers_every_finish):
                    self._fail(f"The recogniser did not finish within {self._limits.finish_s:g} s.")
                else:
                    self._unanswered += 1
                    self._on_event(AllHeard(self._waiting.popleft().request))
        if now_s >= self._last_sent_s + self._limits.keep_alive_s and not self._is_over:
            silence = socket.keep_alive()
            if silence:
                with self._delivering:
                    self._ledger.clock.add(silence, self._ledger.clock.now_ms)
            self._last_sent_s = now_s

    def _listen(self) -> None:
        """The listener: waits for the connection, no longer than it may take, and takes in what comes."""
        if not self._is_connected.wait(self._limits.connect_s):
            self._fail(f"No connection to the recogniser within {self._limits.connect_s:g} s.")
            return
        socket = self._socket
        try:
            while socket is not None and not self._is_over:
                message = socket.receive()
                if message is not None:
                    self._take(self._dialect.read(message))
        except UpstreamUnavailable as error:
            self._fail(str(error), error)
        except ProtocolError as error:
            self._fail(f"The recogniser sent a message that makes no sense: {error}")
        finally:
            self._fail("The recogniser is not listened to any more.")

    def _take(self, event: WireEvent | None) -> None:
        match event:
            case WireFailed(reason):
                self._fail(reason)
            case WireNote(text):
                logger.warning("the recogniser did not do as asked", extra={"reason": text})
            case WireHeard() | WireTurn():
                with self._delivering:
                    if not self._is_over:
                        for heard in self._ledger.take(event):
                            self._on_event(heard)
                        self._settle(event if isinstance(event, WireHeard) else None)

    def _settle(self, event: WireHeard | None = None) -> None:
        """Answer the requests to finish before which nothing is left to be told."""
        with self._delivering:
            is_answer = event is not None and event.answers_finish
            while self._waiting and not self._is_over:
                stream_s = self._waiting[0].stream_s
                is_answered = is_answer and (self._unanswered == 0 or self._ledger.has_covered(stream_s))
                if not is_answered and not self._is_settled(stream_s):
                    return
                is_answer = False
                self._unanswered = 0 if is_answered else self._unanswered + 1
                self._on_event(AllHeard(self._waiting.popleft().request))

    def _is_settled(self, stream_s: float) -> bool:
        ledger, waits = self._ledger, self._dialect.answers_every_finish
        return ledger.has_covered(stream_s, margin_s=0.0) if waits else ledger.is_settled(stream_s)
