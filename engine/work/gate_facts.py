"""What the gates before a call look at, gathered from the database and from whoever knows the rest."""

from dataclasses import dataclass
from datetime import timedelta

from engine.scheduling.gates import Facts
from engine.store.models import User
from engine.store.outbox import OutboxRepository
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.vocabulary import AppointmentKind, Channel
from engine.work.desk import Desk
from engine.work.telling import recipients


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the database's rows about a call do not say. None where it is not known or not asked for."""

    budget_left: bool | None = None
    provider_is_well: bool | None = None
    lines_free: int | None = None
    is_calling: bool = True
    """Whether this installation places calls at all."""


def gate_facts(desk: Desk, appointment: Appointment, around: Circumstances) -> Facts:
    """The facts at the desk's instant.

    A message must have gone out before the call wherever one could, and early enough where the interview owes its
    candidate notice; not for a call at once, nor where the candidate picked the hour.
    """
    permissions = PermissionRepository(desk.session)
    told_at = appointment.picked_at or OutboxRepository(desk.session).told_at(appointment)
    is_planned = appointment.kind != AppointmentKind.NOW
    owner = desk.session.get_one(User, appointment.owner_id)  # on a page it is there already: the user who looks
    notice_h = appointment.interview.notice_h
    return Facts(
        now=desk.now,
        rules=desk.zones.rules(appointment.time_zone),
        region=desk.hours.region_of(appointment.phone),
        has_consent=permissions.of(appointment.owner_id, appointment.phone) is not None,
        is_refused=permissions.is_refused(Channel.CALL, appointment.phone),
        is_owner_verified=owner.verified_at is not None,
        told_at=told_at,
        needs_reminder=is_planned and told_at is None and bool(recipients(desk, appointment)),
        notice=timedelta(hours=notice_h) if is_planned and notice_h else None,
        budget_left=around.budget_left,
        provider_is_well=around.provider_is_well,
        lines_free=around.lines_free,
        is_calling=around.is_calling,
    )
