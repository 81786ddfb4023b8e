"""What passes between a conversation and a language model: one request at a time, known by its number.

Replies to any other request than the last are stale and change nothing.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AskModel:
    """Action: give the model a task. `fields` are the task's own (engine/dialogue/live_prompts.py)."""

    request: int
    task: str
    fields: dict[str, Any]
    timeout_ms: int
    """After this nobody waits any more."""


@dataclass(frozen=True, slots=True)
class ModelText:
    """Signal: one whole sentence of a plain reply, while the rest is still being written."""

    at_ms: int
    request: int
    text: str


@dataclass(frozen=True, slots=True)
class ModelReplied:
    """Signal: the reply came to its good end."""

    at_ms: int
    request: int
    data: dict[str, Any] | None
    """What a structured reply says; None for plain text, whose sentences came before."""


@dataclass(frozen=True, slots=True)
class ModelFailed:
    """Signal: no reply, or none that can be used; sentences that came before may stand."""

    at_ms: int
    request: int
    reason: str
