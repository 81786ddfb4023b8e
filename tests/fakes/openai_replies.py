"""What the fake server answers: example values for a schema, events of a stream, and the counting of tokens."""

import json
import math
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

PCM_RATE_HZ = 24_000


def count_tokens(text: str) -> int:
    """Words and signs; near enough, and the same on both sides of a test."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def example(schema: Mapping[str, Any]) -> Any:
    """The smallest value that fits a strict schema."""
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        return {name: example(inner) for name, inner in schema["properties"].items()}
    if kind == "array":
        return [example(schema["items"]) for _ in range(schema.get("minItems", 0))]
    if kind in ("integer", "number"):
        return schema.get("minimum", 0)
    return {"string": "text", "boolean": False, "null": None}[str(kind)]


def plain_reply(body: Mapping[str, Any]) -> str:
    """What the model says unless a test wants something else."""
    shape = body.get("text", {}).get("format")
    return json.dumps(example(shape["schema"])) if shape else "Could you tell me a little more about that?"


def hum(text: str) -> bytes:
    """Speech: 60 ms of a tone for each word, 16-bit little-endian at 24 kHz."""
    samples = PCM_RATE_HZ * 60 // 1000 * len(text.split())
    wave = (round(6000 * math.sin(2 * math.pi * 220 * n / PCM_RATE_HZ)) for n in range(samples))
    return struct.pack(f"<{samples}h", *wave)


def pieces(text: str) -> Iterator[str]:
    """A text as a model writes it: piece by piece."""
    for start in range(0, len(text), 7):
        yield text[start : start + 7]


def response(model: str, number: int, status: str, text: str, usage: Mapping[str, Any] | None) -> dict[str, Any]:
    """A Response object."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "status": status, "content": content}
    return {
        "id": f"resp_{number}", "object": "response", "created_at": 1.0, "model": model, "status": status,
        "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
        "output": [message] if text else [],
        "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "usage": usage,
    }  # fmt: skip


def usage_data(input_tokens: int, cached: int, output_tokens: int) -> dict[str, Any]:
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input_tokens + output_tokens,
    }
