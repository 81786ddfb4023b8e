"""What a reader is told when another engine went on with a call: facts in, sentences out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_SIDES: Final = {"speech_to_text": "recogniser", "text_to_speech": "voice"}
_MOST_NAMED: Final = 4
_LONGEST_REASON: Final = 160


@dataclass(frozen=True, slots=True)
class EngineChange:
    """A fact `engine_switched` of a call's log."""

    at_ms: int
    """On the call's clock."""
    data: Mapping[str, Any]
    call: int | None = None
    """Which call of the interview it was, from 1; None where there is only one."""


def change_in_words(change: EngineChange) -> str:
    """One sentence, with the time at which it happened."""
    data = change.data
    side = _SIDES.get(str(data.get("port")), "engine")
    lost_ms = int(data.get("lost_ms") or 0)
    lost = f"; {lost_ms / 1000:.1f} s of the candidate's speech reached neither" if lost_ms else ""
    of_call = f" of call {change.call}" if change.call is not None else ""
    minutes, seconds = divmod(change.at_ms // 1000, 60)
    names = f"from {data.get('from', 'one engine')} to {data.get('to', 'another')}"
    return f"The {side} changed {names} at {minutes:02d}:{seconds:02d}{of_call}{lost}."


def changes_in_words(changes: Sequence[EngineChange]) -> tuple[str, ...]:
    """The changes of an interview with their reasons, the first ones one by one; where audio was lost, each."""
    named = [
        change for number, change in enumerate(changes) if number < _MOST_NAMED or int(change.data.get("lost_ms") or 0)
    ]
    left = len(changes) - len(named)
    more = (f"Engines changed {left} more time{'' if left == 1 else 's'}; the event log has them all.",) if left else ()
    return (*(_with_reason(change) for change in named), *more)


def _with_reason(change: EngineChange) -> str:
    said = change_in_words(change)
    reason = " ".join(str(change.data.get("reason") or "").split())[:_LONGEST_REASON].rstrip(".")
    return f"{said} Reason: {reason}." if reason else said
