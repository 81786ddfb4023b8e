"""One connection to the fake server: reads requests, applies the fault that is due, and writes replies."""

import json
import socket
import struct
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from itertools import islice
from typing import TYPE_CHECKING, Any

from tests.fakes import openai_rules as rules
from tests.fakes.openai_faults import Fault
from tests.fakes.openai_replies import pieces, response, usage_data
from tests.fakes.openai_wire import Request, multipart, sse

if TYPE_CHECKING:
    from tests.fakes.openai_server import FakeOpenAI

NOT_JSON = "Sure! Here is the JSON you wanted: {"
WRONG_SHAPE = '{"something": "else"}'


class HungUp(Exception):
    """The fault ended the connection."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Tests print nothing."""

    @property
    def fake(self) -> "FakeOpenAI":
        return self.server.fake  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length") or 0)))

    def _answer(self, content: bytes) -> None:
        self.fake.changed(1)
        try:
            self._route(content)
        except rules.Rejected as error:
            self._error(error)
        except HungUp:
            self.close_connection = True
        finally:
            self.fake.changed(-1)

    def _route(self, content: bytes) -> None:
        path = self.path.removeprefix("/v1")
        is_form = self.headers.get("content-type", "").startswith("multipart/form-data")
        body: Any = {}
        if is_form:
            body = multipart(self.headers["content-type"], content)
        elif content:
            try:
                body = json.loads(content)
            except ValueError as error:
                raise rules.Rejected("We could not parse the JSON body of your request.") from error
        number = self.fake.note(Request(path, body, dict(self.headers)))
        self._number = number
        if self.headers.get("authorization") != f"Bearer {self.fake.key}":
            raise rules.Rejected("Incorrect API key provided.", status=401, code="invalid_api_key")
        fault = self.fake.take_fault(path)
        self._before(fault)
        answers = {
            "/responses": self._responses, "/audio/speech": self._speech,
            "/audio/transcriptions": self._transcription, "/models": self._models,
        }  # fmt: skip
        if path not in answers:
            raise rules.Rejected("Invalid URL", status=404)
        answers[path](body, fault)

    def _before(self, fault: Fault | None) -> None:
        if fault is None:
            return
        if fault.kind == "status":
            raise rules.Rejected("scripted", status=fault.status, code=fault.code, retry_after=fault.retry_after)
        if fault.kind == "slow":
            self.fake.wait(fault.seconds)
        if fault.kind == "reset":
            self._reset()

    def _models(self, _body: object, _fault: Fault | None) -> None:
        names = (*rules.CHAT_MODELS, *rules.SPEECH_MODELS, *rules.TRANSCRIPTION_MODELS)
        data = [
            {
                "id": name,
                "object": "model",
                "created": 1,
                "owned_by": "openai",
                "shutdown_date": rules.SHUTDOWNS.get(name),
            }
            for name in names
        ]
        self._json({"object": "list", "data": data})

    def _responses(self, body: Mapping[str, Any], fault: Fault | None) -> None:
        rules.check_response(body)
        text = self.fake.behaviour.chat(body)
        replaced = {"not_json": NOT_JSON, "wrong_shape": WRONG_SHAPE, "empty": ""}
        if fault is not None:
            text = replaced.get(fault.kind, text)
            if fault.kind == "incomplete":
                text = text[: len(text) // 2]
        usage = usage_data(*self.fake.count_chat(body, text))
        self.fake.wait(self.fake.behaviour.first_token_s)
        if body.get("stream"):
            self._stream("text/event-stream", sse(self._events(body["model"], text, usage, fault)), fault)
            return
        status = "incomplete" if fault is not None and fault.kind == "incomplete" else "completed"
        self._json(response(body["model"], self._number, status, text, usage))

    def _events(
        self, model: str, text: str, usage: Mapping[str, Any], fault: Fault | None
    ) -> Iterator[Mapping[str, Any]]:
        kind = fault.kind if fault is not None else ""
        yield {"type": "response.created", "response": response(model, self._number, "in_progress", "", None)}
        place = {"item_id": f"msg_{self._number}", "output_index": 0, "content_index": 0}
        if kind == "refusal":
            yield {"type": "response.refusal.delta", **place, "delta": "I cannot help with that."}
            yield {"type": "response.refusal.done", **place, "refusal": "I cannot help with that."}
            text = ""
        for piece in pieces(text):
            delta: Any = 17 if kind == "wrong_types" else piece
            yield {"type": "response.output_text.delta", **place, "delta": delta, "logprobs": []}
            if kind == "error_event":
                yield {"type": "error", "code": "server_error", "message": "scripted", "param": None}
                return
        if kind == "no_completed":
            return
        endings = {"failed": "failed", "incomplete": "incomplete"}
        status = endings.get(kind, "completed")
        final = response(model, self._number, status, text, usage)
        if kind == "failed":
            final["error"] = {"code": (fault and fault.code) or "server_error", "message": "scripted"}
        if kind == "incomplete":
            final["incomplete_details"] = {"reason": "max_output_tokens"}
        if kind == "wrong_types":
            final["usage"] = ["no", "object"]
        yield {"type": f"response.{status}", "response": final}

    def _speech(self, body: Mapping[str, Any], fault: Fault | None) -> None:
        rules.check_speech(body)
        audio = self.fake.behaviour.speak(body["input"])
        if fault is not None and fault.kind == "empty":
            audio = b""
        if fault is not None and fault.kind == "odd_cut":
            audio = audio[:-1]
        self.fake.count_audio("speech", body["model"], seconds=len(audio) / 48_000, characters=len(body["input"]))
        self.fake.wait(self.fake.behaviour.first_audio_s)
        size = self.fake.behaviour.audio_chunk_bytes
        self._stream("audio/pcm", (audio[at : at + size] for at in range(0, len(audio), size)), fault)

    def _transcription(self, fields: Mapping[str, Any], fault: Fault | None) -> None:
        seconds = rules.check_transcription(fields)
        text: Any = self.fake.behaviour.transcribe(fields["file"], fields)
        self.fake.count_audio("transcription", fields["model"], seconds=seconds)
        reply: dict[str, Any] = {"text": text, "usage": {"type": "duration", "seconds": seconds}}
        if fault is not None and fault.kind == "wrong_types":
            reply = {"text": {"no": "text"}, "usage": 4}
        if fault is not None and fault.kind == "empty":
            reply["text"] = ""
        if fault is not None and fault.kind in ("truncated", "stall", "not_json", "trickle"):
            self._stream("application/json", (bytes([byte]) for byte in json.dumps(reply).encode()), fault)
            return
        self._json(reply)

    def _stream(self, content_type: str, chunks: Iterator[bytes], fault: Fault | None) -> None:
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("x-request-id", f"req_{self._number}")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        kind = fault.kind if fault is not None else ""
        if fault is not None and kind in ("stall", "truncated", "broken_event", "not_json", "trickle"):
            for chunk in islice(chunks, fault.after):
                self._chunk(chunk)
            self._midway(fault, content_type)
        for chunk in chunks:
            self._chunk(chunk)
        self._chunk(b"")

    def _midway(self, fault: Fault, content_type: str) -> None:
        """What happens in the middle of a stream."""
        if fault.kind == "stall":
            self.fake.wait(fault.seconds)
        elif fault.kind == "truncated":
            raise HungUp
        elif fault.kind == "broken_event":
            self._chunk(b"event: response.output_text.delta\ndata: {broken\n\n")
        elif fault.kind == "not_json" and content_type == "application/json":
            self._chunk(b"<html>")
        elif fault.kind == "trickle":
            while not self.fake.closing.is_set():
                self._chunk(b":" if content_type == "text/event-stream" else b" ")
                self.fake.wait(0.02)

    def _chunk(self, content: bytes) -> None:
        try:
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        except OSError as error:
            raise HungUp from error

    def _json(self, value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("content-type", "application/json")
        self.send_header("x-request-id", f"req_{self._number}")
        self.send_header("content-length", str(len(content)))
        try:
            self.end_headers()
            self.wfile.write(content)
        except OSError as error:
            raise HungUp from error

    def _error(self, rejected: rules.Rejected) -> None:
        error = {
            "message": str(rejected),
            "type": "invalid_request_error",
            "code": rejected.code,
            "param": rejected.param,
        }
        headers = {"retry-after": rejected.retry_after} if rejected.retry_after is not None else {}
        try:
            self._json({"error": error}, rejected.status, headers)
        except HungUp:
            self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise HungUp
