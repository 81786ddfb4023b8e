"""Twilio's words for the state of a call and for who picked up, as ours.

What such news may change stands in engine/store/line_news.py and engine/dialogue/answering.py. Source: Twilio, "Call
resource", status values and status callbacks; "Answering machine detection", values of AnsweredBy.
"""

from typing import Final

from engine.dialogue.answering import Detected
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

DETECTED: Final[dict[str, Detected]] = {
    "human": Detected.PERSON,
    "machine_start": Detected.MACHINE,
    "machine_end_beep": Detected.MACHINE_LISTENS,
    "machine_end_silence": Detected.MACHINE_LISTENS,
    "machine_end_other": Detected.MACHINE_LISTENS,
    "fax": Detected.FAX,
    "unknown": Detected.UNSURE,
}
