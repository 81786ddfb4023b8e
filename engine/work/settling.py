"""What follows from how a call of ours went: kept, rung again later, or missed with a word to both sides."""

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.dialogue.answering import Do
from engine.scheduling.retries import Outcome, Phone, Try, next_try
from engine.scheduling.zones import wall_time
from engine.store.appointments import AppointmentRepository, Hour
from engine.store.dials import NOT_PLACED, UNDER_WAY, DialRepository
from engine.store.models import Call, Consent, Interview, Question
from engine.store.moves import move_interview
from engine.store.schedule_models import Appointment
from engine.store.tasks import TaskRepository
from engine.store.webhooks import announce_miss
from engine.vocabulary import AppointmentState, CallState, InterviewState, TaskKind
from engine.work.desk import Desk
from engine.work.telling import tell_of_miss

logger = logging.getLogger(__name__)

_OUTCOMES: Final[Mapping[str, Outcome]] = {
    CallState.BUSY: Outcome.BUSY,
    CallState.NO_ANSWER: Outcome.NO_ANSWER,
    CallState.VOICEMAIL: Outcome.VOICEMAIL,
    CallState.FAILED: Outcome.FAILED,
    # Somebody picked up and put the telephone down before a word about consent: they are left in peace.
    CallState.DROPPED: Outcome.DECLINED,
    CallState.DECLINED: Outcome.DECLINED,
    CallState.CANCELLED: Outcome.DECLINED,
}
_SCREENING_TAKES: Final = timedelta(minutes=1)
_OUR_FAULT: Final = ("process_lost", "line_lost", "failed", "refused")
_WORDS: Final[Mapping[str, str]] = {
    CallState.BUSY: "The line was busy each time.",
    CallState.NO_ANSWER: "Nobody answered.",
    CallState.VOICEMAIL: "A voicemail answered.",
    CallState.FAILED: "The call could not be put through.",
    CallState.DROPPED: "The call was answered and put down at once.",
    CallState.DECLINED: "The candidate declined the call.",
    CallState.CANCELLED: "The call was called off while it rang.",
}


def settle(desk: Desk, call_id: uuid.UUID) -> AppointmentState | None:
    """Draw the conclusion from a call of ours that is over; the appointment's state then, None where nothing changed.

    May be asked any number of times: whoever finds the appointment still in hand settles it.
    """
    call = desk.session.scalar(select(Call).where(Call.id == call_id).execution_options(populate_existing=True))
    if call is None or call.appointment_id is None or call.state in UNDER_WAY or call.end_reason == NOT_PLACED:
        return None
    appointment = desk.session.get(Appointment, call.appointment_id, populate_existing=True)
    if appointment is None or appointment.state != AppointmentState.TAKEN:
        return None
    if appointment.edition != call.appointment_edition or _is_screened(call, desk.now):
        return None
    appointments = AppointmentRepository(desk.session)
    if _has_talked(desk.session, call):
        TaskRepository(desk.session).close_of(call.interview_id, (TaskKind.NOT_REACHED, TaskKind.NOT_CALLED), desk.now)
        return AppointmentState.KEPT if appointments.set_state(appointment.id, AppointmentState.KEPT) else None
    _back_to_the_beginning(desk.session, call.interview_id)
    if (again := _next(desk, appointment)) is not None and appointments.ring_again(appointment, again):
        return AppointmentState.BOOKED
    if not appointments.set_state(appointment.id, AppointmentState.MISSED, reason=call.state):
        return None
    words = f"{_WORDS.get(call.state, 'Nobody was reached.')} {_tries_in_words(desk, appointment)}"
    TaskRepository(desk.session).add(
        appointment.owner_id, appointment.interview_id, TaskKind.NOT_REACHED, words, call_id=call.id
    )
    announce_miss(desk.session, appointment, call.state)
    tell_of_miss(desk, appointment)
    logger.info("a candidate was not reached", extra={"call_id": str(call_id), "outcome": call.state})
    return AppointmentState.MISSED


def _is_screened(call: Call, now: datetime) -> bool:
    """Whether a screening service is still finding out if its owner comes to the telephone."""
    is_waiting = call.state == CallState.DROPPED and call.answering.get("did") == Do.EXPLAIN
    return is_waiting and call.ended_at is not None and now - call.ended_at < _SCREENING_TAKES


def _next(desk: Desk, appointment: Appointment) -> Hour | None:
    """The hour of the next try, on the candidate's wall."""
    rules = desk.zones.rules(appointment.time_zone)
    tries = tuple(
        Try(call.dialled_at, _outcome(call))
        for call in DialRepository(desk.session).tries(appointment)
        if call.dialled_at is not None and call.state in _OUTCOMES
    )
    at = next_try(tries, desk.now, Phone(rules, desk.hours.region_of(appointment.phone), desk.hours))
    if at is None:
        return None
    wall = wall_time(at, rules, appointment.time_zone)
    return Hour(wall.wall, wall.which, at, desk.zones.edition)


def _outcome(call: Call) -> Outcome:
    """How a try counts; one that our own side broke is a failure, whatever the line says."""
    return Outcome.FAILED if call.end_reason in _OUR_FAULT else _OUTCOMES[call.state]


def _has_talked(session: Session, call: Call) -> bool:
    """Whether a person answered: one who said yes or no to the recording, was asked something, or called us."""
    other = select(Call.id).where(Call.interview_id == call.interview_id, Call.state == CallState.LIVE).limit(1)
    if call.state == CallState.COMPLETED or session.scalar(other) is not None:
        return True
    if call.state not in (CallState.DROPPED, CallState.FAILED):
        return False
    asked = select(Question.id).where(Question.call_id == call.id).limit(1)
    agreed = select(Consent.id).where(Consent.call_id == call.id).limit(1)
    return session.scalar(agreed) is not None or session.scalar(asked) is not None


def _back_to_the_beginning(session: Session, interview_id: uuid.UUID) -> None:
    """An interview that began with a machine, or with nobody, has not begun."""
    asked = session.scalar(select(Question.id).where(Question.interview_id == interview_id).limit(1))
    interview = session.get(Interview, interview_id, populate_existing=True)
    has_begun = interview is not None and bool(interview.progress.get("asked"))
    if asked is None and not has_begun:
        move_interview(session, interview_id, InterviewState.SCHEDULED, started_at=None, end_reason=None)


def _tries_in_words(desk: Desk, appointment: Appointment) -> str:
    count = len(DialRepository(desk.session).tries(appointment))
    return "It was tried once." if count == 1 else f"It was tried {count} times."
