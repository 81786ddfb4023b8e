"""Twilio's words for the state of a call, as ours; and what a status callback may change.

Source: Twilio, "Call resource", status values and status callbacks.
"""

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


def next_state(current: CallState, twilio_status: str) -> CallState | None:
    """The state that a callback moves a call to; None where it changes nothing, as with a status not in the table.

    A call that is over stays as it ended. A call that came to talk is told about by its own session, which knows more;
    so callbacks decide only about calls that never did. One of those that Twilio calls completed was hung up before a
    word was said; as DROPPED it can still go live when the session's own news comes in after this. Since the only move
    is from RINGING to an end, callbacks may come in any order and more than once: no sequence number is looked at.
    """
    told = STATES.get(twilio_status)
    if current is not CallState.RINGING or told in (None, CallState.RINGING, CallState.LIVE):
        return None
    return CallState.DROPPED if told is CallState.COMPLETED else told
