"""What can go wrong on OpenAI's side of the wire, as values that a test hands to the fake server."""

from dataclasses import dataclass
from typing import Literal

FaultKind = Literal[
    "status", "slow", "stall", "trickle", "truncated", "reset", "no_completed", "failed", "error_event", "refusal",
    "incomplete", "wrong_shape", "not_json", "broken_event", "wrong_types", "empty", "odd_cut",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one request.

    status: answer with an HTTP error. slow: wait before the first byte. stall: wait in the middle. trickle: bytes that
    mean nothing, one at a time. truncated: the connection closes in the middle. reset: it is torn down. no_completed:
    the stream ends well but unfinished. failed, error_event, refusal, incomplete: as the protocol has them.
    wrong_shape, not_json: what the model writes. broken_event, wrong_types: what the server writes. empty: no content.
    odd_cut: speech that stops in the middle of a sample.
    """

    kind: FaultKind
    seconds: float = 30.0
    status: int = 500
    code: str | None = None
    retry_after: str | None = None
    after: int = 1
    """Events or pieces of audio that still come."""


def status(code: int, name: str | None = None, *, retry_after: str | None = None) -> Fault:
    return Fault("status", status=code, code=name, retry_after=retry_after)


SERVER_ERROR = status(500, "server_error")
TOO_MANY = status(429, "rate_limit_exceeded", retry_after="7")
NO_QUOTA = status(429, "insufficient_quota")
