"""The session's line over a websocket: text in, text out, and one exception for every way a socket can end.

Flask-Sock accepts the connection; from then on the session's own greenlet reads the socket. The library's reader
would be a second greenlet for every call, woken for every frame only to wake the first.
"""

import logging
import socket
import threading
import time
from collections import deque

from simple_websocket import Server

from telephony.line_errors import DeadLeg, LineGone
from telephony.websocket_frames import (
    NO_STATUS,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    BinaryCame,
    Broken,
    CloseCame,
    FrameReader,
    PingCame,
    encode,
    encode_close,
)

log = logging.getLogger(__name__)

MOST_MESSAGE_BYTES = 1 << 20
QUIET_S = 10
"""So long without a message and the peer is gone: a line that is open sends frames, also of silence."""
_READ_BYTES = 16_384
_LAST_CHANCE_S = 3
"""So long after its reading was ended a quiet line may take over its farewell before it is cut off."""
_LINGER_S = 1.0
"""So long the peer may take to answer a close; reading on keeps the close from being lost to a reset."""
_MOST_LINGERING_READS = 60


class NoReader:
    """Takes the place of the thread that the websocket library would start to read the socket."""

    name = ""

    def __init__(self, target: object) -> None:
        """Nothing is started."""

    def start(self) -> None:
        """The session reads."""


class QuietWatch:
    """Ends the waiting of lines on which nothing comes any more. One thread (greenlet) for all lines of a process.

    A time limit on every read would cost a timer for every frame; here a line pays nothing for being watched.
    """

    def __init__(self) -> None:
        self._lines: dict[WebsocketLine, tuple[int, int]] = {}
        """Messages that a line had brought when it was last looked at, and seconds that it has been quiet."""
        self._changing = threading.Lock()
        self._is_running = False

    def add(self, line: "WebsocketLine") -> None:
        with self._changing:
            self._lines[line] = (0, 0)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._work, name="quiet-lines", daemon=True).start()

    def remove(self, line: "WebsocketLine") -> None:
        with self._changing:
            self._lines.pop(line, None)

    def look(self) -> None:
        """A second has passed: end the lines that have been quiet for too long."""
        with self._changing:
            for line, (seen, was_quiet_s) in list(self._lines.items()):
                quiet_s = 0 if line.messages != seen else was_quiet_s + 1
                self._lines[line] = (line.messages, quiet_s)
                if quiet_s == QUIET_S:
                    line.stop_reading()
                elif quiet_s >= QUIET_S + _LAST_CHANCE_S:
                    del self._lines[line]
                    line.cut_off()

    def _work(self) -> None:
        while True:
            time.sleep(1)
            with self._changing:
                if not self._lines:
                    self._is_running = False
                    return
            self.look()


class WebsocketLine:
    """An accepted websocket as telephony.call_parts.Line. One thread reads; any thread may send."""

    def __init__(self, accepted: Server, watch: QuietWatch) -> None:
        self.messages = 0
        """Text messages that were received."""
        self._accepted = accepted
        self._socket: socket.socket = accepted.sock
        self._reader = FrameReader(MOST_MESSAGE_BYTES)
        self._pending: deque[object] = deque()
        self._sending = threading.Lock()
        self._is_open = True
        self._is_quiet = False
        self._watch = watch
        watch.add(self)

    def receive(self) -> str | None:
        """The next message. Binary messages are handed on as text that cannot be decoded."""
        while True:
            while not self._pending:
                self._pending.extend(self._reader.feed(self._read()))
            came = self._pending.popleft()
            if isinstance(came, str):
                self.messages += 1
                if self._pending:
                    # We are behind: every call in its turn takes one frame, or one call would hold up all others.
                    time.sleep(0)
                return came
            if isinstance(came, BinaryCame):
                self.messages += 1
                return ""  # counted as malformed: Media Streams are text
            self._control(came)

    def send(self, text: str) -> None:
        if not self._is_open:
            raise LineGone("closed")
        self._write(encode(TEXT, text.encode()))

    def close(self, code: int, reason: str) -> None:
        if not self._is_open:
            raise LineGone("closed")
        self._leave(code, reason)

    def stop_reading(self) -> None:
        """Nothing came for too long: whoever waits in `receive` gets LineGone, and may still say farewell."""
        self._is_quiet = True
        self._shut(socket.SHUT_RD)

    def cut_off(self) -> None:
        """End everything, a send included that the peer does not take."""
        self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        try:
            self._socket.shutdown(how)
        except OSError:
            log.debug("the line was gone already")

    def _read(self) -> bytes:
        if not self._is_open:
            raise LineGone("closed")
        try:
            data = self._socket.recv(_READ_BYTES)
        except OSError as error:
            raise self._gone(type(error).__name__) from error
        if not data:
            gone = self._gone("closed without a word")
            raise DeadLeg if self._is_quiet else gone
        return data

    def _control(self, came: object) -> None:
        match came:
            case PingCame(payload):
                self._write(encode(PONG, payload))
            case CloseCame(code):
                self._leave(code, "")
                raise LineGone(f"closed with code {code}")
            case Broken(code, reason):
                self._leave(code, reason)
                raise LineGone(reason)

    def _leave(self, code: int, reason: str) -> None:
        self._is_open = False
        farewell = encode_close(code if _may_be_sent(code) else PROTOCOL_ERROR, reason)
        try:
            # A peer that does not read may hold up a send for ever, and the close behind it.
            if not self._sending.acquire(timeout=_LINGER_S):
                self.cut_off()
                return
            try:
                self._socket.settimeout(_LINGER_S)
                self._socket.sendall(farewell)
            finally:
                self._sending.release()
            self._linger()
        except OSError as error:
            raise LineGone(type(error).__name__) from error
        finally:
            self._forget()

    def _linger(self) -> None:
        """Read on until the peer has closed as well, for a moment."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
            for _ in range(_MOST_LINGERING_READS):
                if not self._socket.recv(_READ_BYTES):
                    return
        except OSError as error:
            log.debug("the other side did not close in its turn", extra={"reason": type(error).__name__})

    def _write(self, data: bytes) -> None:
        try:
            with self._sending:
                self._socket.sendall(data)
        except OSError as error:
            raise self._gone(type(error).__name__) from error

    def _gone(self, why: str) -> LineGone:
        self._is_open = False
        self._forget()
        return LineGone(why)

    def _forget(self) -> None:
        self._watch.remove(self)
        self._accepted.connected = False  # or the library would close once more, in the middle of nothing


def _may_be_sent(code: int) -> bool:
    """RFC 6455, 7.4: reserved codes, and those below 1000, never go over the wire."""
    return code == NO_STATUS or (1000 <= code < 5000 and code not in (1004, 1006, 1015))


def refuse_compression(environ: dict[str, object]) -> None:
    """Take the offer of permessage-deflate out of a handshake.

    Base64 of mu-law does not compress, and the shared compressor state makes a second writer fatal.
    """
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
