"""What a request to a provider consumed: counted once, priced elsewhere."""

from dataclasses import dataclass, replace
from typing import Literal

UsageKind = Literal["chat", "speech_to_text", "text_to_speech"]


@dataclass(frozen=True, slots=True)
class Usage:
    """The amounts of one request, or of several that were added up. A provider fills in what it bills by."""

    provider: str
    model: str
    """As the provider names it in its reply, which may be more exact than what was asked for."""
    kind: UsageKind
    requests: int = 1
    input_tokens: int = 0
    """All of them, those read from or written to the provider's cache included."""
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    """All of them, reasoning included."""
    reasoning_tokens: int = 0
    audio_ms: int = 0
    """Audio taken in (recognition) or given out (speech)."""
    characters: int = 0
    """Text handed over to be spoken."""
    request_id: str | None = None
    is_estimated: bool = False
    """The request broke before the provider told its count."""

    def plus(self, other: "Usage") -> "Usage":
        """Both together, under this one's name; the request id is the later one."""
        return replace(
            self,
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            audio_ms=self.audio_ms + other.audio_ms,
            characters=self.characters + other.characters,
            request_id=other.request_id or self.request_id,
            is_estimated=self.is_estimated or other.is_estimated,
        )
