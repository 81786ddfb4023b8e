"""Twilio's words for the state of a call, as ours. What such news may change stands in engine/store/line_news.py.

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
