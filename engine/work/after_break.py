"""An interview whose call broke off and was not taken up again at once: the candidate hears how it goes on."""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from engine.scheduling.touches import ALWAYS_TOLD, PlannedTouch, Touch, may_touch
from engine.store import jobs
from engine.store.appointments import AppointmentRepository
from engine.store.models import Answer, Call, Interview, Question
from engine.store.moves import move_interview
from engine.store.outbox import OutboxRepository
from engine.store.schedule_models import Appointment
from engine.vocabulary import (
    BAD_LINES,
    NO_BREAKS,
    OUR_FAULTS,
    AppointmentKind,
    AppointmentState,
    CallState,
    InterviewState,
)
from engine.work.desk import Desk
from engine.work.rebooking import offer_new_time
from engine.work.telling import plan_touches

RESUMABLE: Final = timedelta(hours=24)
"""So long the PIN takes up an interview that broke off; where a new time was agreed on, until then."""
_AGREED: Final = (AppointmentState.OPEN, AppointmentState.BOOKED, AppointmentState.TAKEN)

logger = logging.getLogger(__name__)


def tell_of_break(desk: Desk, interview_id: uuid.UUID, call_id: uuid.UUID) -> Touch | None:
    """Plan the message about an interview that still lies broken off since this call; None where there is none to send.

    Where the fault was ours or the line's, a new time is offered with it. Asking twice changes nothing.
    """
    session = desk.session
    interview = session.scalar(select(Interview).where(Interview.id == interview_id).with_for_update(of=Interview))
    newest = session.scalar(
        select(Call.id).where(Call.interview_id == interview_id).order_by(Call.created_at.desc()).limit(1)
    )
    if interview is None or interview.state != InterviewState.INTERRUPTED or newest != call_id:
        return None
    if interview.end_reason in NO_BREAKS:
        return None  # put through to a person since
    appointment = AppointmentRepository(session).of_interview(interview_id)
    if appointment is None or not may_touch(
        Touch.BROKEN_OFF, OutboxRepository(session).touches_used(interview_id, ALWAYS_TOLD)
    ):
        return None
    if interview.end_reason in OUR_FAULTS | BAD_LINES and appointment.kind != AppointmentKind.DIAL_IN:
        offer_new_time(desk, appointment)
    plan_touches(desk, appointment, [PlannedTouch(Touch.BROKEN_OFF, desk.now)])
    logger.info("a candidate is told how a broken call goes on", extra={"interview_id": str(interview_id)})
    return Touch.BROKEN_OFF


def close_unresumed(session: Session, now: datetime) -> int:
    """Close interviews that nobody took up again for a day, with a report on what was said; returns how many."""
    last_end = (
        select(func.max(func.coalesce(Call.ended_at, Call.created_at)))
        .where(Call.interview_id == Interview.id)
        .scalar_subquery()
    )
    is_live = exists().where(Call.interview_id == Interview.id, Call.state == CallState.LIVE)
    is_agreed = exists().where(Appointment.interview_id == Interview.id, Appointment.state.in_(_AGREED))
    overdue = session.scalars(
        select(Interview.id).where(
            Interview.state == InterviewState.INTERRUPTED, last_end <= now - RESUMABLE, ~is_live, ~is_agreed
        )
    ).all()
    closed = 0
    for interview_id in overdue:
        if move_interview(session, interview_id, InterviewState.EXPIRED, ended_at=now, end_reason="not_resumed"):
            closed += 1
            if _has_answers(session, interview_id):
                jobs.enqueue_grading(session, interview_id)
    return closed


def _has_answers(session: Session, interview_id: uuid.UUID) -> bool:
    found = select(Answer.id).join(Question).where(Question.interview_id == interview_id, Answer.text != "").limit(1)
    return session.scalar(found) is not None
