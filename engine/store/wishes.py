"""What candidates wish for in a call beyond the interview, and what their call means for the appointment."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.store import jobs
from engine.store.models import Call, Interview
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.store.tasks import TaskRepository
from engine.vocabulary import (
    PUT_THROUGH,
    AppointmentKind,
    AppointmentState,
    CallState,
    Channel,
    InterviewState,
    TaskKind,
)


def phoned_in(session: Session, call: Call) -> None:
    """The candidate is on the line of their own accord: nobody needs to ring for this appointment any more."""
    session.execute(
        update(Appointment)
        .where(
            Appointment.interview_id == call.interview_id,
            Appointment.state.in_((AppointmentState.BOOKED, AppointmentState.MISSED)),
        )
        .values(state=AppointmentState.KEPT, closed_gate=None)
    )


def machine_heard(session: Session, call: Call, data: Mapping[str, Any]) -> None:
    """The first words on the line were those of a machine: whoever places calls decides what to do about it."""
    if call.appointment_id is not None:
        jobs.enqueue(session, jobs.ANSWERED, call_id=str(call.id), kind="heard", value=str(data["who"]))


def person_wanted(session: Session, call: Call, at_ms: int, data: Mapping[str, Any]) -> None:
    """The candidate asked for a person: the user is to call back, unless somebody can be put through at once."""
    said = str(data.get("text") or "").strip()
    reason = f'Asked for a person: "{said}"' if said and data.get("by") == "words" else "Asked for a person with a key."
    if _task(session, call, at_ms, TaskKind.CALL_BACK, reason):
        jobs.enqueue(session, jobs.PUT_THROUGH, call_id=str(call.id))


def taken_by_person(session: Session, call: Call) -> None:
    """Somebody took the call that was put through to them: it ends for us, and nothing broke off."""
    session.execute(
        update(Call).where(Call.id == call.id, Call.state != CallState.COMPLETED).values(end_reason=PUT_THROUGH)
    )
    session.execute(
        update(Interview)
        .where(Interview.id == call.interview_id, Interview.state == InterviewState.INTERRUPTED)
        .values(end_reason=PUT_THROUGH)
    )


def call_back_wanted(session: Session, call: Call, at_ms: int) -> None:
    """The candidate stopped for now: the user is to find another time. The interview stays open for its PIN."""
    _task(session, call, at_ms, TaskKind.CALL_BACK, "Would like to be called at another time.")


def new_time_wanted(session: Session, call: Call, at_ms: int) -> None:
    """The line was too bad. Where the candidate cannot be sent new times to pick from, the user is to find one."""
    can_pick = session.scalar(
        select(Appointment.id).where(
            Appointment.interview_id == call.interview_id, Appointment.kind != AppointmentKind.DIAL_IN
        )
    )
    if can_pick is None:
        _task(session, call, at_ms, TaskKind.CALL_BACK, "The line was too bad; a new time is needed.")


def wrong_person(session: Session, call: Call, at_ms: int) -> None:
    """Somebody else answered: the number, or the hour, is to be looked at."""
    _task(session, call, at_ms, TaskKind.NOT_REACHED, "Somebody else answered at this number.")


def _task(session: Session, call: Call, at_ms: int, kind: TaskKind, reason: str) -> bool:
    """A task for whoever the interview belongs to; false when nobody is left to do it."""
    owner_id = session.scalar(select(Interview.owner_id).where(Interview.id == call.interview_id))
    if owner_id is None:
        return False
    TaskRepository(session).add(owner_id, call.interview_id, kind, reason, call_id=call.id, at_ms=at_ms)
    return True


def calls_refused(session: Session, call: Call, data: Mapping[str, Any]) -> None:
    """The candidate is never to be called again: the number goes on the list, and what was booked is called off."""
    appointment = session.scalar(select(Appointment).where(Appointment.interview_id == call.interview_id))
    interview = session.get(Interview, call.interview_id)
    phone = call.phone or (appointment.phone if appointment else None) or (interview and interview.candidate.phone)
    if not phone:
        return
    source = "key" if data.get("by") == "key" else "words"
    now = session.scalar(select(func.now()))
    if now is not None:
        PermissionRepository(session).refuse(Channel.CALL, phone, source, now)
    session.execute(
        update(Appointment)
        .where(
            Appointment.phone == phone,
            Appointment.state.in_((AppointmentState.OPEN, AppointmentState.BOOKED, AppointmentState.TAKEN)),
        )
        .values(state=AppointmentState.CANCELLED, state_reason="do_not_call", edition=Appointment.edition + 1)
    )
