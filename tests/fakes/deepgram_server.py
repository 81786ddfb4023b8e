"""Deepgram on the loopback: its sockets and its REST paths, strict in what they take, faulty where a test wants it."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from tests.fakes import deepgram_rules as rules
from tests.fakes import tone_speech
from tests.fakes.deepgram_listen import FluxConnection, ListenConnection, NovaConnection
from tests.fakes.deepgram_rest import RestServer
from tests.fakes.deepgram_segments import Hear
from tests.fakes.deepgram_speak import FluxVoiceConnection, VoiceConnection
from tests.fakes.wire_faults import Fault, FaultPlan, FaultyWire

KEY = "a-key-of-the-test"
Speak = Callable[[str], bytes]
_RULES = {
    "/v1/listen": rules.LISTEN_V1,
    "/v2/listen": rules.LISTEN_V2,
    "/v1/speak": rules.SPEAK_SOCKET,
    "/v2/speak": rules.SPEAK_V2,
}


@dataclass(slots=True)
class Counted:
    """What Deepgram would bill, and what it would complain about."""

    audio_bytes: int = 0
    """Mu-law bytes taken in to be recognised."""
    characters: int = 0
    violations: list[str] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and query of everything that was accepted."""
    finished: int = 0
    """Socket connections that are over."""


class DeepgramServer:
    """A context manager. `socket_url` (and `rest_url`) are what a client is to be given, with KEY."""

    def __init__(
        self,
        hear: Hear = tone_speech.hear,
        speak: Speak = tone_speech.speak,
        *,
        idle_s: float = 10.0,
        glance: Hear | None = None,
    ) -> None:
        """hear: mu-law to words with start and end in seconds; speak: a text to mu-law; idle_s: until NET-0001.

        glance: for interim results in its place, where hearing takes long; it runs beside the stream.
        """
        self.counted = Counted()
        self.faults = FaultPlan()
        self.listening: list[ListenConnection] = []
        """The recognition connections, in the order in which they came."""
        self.first_byte_s = 0.0
        """How long the voices on sockets take to begin each text."""
        self.flush_window_s = 60.0
        """In which a connection may flush so many times."""
        self._hear, self._speak, self._idle_s, self._glance = hear, speak, idle_s, glance
        self._listening = threading.Event()
        self._log = logging.Logger("deepgram-server", logging.INFO)
        self._log.addFilter(self._note_listening)
        self._server = serve(
            self._handle,
            "127.0.0.1",
            0,
            process_request=self._admit,
            compression=None,
            close_timeout=0.5,
            logger=self._log,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="deepgram-sockets")
        self._rest: RestServer | None = None
        self.socket_url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def __enter__(self) -> "DeepgramServer":
        self._thread.start()
        self._listening.wait(5.0)  # what it opens for itself is not to be taken for something that a test left behind
        return self

    def _note_listening(self, record: logging.LogRecord) -> bool:
        if record.msg.startswith("server listening"):
            self._listening.set()
        return record.levelno >= logging.ERROR

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.stopping.set()
        self._server.shutdown()
        if self._rest is not None:
            self._rest.stop()
        self._thread.join()

    @property
    def rest_url(self) -> str:
        """Where the REST paths are served, from the first time that it is asked for."""
        if self._rest is None:
            self._rest = RestServer(self.faults, self.counted, self._hear, self._speak, KEY)
            self._rest.start()
        return self._rest.url

    def plan(self, path: str, *faults: Fault | None) -> None:
        """See FaultPlan.plan. REST requests have a path of their own: "POST /v1/speak"."""
        self.faults.plan(path, *faults)

    def wait_for(self, is_so: Callable[["DeepgramServer"], bool], timeout_s: float = 5.0) -> bool:
        """Wait until something is so, and tell whether it came to that."""
        until = time.monotonic() + timeout_s
        while not is_so(self):
            if time.monotonic() > until:
                return False
            self.faults.stopping.wait(0.01)
        return True

    def protest(self, what: str) -> None:
        self.counted.violations.append(what)

    def _bill(self, characters: int) -> None:
        self.counted.characters += characters

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        query = parse_qsl(url.query, keep_blank_values=True)
        if request.headers.get("Authorization") != f"Token {KEY}":
            return self._refuse(401, "INVALID_AUTH: Invalid credentials.")
        if url.path not in _RULES:
            return self._refuse(404, "No such path.")
        complaint = rules.fault_of(_RULES[url.path], query)
        if complaint is not None:
            self.protest(complaint)
            return self._refuse(400, complaint)
        fault = self.faults.next_for(url.path)
        if fault is not None and fault.act == "refuse":
            return self._refuse(fault.status, fault.reason, fault.headers)
        self.faults.held_handshake(url.path)
        self.counted.requests.append((url.path, dict(query)))
        connection.plan = (url.path, dict(query), fault)  # type: ignore[attr-defined]
        return None

    @staticmethod
    def _refuse(status: int, reason: str, more: dict[str, str] | None = None) -> Response:
        headers = Headers({"dg-error": reason, "dg-request-id": "0", "Content-Length": "0", "Connection": "close"})
        headers.update(more or {})
        return Response(status, HTTPStatus(status).phrase, headers, b"")

    def _handle(self, connection: ServerConnection) -> None:
        path, query, fault = connection.plan  # type: ignore[attr-defined]
        wire = FaultyWire(connection, fault, self.faults.stopping)
        if path.endswith("/listen"):
            kind = NovaConnection if path.startswith("/v1") else FluxConnection
            listener = kind(connection, wire, query, self._hear, idle_s=self._idle_s, protest=self.protest)
            listener.glance = self._glance
            self.listening.append(listener)
            listener.run()
            self.counted.audio_bytes += listener.stream.received
        else:
            kind_of_voice = VoiceConnection if path.startswith("/v1") else FluxVoiceConnection
            voice = kind_of_voice(connection, wire, self._speak, self.protest, self._bill)
            voice.first_byte_s, voice.flush_window_s = self.first_byte_s, self.flush_window_s
            voice.run()
        self.counted.finished += 1
