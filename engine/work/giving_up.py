"""A booked call that is not placed: its user gets a task that says why, its candidate one message how it goes on."""

from dataclasses import dataclass
from uuid import UUID

from engine.scheduling.touches import PlannedTouch, Touch
from engine.store.appointments import AppointmentRepository
from engine.store.moves import OPEN_INTERVIEW
from engine.store.schedule_models import Appointment
from engine.store.tasks import TaskRepository
from engine.store.webhooks import announce_miss
from engine.vocabulary import AppointmentState, TaskKind
from engine.work.desk import Desk
from engine.work.rebooking import offer_new_time
from engine.work.telling import may_be_told_of_call, plan_touches


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What stood in the way of a call."""

    name: str
    """For programs: a gate, or what took its place."""
    text: str
    """For the user."""
    may_work_later: bool
    """Whether a call at another time has a chance, so that the candidate may pick one."""


def give_up(desk: Desk, appointment: Appointment, why: WhyNot, *, call_id: UUID | None = None) -> None:
    """The call does not take place. Nothing follows where it was moved meanwhile, or the interview is over."""
    session = desk.session
    if not AppointmentRepository(session).set_state(appointment.id, AppointmentState.MISSED, reason=why.name):
        return
    interview = appointment.interview
    if interview.state not in OPEN_INTERVIEW or interview.deleted_at is not None:
        return
    announce_miss(session, appointment, why.name)
    told = _tell(desk, appointment, why)
    TaskRepository(session).add(
        appointment.owner_id, appointment.interview_id, TaskKind.NOT_CALLED, f"{why.text} {told}", call_id=call_id
    )


def _tell(desk: Desk, appointment: Appointment, why: WhyNot) -> str:
    """Plan the message to the candidate; in words for the user, what was done."""
    if not may_be_told_of_call(desk, appointment):
        return "Nobody was told."
    has_offer = why.may_work_later and offer_new_time(desk, appointment)
    plan_touches(desk, appointment, [PlannedTouch(Touch.NOT_CALLED, desk.now)])
    return f"The candidate is told, and may {'pick a new time' if has_offer else 'still dial in'}."
