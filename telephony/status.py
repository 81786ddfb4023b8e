"""Twilio's words for the state of a call, as ours; and what a status callback may change.

Source: Twilio, "Call resource", status values and status callbacks.
"""

from dataclasses import dataclass
from typing import Final

from engine.vocabulary import CallState

STATES: Final[dict[str, CallState]] = {
    "queued": CallState.RINGING,
    "initiated": CallState.RINGING,
    "ringing": CallState.RINGING,
    "in-progress": CallState.LIVE,
    "completed": CallState.COMPLETED,
    "busy": CallState.BUSY,
    "no-answer": CallState.NO_ANSWER,
    "failed": CallState.FAILED,
    "canceled": CallState.CANCELLED,
}

_HIGHEST_SEQUENCE_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class CallStatus:
    """What one callback says; the sequence number counts from 0 within a call."""

    state: CallState
    sequence: int


def read(twilio_status: str, sequence_number: str) -> CallStatus | None:
    """The status that a callback's fields carry; None for a status that is not in the table.

    A callback without a readable sequence number counts as number 0.
    """
    state = STATES.get(twilio_status)
    if state is None:
        return None
    is_number = sequence_number.isascii() and sequence_number.isdecimal()
    is_readable = is_number and len(sequence_number) <= _HIGHEST_SEQUENCE_DIGITS
    return CallStatus(state, int(sequence_number) if is_readable else 0)


def is_later(status: CallStatus, last: CallStatus | None) -> bool:
    """Whether a callback is news after the last one that counted. They arrive in any order, and more than once."""
    return last is None or status.sequence > last.sequence


def next_state(current: CallState, status: CallStatus) -> CallState | None:
    """The state that a callback moves a call to; None where it changes nothing.

    A call that is over stays as it ended. A call that came to talk is told about by its own session, which knows more;
    so callbacks decide only about calls that never did. One of those that Twilio calls completed was hung up before a
    word was said; as DROPPED it can still go live when the session's own news comes in after this.
    """
    if current is not CallState.RINGING or status.state in (CallState.RINGING, CallState.LIVE):
        return None
    return CallState.DROPPED if status.state is CallState.COMPLETED else status.state
