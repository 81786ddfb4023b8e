"""Calling back whoever found all lines busy: a booking like any other, a few minutes ahead."""

from datetime import datetime, timedelta
from typing import Final

from engine.errors import Conflict, ScheduleError
from engine.scheduling.zones import wall_time
from engine.store.appointments import AppointmentRepository
from engine.store.models import Interview
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.vocabulary import AppointmentKind, AppointmentState
from engine.work.booking import allowed_hour, check_owner, new_appointment
from engine.work.desk import Desk

IN: Final = timedelta(minutes=5)
_SOON_ANYWAY: Final = timedelta(minutes=30)


def call_back_soon(desk: Desk, interview: Interview) -> datetime | None:
    """Book a call to the candidate, who asked for it by calling from this number; when it will be.

    A call that is booked for the next half hour stays as it is. None where the telephone may not ring then, no call may
    be placed for the user, or the appointment allows no such move.
    """
    appointments = AppointmentRepository(desk.session)
    booked = appointments.of_interview(interview.id)
    if booked is not None and _is_soon(booked, desk.now):
        return booked.due_at
    rules = desk.zones.rules(interview.candidate.time_zone)
    minute = (desk.now + IN + timedelta(seconds=59)).replace(second=0, microsecond=0)
    try:
        check_owner(desk, interview.owner_id)
        hour = allowed_hour(desk, interview.candidate.phone, wall_time(minute, rules, interview.candidate.time_zone))
        if booked is None:
            booked = appointments.add(new_appointment(interview, AppointmentKind.NOW, AppointmentState.BOOKED, hour))
        else:
            appointments.move(
                booked, AppointmentState.BOOKED, hour, kind=AppointmentKind.NOW, answer_before=None, picked_at=desk.now
            )
    except (ScheduleError, Conflict):
        return None
    permissions = PermissionRepository(desk.session)
    permissions.grant(interview.owner_id, interview.candidate.phone, "asked_by_phone", desk.now)
    return booked.due_at


def _is_soon(booked: Appointment, now: datetime) -> bool:
    return (
        booked.state == AppointmentState.BOOKED
        and booked.kind != AppointmentKind.DIAL_IN
        and booked.due_at is not None
        and now <= booked.due_at <= now + _SOON_ANYWAY
    )
