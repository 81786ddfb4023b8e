"""The REST paths of the false Deepgram: a text in, audio out as it is made; and whole recordings transcribed."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes import deepgram_rules as rules
from tests.fakes.deepgram_segments import Hear
from tests.fakes.wire_faults import Cut, Fault, FaultPlan, reset

PIECE = 1600
LONGEST_TEXT = 2000


class RestServer:
    """HTTP/1.1 on a port of its own; every request in a thread."""

    def __init__(self, faults: FaultPlan, counted: Any, hear: Hear, speak: Callable[[str], bytes], key: str) -> None:
        self.faults, self.counted, self.hear, self.speak, self.key = faults, counted, hear, speak, key
        self.given_up = threading.Event()
        """Somebody left in the middle of an answer."""
        owner = self

        class Handler(_Handler):
            server_side = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="deepgram-rest")
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 2.0
    """An idle connection is closed after this, so that the server can stop."""
    server_side: RestServer

    def log_message(self, format: str, *args: Any) -> None:
        """Tests need no access log."""

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        side = self.server_side
        known = {"/v1/speak": rules.SPEAK_REST, "/v1/listen": rules.PRERECORDED}
        if self.headers.get("Authorization") != f"Token {side.key}":
            self._error(401, "INVALID_AUTH", "Invalid credentials.")
            return
        if url.path not in known:
            self._error(404, "NOT_FOUND", "No such path.")
            return
        query = parse_qsl(url.query, keep_blank_values=True)
        fault = side.faults.next_for(f"POST {url.path}")
        if fault is not None and fault.act == "refuse":
            self._error(fault.status, "FAULT", fault.reason, fault.headers)
            return
        complaint = rules.fault_of(known[url.path], query) or self._complaint(url.path, body)
        if complaint is not None:
            side.counted.violations.append(complaint)
            self._error(400, "Bad Request", complaint)
            return
        side.counted.requests.append((f"POST {url.path}", dict(query)))
        if url.path == "/v1/speak":
            self._speak(json.loads(body)["text"], fault)
        else:
            self._transcribe(body)

    @staticmethod
    def _complaint(path: str, body: bytes) -> str | None:
        if path != "/v1/speak":
            return None if body else "No audio"
        try:
            data = json.loads(body)
        except ValueError:
            return "Failed to deserialize JSON payload"
        if not isinstance(data, dict) or set(data) != {"text"} or not isinstance(data["text"], str):
            return "Payload must be an object with text"
        if not data["text"].strip():
            return "Text is empty"
        return "Text is too long" if len(data["text"]) > LONGEST_TEXT else None

    def _speak(self, text: str, fault: Fault | None) -> None:
        side = self.server_side
        audio = b"" if fault is not None and fault.act == "empty" else side.speak(text)
        side.counted.characters += len(text)
        pieces = [audio[start : start + PIECE] for start in range(0, len(audio), PIECE)]
        try:
            if fault is not None and fault.at == 0:
                self._happen(fault)
            self.send_response(200)
            is_other = fault is not None and fault.act == "wrong_kind"
            self.send_header("Content-Type", "application/json" if is_other else "audio/basic")
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("dg-char-count", str(len(text)))
            self.end_headers()
            for number, piece in enumerate(pieces):
                if fault is not None and number and number == fault.at:
                    self._happen(fault)
                self._chunk(b'{"ok":true}' if is_other else piece)
            if fault is not None and fault.at == "finish":
                self._happen(fault)
            self._chunk(b"")
        except (Cut, BrokenPipeError, ConnectionResetError):
            side.given_up.set()
            self.close_connection = True

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _happen(self, fault: Fault) -> None:
        match fault.act:
            case "delay":
                self.server_side.faults.stopping.wait(fault.seconds)
            case "stall" | "freeze":
                self.server_side.faults.stopping.wait()
                raise Cut
            case "abort":
                reset(self.connection)
                raise Cut
            case "close":
                raise Cut

    def _transcribe(self, audio: bytes) -> None:
        side = self.server_side
        side.counted.audio_bytes += len(audio)
        words = [
            {"word": text, "start": start, "end": end, "confidence": 0.93} for text, start, end in side.hear(audio)
        ]
        transcript = " ".join(str(word["word"]) for word in words)
        alternative = {"transcript": transcript, "confidence": 0.93, "words": words}
        metadata = {"request_id": "0", "duration": len(audio) / 8000, "channels": 1}
        self._json(200, {"metadata": metadata, "results": {"channels": [{"alternatives": [alternative]}]}})

    def _error(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        self._json(status, {"err_code": code, "err_msg": message, "request_id": "0"}, headers)

    def _json(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
