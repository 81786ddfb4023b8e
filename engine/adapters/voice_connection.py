"""One connection to a voice, kept open from text to text. One text is spoken at a time.

Two threads for each connection, so that whoever wants speech waits no longer than the limits say: the keeper opens and
closes it, and closes it when nobody has wanted it for long; the listener receives. A text that is given up is stopped
at the provider, and the connection is free again once the provider says so: what still comes of it until then is
dropped, so that it is never heard with the next text.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from engine.adapters.deadline_reading import ReadingLimits
from engine.adapters.speak_dialect import SpeakDialect, SpeakSocket, SpeechEnded, SpeechRefused, SpeechStopped
from engine.errors import UpstreamUnavailable


@dataclass(frozen=True, slots=True)
class KeepingLimits:
    """Seconds."""

    idle_s: float = 300.0
    """How long a connection that nobody uses is kept: from one question to the next, however long the answer is."""
    stop_s: float = 1.0
    """How long a provider may take to confirm that it stopped, before the connection is given up."""
    minute_s: float = 60.0
    """Within which a connection takes only so many texts."""


class StaleConnection(UpstreamUnavailable):
    """A connection that had been kept broke before anything came of the text: a new one may do."""


class _State(Enum):
    IDLE = "idle"
    SPEAKING = "speaking"
    STOPPING = "stopping"
    OVER = "over"


_Arrival = bytes | SpeechEnded | UpstreamUnavailable


class VoiceConnection:
    """Begins to connect at once, already reserved for its first text."""

    def __init__(
        self,
        dialect: SpeakDialect,
        speed: float,
        limits: KeepingLimits,
        on_over: Callable[["VoiceConnection"], None],
    ) -> None:
        """on_over: told once, on any thread, that this connection is of no more use."""
        self.speed = speed
        self._dialect = dialect
        self._limits = limits
        self._on_over = on_over
        self._changed = threading.Condition()
        self._state = _State.SPEAKING
        self._until_s: float | None = None
        """When the present state has lasted too long."""
        self._socket: SpeakSocket | None = None
        self._speech: queue.SimpleQueue[_Arrival] = queue.SimpleQueue()
        """What came of the present text. Each has a queue of its own."""
        self._failure: UpstreamUnavailable | None = None
        self._said_at_s: deque[float] = deque()
        self._has_spoken = False
        self._owed_ends = 0
        """Texts that were stopped and whose ends may still be told."""
        threading.Thread(target=self._keep, name="voice-keep", daemon=True).start()

    def reserve(self) -> bool:
        """Take the connection for a text, if it is free and may be given one more within this minute."""
        now_s = time.monotonic()
        with self._changed:
            while self._said_at_s and self._said_at_s[0] <= now_s - self._limits.minute_s:
                self._said_at_s.popleft()
            if self._state is not _State.IDLE or len(self._said_at_s) >= self._dialect.texts_a_minute:
                return False
            self._state, self._until_s = _State.SPEAKING, None
            return True

    def release(self) -> None:
        """Give a reserved connection back."""
        self._leave(_State.IDLE, self._limits.idle_s)

    def say(self, text: str, limits: ReadingLimits, on_sent: Callable[[], None]) -> Iterator[bytes | SpeechEnded]:
        """Speak a text on a reserved connection: its audio, then SpeechEnded. Leaving early stops it.

        on_sent: told when the provider has the text. Raises UpstreamUnavailable; what is not StaleConnection is final.
        """
        was_kept, began_s = self._has_spoken, time.monotonic()
        self._speech = queue.SimpleQueue()
        is_sent = has_come = is_whole = False
        try:
            try:
                self._send(text, began_s + limits.first_s)
                is_sent = True
                on_sent()
                for arrival in self._arrivals(began_s, limits):
                    has_come = True
                    is_whole = isinstance(arrival, SpeechEnded)
                    yield arrival
            except UpstreamUnavailable as error:
                self._fail(error)
                if was_kept and not has_come and not isinstance(error, _Late):
                    raise StaleConnection(str(error)) from error
                raise
        finally:
            if is_sent and not is_whole:
                self._stop()
            else:
                self.release()

    def close(self) -> None:
        """Let go of the connection. Safe to call twice."""
        self._fail(UpstreamUnavailable("The voice was closed."))

    def _send(self, text: str, until_s: float) -> None:
        with self._changed:
            is_open = self._changed.wait_for(
                lambda: self._socket is not None or self._failure is not None, max(0.0, until_s - time.monotonic())
            )
            socket, failure = self._socket, self._failure
        if failure is not None:
            raise failure
        if not is_open or socket is None:
            raise _Late("The voice could not be reached in time.")
        self._said_at_s.append(time.monotonic())
        self._has_spoken = True
        socket.speak(text)

    def _arrivals(self, began_s: float, limits: ReadingLimits) -> Iterator[bytes | SpeechEnded]:
        until_s, ends_s = began_s + limits.first_s, began_s + limits.whole_s
        is_silent = True
        while True:
            try:
                arrival = self._speech.get(timeout=max(0.0, min(until_s, ends_s) - time.monotonic()))
            except queue.Empty:
                raise _Late("The voice did not go on in time.") from None
            match arrival:
                case UpstreamUnavailable():
                    raise arrival
                case SpeechEnded() if is_silent and self._owed_ends:
                    self._owed_ends -= 1
                    continue
                case SpeechEnded():
                    yield arrival
                    return
            yield arrival
            is_silent = False
            until_s = time.monotonic() + limits.next_s

    def _stop(self) -> None:
        """Nobody wants the rest of the text."""
        with self._changed:
            socket = self._socket if self._state is _State.SPEAKING else None
            if socket is None:
                return
            self._owed_ends += 1
        self._leave(_State.STOPPING, self._limits.stop_s)
        try:
            socket.stop()
        except UpstreamUnavailable as error:
            self._fail(error)

    def _leave(self, state: _State, for_s: float) -> None:
        with self._changed:
            if self._state is not _State.OVER:
                self._state, self._until_s = state, time.monotonic() + for_s
                self._changed.notify_all()

    def _fail(self, error: UpstreamUnavailable) -> None:
        with self._changed:
            if self._state is _State.OVER:
                return
            self._state, self._failure = _State.OVER, error
            self._speech.put(error)
            self._changed.notify_all()
        self._on_over(self)

    def _keep(self) -> None:
        """The keeper: opens the connection, and closes it when it is over."""
        try:
            with self._dialect.connect(self.speed) as socket:
                with self._changed:
                    self._socket = socket
                    self._changed.notify_all()
                threading.Thread(target=self._listen, args=(socket,), name="voice-listen", daemon=True).start()
                self._wait_until_over()
                socket.end()
        except UpstreamUnavailable as error:
            self._fail(error)
        finally:
            self.close()

    def _wait_until_over(self) -> None:
        while True:
            with self._changed:
                left_s = None if self._until_s is None else self._until_s - time.monotonic()
                if self._state is _State.OVER:
                    return
                if left_s is None or left_s > 0:
                    self._changed.wait(left_s)
                    continue
            self.close()

    def _listen(self, socket: SpeakSocket) -> None:
        """The listener: hands on what comes to whoever waits for it."""
        try:
            while self._state is not _State.OVER:
                received = socket.receive()
                if received is not None:
                    self._take(received if isinstance(received, bytes) else self._dialect.read(received))
        except UpstreamUnavailable as error:
            self._fail(error)
        finally:
            self._fail(UpstreamUnavailable("The voice is not listened to any more."))

    def _take(self, event: bytes | SpeechEnded | SpeechStopped | SpeechRefused | None) -> None:
        match event:
            case SpeechRefused(reason):
                self._fail(UpstreamUnavailable(reason))
            case SpeechStopped():
                if self._state is _State.STOPPING:
                    self._leave(_State.IDLE, self._limits.idle_s)
            case bytes() | SpeechEnded():
                with self._changed:
                    if self._state is _State.SPEAKING and event != b"":
                        self._speech.put(event)
                    elif isinstance(event, SpeechEnded) and self._owed_ends:
                        self._owed_ends -= 1


class _Late(UpstreamUnavailable):
    """A limit passed: asking once more would take as long again."""
