"""The windows in which candidates pick: between rows and values, and which slots are free."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from engine.scheduling.slots import Callee, Opening, Span, Window, free_slots
from engine.scheduling.zones import LocalTime, derive
from engine.store.appointments import AppointmentRepository
from engine.store.schedule_models import Appointment, BookingWindow
from engine.vocabulary import AppointmentState
from engine.work.desk import Desk

_BUSY = (AppointmentState.BOOKED, AppointmentState.TAKEN)
_USUAL_DAYS = 14
_USUAL_HOURS = (time(9), time(18))
_FURTHEST = timedelta(days=62)


def slots_of(desk: Desk, appointment: Appointment) -> list[datetime]:
    """The slots a candidate may pick now, in UTC: those of the window, else of the coming two weeks.

    None lies nearer than the notice that the interview owes its candidate.
    """
    row = AppointmentRepository(desk.session).window_of(appointment.id)
    window = window_value(row, appointment.length_min) if row else usual_window(desk, appointment)
    owed_min = 60 * (appointment.interview.notice_h or 0)
    window = replace(window, notice_min=max(window.notice_min, owed_min))
    busy = [
        Span(other.due_at, other.ends_at)
        for other in AppointmentRepository(desk.session).ahead(
            appointment.owner_id, desk.now - timedelta(days=1), desk.now + _FURTHEST
        )
        if other.id != appointment.id and other.due_at and other.ends_at and other.state in _BUSY
    ]
    rules = desk.zones.rules(appointment.time_zone)
    callee = Callee(rules, desk.hours.region_of(appointment.phone), desk.hours)
    return free_slots(window, desk.zones.rules(window.zone_name), callee, busy, desk.now)


def window_row(window: Window) -> BookingWindow:
    """The window as it is stored."""
    return BookingWindow(
        first_day=window.first_day,
        last_day=window.last_day,
        time_zone=window.zone_name,
        openings=[
            [item.weekday, item.begins.isoformat("minutes"), item.ends.isoformat("minutes")] for item in window.openings
        ],
        step_min=window.step_min,
        notice_min=window.notice_min,
        buffer_min=window.buffer_min,
        most_a_day=window.most_a_day,
    )


def window_value(row: BookingWindow, length_min: int) -> Window:
    """A stored window as a value."""
    return Window(
        first_day=row.first_day,
        last_day=row.last_day,
        zone_name=row.time_zone,
        openings=tuple(
            Opening(weekday, time.fromisoformat(begins), time.fromisoformat(ends))
            for weekday, begins, ends in row.openings
        ),
        length_min=length_min,
        step_min=row.step_min,
        notice_min=row.notice_min,
        buffer_min=row.buffer_min,
        most_a_day=row.most_a_day,
    )


def end_of(desk: Desk, window: Window) -> datetime:
    """When the last day of a window is over."""
    midnight = datetime.combine(window.last_day + timedelta(days=1), time(0))
    return derive(LocalTime(midnight, window.zone_name), desk.zones.rules(window.zone_name)).at


def usual_window(desk: Desk, appointment: Appointment) -> Window:
    """What a candidate may move a call to when the user opened no window: working days of the coming two weeks."""
    today = desk.now.astimezone(desk.zones.rules(appointment.time_zone)).date()
    return Window(
        first_day=today,
        last_day=today + timedelta(days=_USUAL_DAYS),
        zone_name=appointment.time_zone,
        openings=tuple(Opening(weekday, *_USUAL_HOURS) for weekday in range(5)),
        length_min=appointment.length_min,
        most_a_day=20,
    )
