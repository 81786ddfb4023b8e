"""Which messages are planned for whom: in the transaction of the booking that they speak of."""

from collections.abc import Sequence

from engine.scheduling.touches import ALWAYS_TOLD, PlannedTouch, Touch, may_touch, touch_plan
from engine.store.models import Interview
from engine.store.outbox import OutboxRepository, Recipient
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.vocabulary import AppointmentKind, Channel
from engine.work.desk import Desk


def tell_of_hour(desk: Desk, appointment: Appointment, *, is_moved: bool) -> None:
    """Plan the confirmation and the reminders of an hour that was booked just now."""
    if appointment.due_at is None:
        return
    used = OutboxRepository(desk.session).touches_used(appointment.interview_id, ALWAYS_TOLD)
    plan_touches(desk, appointment, touch_plan(desk.now, appointment.due_at, used, is_moved=is_moved))


def tell_of_miss(desk: Desk, appointment: Appointment) -> None:
    """Plan the message after a call that reached nobody, unless the candidate heard from us five times."""
    used = OutboxRepository(desk.session).touches_used(appointment.interview_id, ALWAYS_TOLD)
    if may_touch(Touch.MISSED, used):
        plan_touches(desk, appointment, [PlannedTouch(Touch.MISSED, desk.now)])


def may_be_told_of_call(desk: Desk, appointment: Appointment) -> bool:
    """Whether the candidate can be written to about a call of ours that does not take place.

    Who must not be called, or never agreed to be, is not written to about it; nor is who never heard of the call.
    """
    permissions = PermissionRepository(desk.session)
    is_agreed = permissions.of(appointment.owner_id, appointment.phone) is not None and not permissions.is_refused(
        Channel.CALL, appointment.phone
    )
    is_expected = appointment.kind != AppointmentKind.NOW or appointment.picked_at is not None
    return is_agreed and is_expected and bool(recipients(desk, appointment))


def plan_touches(desk: Desk, appointment: Appointment, planned: Sequence[PlannedTouch]) -> None:
    """Plan each message over every channel that is open to it. The jobs exist if and only if the booking does."""
    outbox = OutboxRepository(desk.session)
    for recipient in recipients(desk, appointment):
        for item in planned:
            outbox.plan(appointment, item.touch, item.at, recipient)


def recipients(desk: Desk, appointment: Appointment) -> list[Recipient]:
    """Where the candidate can be told: by mail where an address is known, by text where calls were agreed to."""
    interview = desk.session.get_one(Interview, appointment.interview_id)
    permissions = PermissionRepository(desk.session)
    found = []
    email = interview.candidate.email
    if email and not permissions.is_refused(Channel.EMAIL, email):
        found.append(Recipient(Channel.EMAIL, email))
    phone = appointment.phone
    is_agreed = permissions.of(appointment.owner_id, phone) is not None
    if is_agreed and not permissions.is_refused(Channel.SMS, phone):
        found.append(Recipient(Channel.SMS, phone))
    return found
