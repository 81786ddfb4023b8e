"""The web process's side of the speech process: starts it, talks to it, and starts it anew when it dies.

Plain sockets, threads and queues, so that under gevent all of it turns into greenlets. Nothing here blocks a caller:
requests are queued, replies come to a callback. What is under way when the process dies fails at once; what is asked
while it restarts waits for it, within its deadline.
"""

import itertools
import logging
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.adapters.speech_child import child_environment, reap
from engine.adapters.speech_messages import Header, receive_message, send_message
from engine.errors import ProtocolError, UpstreamUnavailable

logger = logging.getLogger(__name__)

_QUEUE_LENGTH: Final = 256
_WATCH_S: Final = 0.25
_STUCK_S: Final = 30.0
_BACK_OFF_S: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
_STEADY_S: Final = 60.0
"""After a life of this length, the next restart is immediate again."""

OnReply = Callable[[Header, bytes], None]
"""Gets every reply to a request. The last one has the kind transcribed, spoken, used or failed."""

_LAST_REPLIES: Final = frozenset({"transcribed", "spoken", "used", "failed"})


@dataclass(frozen=True, slots=True)
class SpeechCommand:
    """What the speech process is to offer."""

    speech_to_text: bool = True
    text_to_speech: bool = True
    model_dir: Path | None = None
    """A CTranslate2 Whisper model instead of the bundled one."""

    def line(self, descriptor: int) -> list[str]:
        line = [sys.executable, "-m", "engine.adapters.speech_process", "--socket", str(descriptor)]
        line += ["--speech-to-text"] if self.speech_to_text else []
        line += ["--text-to-speech"] if self.text_to_speech else []
        return line + (["--model-dir", str(self.model_dir)] if self.model_dir else [])


@dataclass(slots=True)
class _Pending:
    kind: str
    on_reply: OnReply
    deadline: float
    """On the monotonic clock."""


class SpeechProcess:
    """The speech process, kept alive. Thread-safe."""

    def __init__(
        self,
        command: SpeechCommand,
        *,
        stuck_after_s: float = _STUCK_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """stuck_after_s: a process that says nothing for so long, though asked, is killed and replaced."""
        self._command = command
        self._stuck_after_s = stuck_after_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._pending: dict[int, _Pending] = {}
        self._ids = itertools.count(1)
        self._outbox: queue.Queue[tuple[Header, bytes] | None] = queue.Queue(_QUEUE_LENGTH)
        self._connection: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = threading.Event()
        self._ready = threading.Event()
        self._tried = threading.Event()
        self._refusal = ""
        self._offered: frozenset[str] = frozenset()
        self._offers_changed = threading.Condition()
        self._heard_at = monotonic()
        self._threads = [
            threading.Thread(target=run, name=f"speech-{name}", daemon=True)
            for name, run in (("read", self._keep_alive), ("write", self._write), ("watch", self._watch))
        ]

    @property
    def is_ready(self) -> bool:
        """The models are loaded and the process answers."""
        return self._ready.is_set()

    @property
    def process_id(self) -> int | None:
        child = self._child
        return child.pid if child else None

    def start(self, *, timeout_s: float = 60.0) -> None:
        """Start the process and wait until its models are loaded.

        Raises UpstreamUnavailable when that fails or takes too long; nothing is left running then.
        """
        self.launch()
        self.wait_until_ready(timeout_s=timeout_s)

    def launch(self) -> None:
        """Start the process and return at once; what is asked of it waits until its models are loaded."""
        for thread in self._threads:
            thread.start()

    def wait_until_ready(self, *, timeout_s: float = 60.0) -> None:
        """Return when the models are loaded. Raises UpstreamUnavailable, with nothing left running, otherwise."""
        if not self._tried.wait(timeout_s) or not self._ready.is_set():
            self.close()
            raise UpstreamUnavailable(self._refusal or f"The speech process was not ready within {timeout_s:g} s.")

    def request(self, header: Header, body: bytes, *, deadline_s: float, on_reply: OnReply) -> int:
        """Ask for something; returns the request's id. Never blocks.

        Every request ends with a last reply, `failed` when the process dies or the deadline passes. Callbacks come
        from other threads and must be quick. Raises UpstreamUnavailable when too much is waiting already.
        """
        with self._lock:
            if self._closed.is_set():
                raise UpstreamUnavailable("The speech process has been shut down.")
            request = next(self._ids)
            if not self._pending:
                self._heard_at = self._monotonic()
            self._pending[request] = _Pending(header["kind"], on_reply, self._monotonic() + deadline_s)
        try:
            self._outbox.put_nowait((header | {"id": request}, body))
        except queue.Full:
            self._pending.pop(request, None)
            raise UpstreamUnavailable("The speech process cannot keep up: too many requests are waiting.") from None
        return request

    def cancel(self, request: int) -> None:
        """Forget a request: no further reply comes. Unknown ids are fine."""
        with self._lock:
            if self._pending.pop(request, None) is None or self._closed.is_set():
                return
        try:
            self._outbox.put_nowait(({"kind": "cancel", "id": request}, b""))
        except queue.Full:
            logger.warning("a speech request could not be cancelled; its result is dropped")

    def offers(self, kind: str) -> bool:
        """Whether requests of this optional kind are served; known some time after the process is ready."""
        return kind in self._offered

    def wait_for_offer(self, kind: str, *, timeout_s: float) -> bool:
        """Whether requests of this optional kind are served within the time."""
        with self._offers_changed:
            return self._offers_changed.wait_for(lambda: kind in self._offered, timeout_s)

    def under_way(self, kind: str) -> int:
        """How many requests of this kind are not answered yet."""
        return sum(pending.kind == kind for pending in list(self._pending.values()))

    def is_idle(self, kind: str) -> bool:
        """No request of this kind is under way."""
        return self.under_way(kind) == 0

    def close(self) -> None:
        """Stop the process. Safe to call twice."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
        try:
            self._outbox.put_nowait(None)
        except queue.Full:
            logger.warning("requests were still waiting when the speech process was shut down")
        self._hang_up()
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(5.0)

    def _hang_up(self) -> None:
        connection = self._connection
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # the other side was faster

    def _keep_alive(self) -> None:
        failures = 0
        while not self._closed.is_set():
            begun = self._monotonic()
            try:
                self._live_once()
            except (OSError, ProtocolError) as error:
                logger.error("the speech process could not be run", extra={"reason": str(error)})
                self._refusal = self._refusal or str(error)
            self._tried.set()
            self._fail_all("the speech process ended")
            if self._closed.is_set():
                return
            failures = 0 if self._monotonic() - begun > _STEADY_S else failures + 1
            pause_s = _BACK_OFF_S[min(failures - 1, len(_BACK_OFF_S) - 1)] if failures else 0.0
            logger.warning("the speech process ended; it is started again", extra={"pause_s": pause_s})
            self._closed.wait(pause_s)

    def _live_once(self) -> None:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                child = subprocess.Popen(
                    self._command.line(theirs.fileno()),
                    pass_fds=[theirs.fileno()],
                    env=child_environment(),
                    stdin=subprocess.DEVNULL,
                )
            self._connection, self._child = ours, child
            try:
                if self._closed.is_set():
                    return
                while (message := receive_message(ours)) is not None:
                    self._dispatch(*message)
            finally:
                self._ready.clear()
                self._offered = frozenset()
                self._connection = None
                reap(child)

    def _dispatch(self, header: Header, body: bytes) -> None:
        kind, request = header.get("kind"), header.get("id", 0)
        self._heard_at = self._monotonic()
        if kind == "ready":
            self._ready.set()
            self._tried.set()
            return
        if kind == "offers":
            with self._offers_changed:
                self._offered = frozenset(header["kinds"])
                self._offers_changed.notify_all()
            return
        if request == 0:
            self._refusal = str(header.get("reason", ""))
            return
        with self._lock:
            pending = self._pending.pop(request, None) if kind in _LAST_REPLIES else self._pending.get(request)
        if pending is not None:
            pending.on_reply(header, body)

    def _fail(self, requests: list[int], reason: str) -> None:
        for request in requests:
            with self._lock:
                pending = self._pending.pop(request, None)
            if pending is not None:
                pending.on_reply({"kind": "failed", "id": request, "reason": reason}, b"")

    def _fail_all(self, reason: str) -> None:
        with self._lock:
            while not self._outbox.empty() and not self._closed.is_set():
                self._outbox.get_nowait()
        self._fail(sorted(self._pending), reason)

    def _write(self) -> None:
        while (message := self._outbox.get()) is not None:
            header, body = message
            while not self._ready.wait(_WATCH_S) and not self._closed.is_set():
                if header["id"] not in self._pending:
                    break
            connection = self._connection
            if connection is None or (header["id"] not in self._pending and header["kind"] != "cancel"):
                continue
            try:
                send_message(connection, header, body)
            except OSError:
                self._fail([header["id"]], "the speech process ended")

    def _watch(self) -> None:
        while not self._closed.wait(_WATCH_S):
            now = self._monotonic()
            late = [request for request, pending in list(self._pending.items()) if now > pending.deadline]
            self._fail(late, "the speech process did not answer in time")
            if late and now - self._heard_at > self._stuck_after_s:
                logger.error("the speech process is stuck and is killed")
                child = self._child
                if child is not None:
                    child.kill()
