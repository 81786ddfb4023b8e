"""Changing how the two sides of an existing appointment come together."""

import logging
from datetime import datetime

from engine.errors import Conflict, ScheduleError
from engine.scheduling.slots import Window, check_window
from engine.scheduling.touches import PlannedTouch, Touch
from engine.scheduling.zones import wall_time
from engine.store.appointments import NO_HOUR, AppointmentRepository
from engine.store.schedule_models import Appointment
from engine.vocabulary import AppointmentKind, AppointmentState
from engine.work.booking import allowed_hour, check_notice, check_owner
from engine.work.desk import Desk
from engine.work.telling import plan_touches
from engine.work.windows import end_of, slots_of, usual_window, window_row

logger = logging.getLogger(__name__)


def call_at_once(desk: Desk, appointment: Appointment) -> Appointment:
    """Call now instead. Raises ScheduleError as for a new call at once, SlotTaken, Conflict."""
    check_owner(desk, appointment.owner_id)
    rules = desk.zones.rules(appointment.time_zone)
    wanted = wall_time(desk.now.replace(microsecond=0), rules, appointment.time_zone)
    hour = allowed_hour(desk, appointment.phone, wanted, may_be_now=True)
    check_notice(desk, appointment.interview, appointment, hour)
    return AppointmentRepository(desk.session).move(
        appointment, AppointmentState.BOOKED, hour, kind=AppointmentKind.NOW, answer_before=None
    )


def offer_other_window(desk: Desk, appointment: Appointment, window: Window, *, is_told: bool = True) -> Appointment:
    """Let the candidate pick, anew or for the first time. Raises ScheduleError when the window holds no slot.

    is_told: with a message of its own.
    """
    check_window(window, desk.now)
    appointments = AppointmentRepository(desk.session)
    appointments.move(
        appointment,
        AppointmentState.OPEN,
        NO_HOUR,
        kind=AppointmentKind.WINDOW,
        length_min=window.length_min,
        answer_before=end_of(desk, window),
    )
    appointments.replace_window(appointment.id, window_row(window))
    if not slots_of(desk, appointment):
        raise ScheduleError(
            "This window holds no slot in which the candidate may be called. Choose more days or hours."
        )
    if is_told:
        plan_touches(desk, appointment, [PlannedTouch(Touch.OFFER, desk.now)])
    return appointment


def offer_new_time(desk: Desk, appointment: Appointment) -> bool:
    """Let the candidate pick among the usual hours after a fault of ours; False where none can be offered.

    The message that tells of the fault carries the link. A savepoint holds the offer: that message goes out either way.
    """
    try:
        with desk.session.begin_nested():
            offer_other_window(desk, appointment, usual_window(desk, appointment), is_told=False)
    except (ScheduleError, Conflict) as error:
        desk.session.refresh(appointment)
        logger.warning("no new time could be offered after a fault of ours: %s", error)
        return False
    return True


def let_dial_in(desk: Desk, appointment: Appointment, before: datetime) -> Appointment:
    """The candidate calls instead, any time before an instant. Raises ScheduleError for one that has passed."""
    if before <= desk.now:
        raise ScheduleError("This date has passed. Choose one that lies ahead.")
    AppointmentRepository(desk.session).move(
        appointment, AppointmentState.BOOKED, NO_HOUR, kind=AppointmentKind.DIAL_IN, answer_before=before
    )
    plan_touches(desk, appointment, [PlannedTouch(Touch.CONFIRMATION, desk.now)])
    return appointment
