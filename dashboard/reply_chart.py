"""How quickly we answered, arranged for the report's page: one bar a reply, cut into the steps that took the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STEPS = (
    ("decided", "Deciding that the answer is over"),
    ("text", "Waiting for the last words"),
    ("chosen", "Choosing the reply"),
    ("queued", "Speech ready"),
    ("wire", "On the line"),
    ("mark", "First stretch heard"),
)
"""Each step, and what the time up to it was spent on."""
_KINDS = {
    "ask": "Next question", "probe": "Follow-up", "repeat": "Question again", "consent": "Question of consent",
    "closing": "Closing", "goodbye": "Goodbye", "prompt": "Prompt", "apology": "Apology", "confirm": "Confirmation",
}  # fmt: skip
_WIDTH = 600
_ROW = 22


@dataclass(frozen=True, slots=True)
class Part:
    step: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    name: str
    at_ms: int
    """When the candidate stopped speaking, on the call's clock."""
    steps_ms: tuple[int | None, ...]
    """Of STEPS, in their order."""
    parts: tuple[Part, ...]
    y: int


@dataclass(frozen=True, slots=True)
class ReplyChart:
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    height: int
    to_decision_ms: int
    """Median from the end of speech to the decision."""
    to_first_sound_ms: int
    """Median from the end of speech to what the caller heard first: a sound of listening, or the reply."""
    to_line_ms: int
    """Median from the decision to the first audio on the line."""
    slowest_to_line_ms: int
    """Its 95th percentile."""


def reply_chart(timings: Sequence[Mapping[str, Any]]) -> ReplyChart | None:
    """None where no reply to an answer was timed, as in reports of earlier versions."""
    timed = [each for each in timings if "decided" in each["steps_ms"] and "wire" in each["steps_ms"]]
    if not timed:
        return None
    scale_ms = max(1000, *(max(each["steps_ms"].values()) for each in timed))
    rows = tuple(_row(number, each, scale_ms) for number, each in enumerate(timed, start=1))
    to_line = sorted(each["steps_ms"]["wire"] - each["steps_ms"]["decided"] for each in timed)
    step_ms = 500 if scale_ms <= 4000 else 2000
    ticks = tuple((_WIDTH * at_ms / scale_ms, f"{at_ms / 1000:g} s") for at_ms in range(0, scale_ms + 1, step_ms))
    decided = sorted(each["steps_ms"]["decided"] for each in timed)
    first = sorted(min(each["steps_ms"]["wire"], each.get("nod_ms", each["steps_ms"]["wire"])) for each in timed)
    return ReplyChart(
        rows=rows,
        ticks=ticks,
        height=_ROW * len(rows),
        to_decision_ms=decided[len(decided) // 2],
        to_first_sound_ms=first[len(first) // 2],
        to_line_ms=to_line[len(to_line) // 2],
        slowest_to_line_ms=_ninety_fifth(to_line),
    )


def _row(number: int, timing: Mapping[str, Any], scale_ms: int) -> Row:
    steps = timing["steps_ms"]
    parts, before_ms = [], 0
    for step, _ in STEPS:
        at_ms = max(before_ms, int(steps.get(step, before_ms)))
        if at_ms > before_ms:
            parts.append(Part(step, _WIDTH * before_ms / scale_ms, _WIDTH * (at_ms - before_ms) / scale_ms))
        before_ms = at_ms
    kind = str(timing.get("label", "")).partition(":")[0]
    values = tuple(steps.get(step) for step, _ in STEPS)
    return Row(number, _KINDS.get(kind, "Reply"), int(timing["ended_ms"]), values, tuple(parts), _ROW * (number - 1))


def _ninety_fifth(values: Sequence[int]) -> int:
    return values[max(0, -(-len(values) * 95 // 100) - 1)]
