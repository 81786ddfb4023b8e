"""A loopback server that speaks OpenAI's wire: responses, transcriptions, speech and the list of models.

Strict about what it takes, obedient in what goes wrong: each request takes the next fault from its path's script.
What it counts is what OpenAI would bill.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any, Self

from tests.fakes.openai_faults import Fault
from tests.fakes.openai_handler import Handler
from tests.fakes.openai_replies import count_tokens, hum, plain_reply
from tests.fakes.openai_wire import Request

KEY = "test-key"


@dataclass
class Counted:
    """What the server would bill, of one kind and model."""

    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    audio_s: float = 0.0
    characters: int = 0


@dataclass
class Behaviour:
    """How the server answers when nothing goes wrong."""

    chat: Callable[[Mapping[str, Any]], str] = plain_reply
    transcribe: Callable[[bytes, Mapping[str, Any]], str] = lambda _wav, _fields: (
        "an index is a sorted copy of a column"
    )
    speak: Callable[[str], bytes] = hum
    first_token_s: float = 0.0
    first_audio_s: float = 0.0
    audio_chunk_bytes: int = 1203
    """Odd on purpose: chunks of the wire know nothing of samples."""


@dataclass
class FakeOpenAI:
    """Use it as a context manager; `base_url` is what a client is given."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    key: str = KEY
    requests: list[Request] = field(default_factory=list)
    counted: dict[str, Counted] = field(default_factory=lambda: defaultdict(Counted))
    closing: threading.Event = field(default_factory=threading.Event)
    open_requests: int = 0
    _faults: dict[str, deque[Fault | None]] = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen_prompts: set[tuple[str, str]] = field(default_factory=set)
    _number: int = 0

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="fake-openai")
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def script(self, path: str, *faults: Fault | None) -> None:
        """What goes wrong with the next requests of a path, in order; None lets one pass."""
        self._faults[path].extend(faults)

    def take_fault(self, path: str) -> Fault | None:
        with self._lock:
            return self._faults[path].popleft() if self._faults[path] else None

    def note(self, request: Request) -> int:
        """Keep a request; returns its number."""
        with self._lock:
            self.requests.append(request)
            self._number += 1
            return self._number

    def count_chat(self, body: Mapping[str, Any], text: str) -> tuple[int, int, int]:
        """Tokens in, of them cached, and out; added to the bill."""
        instructions = body.get("instructions") or ""
        said = "".join(message["content"] for message in body["input"])
        with self._lock:
            prompt = (body.get("prompt_cache_key", ""), instructions)
            cached = count_tokens(instructions) if prompt in self._seen_prompts and prompt[0] else 0
            self._seen_prompts.add(prompt)
            amounts = count_tokens(instructions + said), cached, count_tokens(text)
            bill = self.counted[f"chat {body['model']}"]
            bill.requests += 1
            bill.input_tokens += amounts[0]
            bill.cached_tokens += amounts[1]
            bill.output_tokens += amounts[2]
        return amounts

    def count_audio(self, kind: str, model: str, *, seconds: float = 0.0, characters: int = 0) -> None:
        with self._lock:
            bill = self.counted[f"{kind} {model}"]
            bill.requests += 1
            bill.audio_s += seconds
            bill.characters += characters

    def wait(self, seconds: float) -> None:
        """Let time pass, unless the server is told to close."""
        self.closing.wait(seconds)

    def settled(self, requests: int = 1, within_s: float = 5.0) -> bool:
        """Whether so many requests have come and none is being answered any more, within a time."""
        ends_at = time.monotonic() + within_s
        while (self.open_requests or len(self.requests) < requests) and time.monotonic() < ends_at:
            self.closing.wait(0.01)
        return not self.open_requests

    def asked(self, requests: int = 1, within_s: float = 5.0) -> bool:
        """Whether so many requests have come, within a time."""
        ends_at = time.monotonic() + within_s
        while len(self.requests) < requests and time.monotonic() < ends_at:
            self.closing.wait(0.01)
        return len(self.requests) >= requests

    def changed(self, by: int) -> None:
        with self._lock:
            self.open_requests += by


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    fake: FakeOpenAI

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what many tests are about."""
