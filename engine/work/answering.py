"""What follows from who picked up a call of ours: a message once, an explanation to whoever screens, or the end."""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.call_placing import CallPlacer, OutgoingCall
from engine.dialogue.answering import Answering, Detected, Do, Who, detected, heard
from engine.errors import CallDelayed, CallRefused, CallUnknown
from engine.scheduling.phone_numbers import international
from engine.store.jobs import enqueue_settling
from engine.store.models import Call, Consent, Interview, User
from engine.store.moves import move_call
from engine.vocabulary import CallState
from engine.work.dialling import Dialler

Evidence = Literal["heard", "detected"]
_TONE_AFTER_S: Final = 2
"""After the last words of a greeting comes the tone."""
_SCREENER_DECIDES_S: Final = 8
_ALIVE: Final = (CallState.DIALLING, CallState.RINGING, CallState.LIVE, CallState.DROPPED)

logger = logging.getLogger(__name__)


def answered(dialler: Dialler, call_id: uuid.UUID, kind: Evidence, value: str, now: datetime) -> Do:
    """Take in one more piece of evidence of who picked up, and act on it; what was done.

    kind: heard (value: a Who) or detected (value: a Detected). Pieces that come at once are taken in one after the
    other: the row is locked. What was decided is committed before anything is said.
    """
    with dialler.sessions.begin() as session:
        call = session.scalar(
            select(Call).where(Call.id == call_id).with_for_update().execution_options(populate_existing=True)
        )
        if call is None or call.call_sid is None or call.appointment_id is None or call.state not in _ALIVE:
            return Do.NOTHING
        state = _known(session, call)
        state, do = heard(state, Who(value)) if kind == "heard" else detected(state, Detected(value))
        if do is Do.LEAVE_MESSAGE and _has_left_message(session, call.interview_id):
            do = Do.HANG_UP
        session.execute(
            update(Call).where(Call.id == call_id).values(answering=_data(state, do), answered_by=state.who.value)
        )
        if do in (Do.LEAVE_MESSAGE, Do.HANG_UP):
            move_call(session, call_id, CallState.VOICEMAIL, ended_at=now, end_reason=state.who.value)
            enqueue_settling(session, call_id, may_go_on=True)
        sid, wanted = call.call_sid, _wanted(dialler, call)
        words = _words(session, call.interview_id, dialler.phone_number, do)
    if dialler.placer is not None and do is not Do.NOTHING:
        _act(dialler.placer, sid, do, words, wanted)
        logger.info("a machine answered", extra={"call_id": str(call_id), "who": state.who.value, "did": do.value})
    return do


def _act(placer: CallPlacer, sid: str, do: Do, words: str, wanted: OutgoingCall) -> None:
    try:
        match do:
            case Do.LEAVE_MESSAGE:
                placer.say_and_hang_up(sid, words, after_s=_TONE_AFTER_S)
            case Do.EXPLAIN:
                placer.say_and_connect(sid, words, wanted, wait_s=_SCREENER_DECIDES_S)
            case Do.HANG_UP:
                placer.end(sid)
    except (CallDelayed, CallRefused, CallUnknown) as error:
        # The line is gone, or will be soon: whatever was to be said, nobody hears it.
        logger.warning("a machine could not be answered: %s", error, extra={"did": do.value})


def _known(session: Session, call: Call) -> Answering:
    """What was known before; a person who said yes or no to the recording is a person whatever else is said."""
    data: Mapping[str, Any] = call.answering or {}
    state = Answering(Who(data.get("who", Who.UNSURE)), bool(data.get("is_settled")), int(data.get("explained", 0)))
    agreed = select(Consent.id).where(Consent.call_id == call.id).limit(1)
    return heard(state, Who.PERSON)[0] if session.scalar(agreed) is not None else state


def _data(state: Answering, do: Do) -> dict[str, Any]:
    return asdict(state) | {"did": do.value}


def _has_left_message(session: Session, interview_id: uuid.UUID) -> bool:
    found = select(Call.id).where(
        Call.interview_id == interview_id, Call.answering["did"].astext == Do.LEAVE_MESSAGE.value
    )
    return session.scalar(found.limit(1)) is not None


def _wanted(dialler: Dialler, call: Call) -> OutgoingCall:
    return OutgoingCall(str(call.id), str(call.interview_id), call.phone or "", dialler.longest_call_s)


def _words(session: Session, interview_id: uuid.UUID, phone_number: str, do: Do) -> str:
    interview = session.get_one(Interview, interview_id)
    host = session.get_one(User, interview.owner_id)
    name = interview.candidate.name.split()[0]
    if do is Do.EXPLAIN:
        return (
            f"This is Vivavoce, an A I interviewer, calling {name} for {host.first_name} {host.last_name}, about the "
            f"telephone interview that is booked for now. I will wait."
        )
    number, pin = " ".join(international(phone_number)), ", ".join(interview.pin)
    return (
        f"Hello {name}. This is Vivavoce, an A I interviewer, calling for {host.first_name} {host.last_name} about "
        f"your telephone interview. Call {number} when it suits, and enter the PIN {pin}. Goodbye."
    )
