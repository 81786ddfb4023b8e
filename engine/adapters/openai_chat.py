"""engine.ports.ChatModel over the Responses protocol, which OpenAI and many local model servers speak.

Replies are streamed even where a whole one is wanted: the stream says whether it ended well, and a stall shows at
once. A stream that stops without `response.completed` is a failure, whatever it brought.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from engine.adapters.deadline_reading import DeadlineReader, Reading, ReadingLimits
from engine.adapters.json_shape import faults_of
from engine.adapters.openai_client import Client, cut, our_errors, request_timeout
from engine.chat import ChatMessage, ChatRequest
from engine.errors import UnusableReply, UpstreamBusy, UpstreamUnavailable
from engine.ports import UNLIMITED, Account, ChatReply
from engine.usage import Usage

STALL_S: Final = 4.0
"""Silence within a reply after which it counts as broken."""
SHORTEST_REPAIR_S: Final = 0.5
"""With less time left, a reply of the wrong form is not corrected any more."""
LONGEST_REPLY_CHARACTERS: Final = 200_000
_CHARACTERS_PER_TOKEN: Final = 4
"""Rule of thumb for requests that broke before their tokens were counted."""


@dataclass(slots=True)
class _Attempt:
    """What has come of one request so far."""

    parts: list[str] = field(default_factory=list)
    ending: str = ""
    """The name of the event that ended the stream; empty until it came."""
    reason: str = ""
    usage: Usage | None = None
    is_begun: bool = False
    is_refusal: bool = False
    characters: int = 0

    @property
    def text(self) -> str:
        return "".join(self.parts)


class OpenAIChat:
    """One model at one address. Threads may share it; the client belongs to whoever made it."""

    def __init__(
        self,
        client: Client,
        model: str,
        *,
        provider: str = "openai",
        reasoning_effort: str | None = "none",
        workers: int = 16,
    ) -> None:
        """reasoning_effort: None for models and servers that know no such setting.

        The temperature is sent only with the efforts None and "none"; others do not take one.
        """
        self.name = provider
        self._client = client
        self._model = model
        self._effort = reasoning_effort
        self._reader = DeadlineReader(provider, workers)

    def complete(
        self, request: ChatRequest, on_text: Callable[[str], None] | None = None, account: Account = UNLIMITED
    ) -> ChatReply:
        ends_at = time.monotonic() + request.timeout_s
        attempt, usage = self._ask(request, request.messages, request.timeout_s, on_text, account)
        data, faults = _read(request, attempt.text)
        if faults:
            left_s = ends_at - time.monotonic()
            if left_s < SHORTEST_REPAIR_S:
                raise UnusableReply(f"{self.name} answered in a form that cannot be used: {faults[0]}.", usage=usage)
            messages = _corrected(request, attempt.text, faults)
            attempt, usage = self._ask(request, messages, left_s, None, account, usage)
            data, faults = _read(request, attempt.text)
        if faults:
            raise UnusableReply(f"{self.name} answered twice in a form that cannot be used: {faults[0]}.", usage=usage)
        return ChatReply(attempt.text, data, usage, usage.request_id)

    def close(self) -> None:
        self._reader.close()

    def _ask(
        self,
        request: ChatRequest,
        messages: Sequence[ChatMessage],
        timeout_s: float,
        on_text: Callable[[str], None] | None,
        account: Account,
        earlier: Usage | None = None,
    ) -> tuple[_Attempt, Usage]:
        """One request to its good end. Returns what came, and the usage of it and the earlier ones together."""
        fields = self._fields(request, messages)
        limits = ReadingLimits(timeout_s, min(STALL_S, timeout_s), timeout_s)
        attempt = _Attempt()
        try:
            for event in self._reader.read(lambda reading: self._events(reading, fields, timeout_s), limits):
                with our_errors(self.name, self._model):
                    text = _take(attempt, event, self.name)
                if text and on_text is not None:
                    on_text(text)
        except UpstreamUnavailable:
            if attempt.is_begun:
                account.spent(attempt.usage or self._estimated(fields, attempt))
            raise
        usage = attempt.usage or self._estimated(fields, attempt)
        account.spent(usage)
        total = usage if earlier is None else earlier.plus(usage)
        _require_good_end(attempt, self.name, total)
        return attempt, total

    def _events(self, reading: Reading, fields: dict[str, Any], timeout_s: float) -> Iterator[Any]:
        """The events of one stream; runs on a worker."""
        with our_errors(self.name, self._model):
            stream = self._client.responses.create(**fields, stream=True, timeout=request_timeout(timeout_s))
            with stream:
                reading.cut_with(lambda: cut(stream.response))
                yield from stream

    def _fields(self, request: ChatRequest, messages: Sequence[ChatMessage]) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "model": self._model,
            "instructions": request.instructions,
            "input": [{"role": message.role, "content": message.text} for message in messages],
            "max_output_tokens": request.max_output_tokens,
            "store": False,
        }
        if self._effort is not None:
            fields["reasoning"] = {"effort": self._effort}
        if self._effort in (None, "none"):
            fields["temperature"] = request.temperature
        if request.cache_key:
            fields["prompt_cache_key"] = request.cache_key
        if request.schema is not None:
            shape = {"type": "json_schema", "name": request.task, "schema": dict(request.schema), "strict": True}
            fields["text"] = {"format": shape}
        return fields

    def _estimated(self, fields: dict[str, Any], attempt: _Attempt) -> Usage:
        """For a request that broke before it was counted: input by its length, output by what came."""
        asked = len(fields["instructions"]) + sum(len(message["content"]) for message in fields["input"])
        return Usage(
            provider=self.name,
            model=self._model,
            kind="chat",
            input_tokens=-(-asked // _CHARACTERS_PER_TOKEN),
            output_tokens=-(-len(attempt.text) // _CHARACTERS_PER_TOKEN),
            is_estimated=True,
        )


def _take(attempt: _Attempt, event: Any, provider: str) -> str:
    """Enter one event of the stream; returns the text that it adds. Raises UpstreamUnavailable for an error event."""
    kind = str(event.type)
    attempt.is_begun = True
    if kind == "response.output_text.delta":
        text = str(event.delta)
        attempt.parts.append(text)
        attempt.characters += len(text)
        if attempt.characters > LONGEST_REPLY_CHARACTERS:
            raise UpstreamUnavailable(f"{provider} sent a reply without end.")
        return text
    if kind.startswith("response.refusal."):
        attempt.is_refusal = True
    elif kind == "error":
        raise _failure(provider, getattr(event, "code", None))
    elif kind in ("response.completed", "response.incomplete", "response.failed"):
        attempt.ending = kind
        attempt.usage = _usage(event.response, provider)
        if kind == "response.failed":
            raise _failure(provider, getattr(event.response.error, "code", None))
        details = getattr(event.response, "incomplete_details", None)
        attempt.reason = str(getattr(details, "reason", None) or "unknown reason")
    return ""


def _failure(provider: str, code: object) -> UpstreamUnavailable:
    if code == "rate_limit_exceeded":
        return UpstreamBusy(f"{provider} takes no more requests just now.")
    return UpstreamUnavailable(f"{provider} failed while it answered ({code or 'no code'}).")


def _usage(response: Any, provider: str) -> Usage | None:
    counted = response.usage
    if counted is None:
        return None
    read, written = counted.input_tokens_details, counted.output_tokens_details
    return Usage(
        provider=provider,
        model=str(response.model),
        kind="chat",
        input_tokens=_count(counted, "input_tokens"),
        cached_tokens=_count(read, "cached_tokens"),
        cache_write_tokens=_count(read, "cache_write_tokens"),
        output_tokens=_count(counted, "output_tokens"),
        reasoning_tokens=_count(written, "reasoning_tokens"),
        request_id=str(response.id),
    )


def _count(counted: object, name: str) -> int:
    """A count of the reply. Servers other than OpenAI's leave some out."""
    value = getattr(counted, name, None)
    return int(value) if isinstance(value, int | float) and value > 0 else 0


def _require_good_end(attempt: _Attempt, provider: str, usage: Usage) -> None:
    if not attempt.ending:
        raise UpstreamUnavailable(f"{provider} broke off in the middle of its answer.")
    if attempt.ending == "response.incomplete":
        raise UnusableReply(f"{provider} did not finish its answer ({attempt.reason}).", usage=usage)
    if attempt.is_refusal:
        raise UnusableReply(f"{provider} refused to answer.", usage=usage)
    if not attempt.text.strip():
        raise UnusableReply(f"{provider} answered with nothing.", usage=usage)


def _read(request: ChatRequest, text: str) -> tuple[Any, list[str]]:
    """The reply as JSON with what is wrong with it; nothing of both for plain text."""
    if request.schema is None:
        return None, []
    try:
        data = json.loads(text)
    except ValueError:
        return None, ["the reply must be JSON and nothing else"]
    return data, faults_of(data, request.schema)


def _corrected(request: ChatRequest, text: str, faults: list[str]) -> tuple[ChatMessage, ...]:
    wrong = "; ".join(faults)
    ask = f"That reply cannot be used: {wrong}. Reply once more with the whole JSON in the form that was asked for."
    return (*request.messages, ChatMessage("assistant", text), ChatMessage("user", ask))
