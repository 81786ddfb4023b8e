"""Booking, moving and cancelling calls: the rows, the mirror in the interview, and the messages, in one transaction."""

import uuid
from datetime import datetime, timedelta

from engine.errors import Conflict, ScheduleError, SlotTaken
from engine.scheduling.calling_hours import hours_in_words, is_calling_hour
from engine.scheduling.gates import Gate, text_of
from engine.scheduling.slots import Window, check_window
from engine.scheduling.touches import PlannedTouch, Touch
from engine.scheduling.zones import LocalTime, Which, derive, instant_of, wall_time
from engine.store.appointments import NO_HOUR, AppointmentRepository, Hour
from engine.store.dials import DialRepository
from engine.store.models import Interview
from engine.store.moves import move_interview
from engine.store.outbox import OutboxRepository
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.store.users import UserRepository
from engine.vocabulary import AppointmentKind, AppointmentState, Channel, InterviewState
from engine.work.desk import Desk
from engine.work.telling import plan_touches, recipients, tell_of_hour
from engine.work.windows import end_of, slots_of, window_row

_MINUTES_A_QUESTION = 4
_MINUTES_AROUND = 3
_SOONEST = timedelta(minutes=1)


def planned_length_min(question_count: int) -> int:
    """How long a call is planned to take: greeting and farewell, and four minutes for each question."""
    return _MINUTES_AROUND + _MINUTES_A_QUESTION * question_count


def book_at(desk: Desk, interview: Interview, wanted: LocalTime, *, series_id: uuid.UUID | None = None) -> Appointment:
    """We call at this hour. Raises ScheduleError (with AmbiguousTime, MissingTime, SlotTaken) and Conflict."""
    hour = allowed_hour(desk, interview.candidate.phone, wanted)
    appointment = new_appointment(interview, AppointmentKind.AT, AppointmentState.BOOKED, hour)
    check_notice(desk, interview, appointment, hour)
    appointment.series_id = series_id
    AppointmentRepository(desk.session).add(appointment)
    tell_of_hour(desk, appointment, is_moved=False)
    return appointment


def book_now(desk: Desk, interview: Interview) -> Appointment:
    """We call at once; no message goes ahead of it.

    Raises ScheduleError outside of the calling hours and before the owner's address is confirmed, and SlotTaken.
    """
    check_owner(desk, interview.owner_id)
    rules = desk.zones.rules(interview.candidate.time_zone)
    wanted = wall_time(desk.now.replace(microsecond=0), rules, interview.candidate.time_zone)
    hour = allowed_hour(desk, interview.candidate.phone, wanted, may_be_now=True)
    appointment = new_appointment(interview, AppointmentKind.NOW, AppointmentState.BOOKED, hour)
    check_notice(desk, interview, appointment, hour)
    return AppointmentRepository(desk.session).add(appointment)


def check_owner(desk: Desk, owner_id: uuid.UUID) -> None:
    """Raises ScheduleError where no call may be placed for the user at this hour."""
    if not UserRepository(desk.session).is_verified(owner_id):
        raise ScheduleError(text_of(Gate.OWNER_NOT_VERIFIED))


def book_dial_in(desk: Desk, interview: Interview, before: datetime) -> Appointment:
    """The candidate calls, any time before an instant. Raises ScheduleError for one that has passed."""
    if before <= desk.now:
        raise ScheduleError("This date has passed. Choose one that lies ahead.")
    appointment = new_appointment(interview, AppointmentKind.DIAL_IN, AppointmentState.BOOKED, NO_HOUR)
    appointment.answer_before = before
    AppointmentRepository(desk.session).add(appointment)
    day_before = PlannedTouch(Touch.DAY_BEFORE, before - timedelta(days=1))
    planned = [PlannedTouch(Touch.CONFIRMATION, desk.now)]
    if day_before.at > desk.now + timedelta(hours=1):
        planned.append(day_before)
    plan_touches(desk, appointment, planned)
    return appointment


def offer_window(desk: Desk, interview: Interview, window: Window) -> Appointment:
    """The candidate picks a slot by link. Raises ScheduleError when the window holds none."""
    check_window(window, desk.now)
    appointment = new_appointment(interview, AppointmentKind.WINDOW, AppointmentState.OPEN, NO_HOUR)
    appointment.length_min = window.length_min
    appointment.answer_before = end_of(desk, window)
    AppointmentRepository(desk.session).add(appointment, window_row(window))
    if not slots_of(desk, appointment):
        raise ScheduleError(
            "This window holds no slot in which the candidate may be called. Choose more days or longer hours; the "
            "telephone rings only in the candidate's calling hours."
        )
    plan_touches(desk, appointment, [PlannedTouch(Touch.OFFER, desk.now)])
    return appointment


def move_to(desk: Desk, appointment: Appointment, wanted: LocalTime) -> Appointment:
    """Give a call another hour, and tell the candidate. Raises ScheduleError, SlotTaken, Conflict."""
    hour = allowed_hour(desk, appointment.phone, wanted)
    check_notice(desk, appointment.interview, appointment, hour)
    was_booked = appointment.state == AppointmentState.BOOKED and appointment.due_at is not None
    AppointmentRepository(desk.session).move(
        appointment, AppointmentState.BOOKED, hour, kind=AppointmentKind.AT, picked_at=None, time_zone=wanted.zone_name
    )
    tell_of_hour(desk, appointment, is_moved=was_booked)
    return appointment


def pick(desk: Desk, appointment: Appointment, at: datetime) -> Appointment:
    """The candidate chooses a slot, which is also the agreement to be called then. Raises SlotTaken when it is gone."""
    if at not in slots_of(desk, appointment):
        raise SlotTaken("This slot was taken a moment ago. Choose another one.")
    rules = desk.zones.rules(appointment.time_zone)
    chosen = wall_time(at, rules, appointment.time_zone)
    hour = Hour(chosen.wall, chosen.which, at, desk.zones.edition)
    was_booked = appointment.state == AppointmentState.BOOKED
    AppointmentRepository(desk.session).move(appointment, AppointmentState.BOOKED, hour, picked_at=desk.now)
    permissions = PermissionRepository(desk.session)
    permissions.grant(appointment.owner_id, appointment.phone, "picked_slot", desk.now)
    tell_of_hour(desk, appointment, is_moved=was_booked)
    return appointment


def cancel(desk: Desk, appointment: Appointment, *, by: str) -> None:
    """Call everything off, and tell the candidate. by: user or candidate. Raises Conflict when it is too late."""
    if not AppointmentRepository(desk.session).set_state(appointment.id, AppointmentState.CANCELLED, reason=by):
        raise Conflict("This call is running, over or cancelled already: nothing was changed.")
    DialRepository(desk.session).end_ringing(appointment.interview_id)
    move_interview(
        desk.session,
        appointment.interview_id,
        InterviewState.CANCELLED,
        end_reason="cancelled" if by == "user" else "cancelled_by_candidate",
    )
    if OutboxRepository(desk.session).touches_used(appointment.interview_id):
        plan_touches(desk, appointment, [PlannedTouch(Touch.CANCELLED, desk.now)])


def refuse_calls(desk: Desk, appointment: Appointment, source: str) -> None:
    """The candidate is never to be called again: the number goes on the list, and this call is called off."""
    PermissionRepository(desk.session).refuse(Channel.CALL, appointment.phone, source, desk.now)
    moved = AppointmentRepository(desk.session).set_state(
        appointment.id, AppointmentState.CANCELLED, reason="do_not_call"
    )
    if moved:
        DialRepository(desk.session).end_ringing(appointment.interview_id)
        move_interview(
            desk.session, appointment.interview_id, InterviewState.CANCELLED, end_reason="cancelled_by_candidate"
        )


def recompute(desk: Desk) -> int:
    """Work out the instants of calls ahead under the present rules; returns how many moved.

    The wall time stays, so nobody is told; reminders that wait move along. A call whose new instant would fall on
    another call to the same number keeps the old one and is looked at again the next time.
    """
    appointments, moved = AppointmentRepository(desk.session), 0
    for appointment in appointments.of_other_edition(desk.zones.edition, desk.now):
        if appointment.wall_time is None or appointment.due_at is None:
            continue
        before = appointment.due_at
        derived = derive_hour(desk, appointment)
        try:
            if not appointments.rederive(appointment, derived, desk.zones.edition):
                continue
        except SlotTaken:
            continue
        if derived != before:
            OutboxRepository(desk.session).reschedule_planned(appointment, derived - before)
            moved += 1
    return moved


def derive_hour(desk: Desk, appointment: Appointment) -> datetime:
    """The instant of an appointment's wall time under the present rules. Raises ScheduleError where it has none."""
    return derive(stored_hour(appointment), desk.zones.rules(appointment.time_zone)).at


def stored_hour(appointment: Appointment) -> LocalTime:
    """The wall time that was agreed on. Raises ScheduleError where there is none."""
    if appointment.wall_time is None:
        raise ScheduleError("This appointment has no hour yet.")
    which = Which(appointment.which) if appointment.which else None
    return LocalTime(appointment.wall_time, appointment.time_zone, which)


def allowed_hour(desk: Desk, phone: str, wanted: LocalTime, *, may_be_now: bool = False) -> Hour:
    """The hour as it is stored. Raises ScheduleError where nobody may be called then."""
    rules = desk.zones.rules(wanted.zone_name)
    at = instant_of(wanted, rules)
    if not may_be_now and at < desk.now + _SOONEST:
        raise ScheduleError("This moment has passed. Choose one that lies ahead.")
    region = desk.hours.region_of(phone)
    if not is_calling_hour(at, rules, region, desk.hours):
        hours = hours_in_words(desk.hours.on(region, wanted.wall.weekday()))
        raise ScheduleError(
            f"The candidate's telephone may ring from {hours} on that day, on the candidate's own clock "
            f"({wanted.zone_name}). Choose a time within these hours, or let the candidate dial in."
            if hours != "not at all"
            else "The rules of the candidate's region allow no calls on that day of the week. Choose another day."
        )
    if PermissionRepository(desk.session).is_refused(Channel.CALL, phone):
        raise ScheduleError(
            "The person at this number asked never to be called. Let the candidate dial in instead: choose that below."
        )
    return Hour(wanted.wall, wanted.which, at, desk.zones.edition)


def check_notice(desk: Desk, interview: Interview, appointment: Appointment, hour: Hour) -> None:
    """Raises ScheduleError where the candidate cannot be told of the hour as long ahead as the interview owes it."""
    if not interview.notice_h or hour.due_at is None:
        return
    owed = f"{interview.notice_h} hours" if interview.notice_h > 1 else "one hour"
    earliest = desk.now + timedelta(hours=interview.notice_h)
    if hour.due_at < earliest:
        local = earliest.astimezone(desk.zones.rules(appointment.time_zone))
        raise ScheduleError(
            f"This interview owes its candidate {owed} of notice, so the call can begin on {local.day} {local:%b %Y} "
            f"at {local:%H:%M} ({appointment.time_zone}) at the earliest. Choose a later time."
        )
    if not recipients(desk, appointment):
        raise ScheduleError(
            f"This interview owes its candidate {owed} of notice, and there is no way to give it: enter an e-mail "
            "address, note that the candidate agreed to be called, or leave the notice out."
        )


def new_appointment(interview: Interview, kind: AppointmentKind, state: AppointmentState, hour: Hour) -> Appointment:
    """An appointment of an interview, to be added."""
    length_min = planned_length_min(interview.question_count)
    return Appointment(
        interview_id=interview.id,
        owner_id=interview.owner_id,
        kind=kind,
        state=state,
        phone=interview.candidate.phone,
        time_zone=interview.candidate.time_zone,
        wall_time=hour.wall_time,
        which=hour.which,
        due_at=hour.due_at,
        ends_at=hour.due_at + timedelta(minutes=length_min) if hour.due_at else None,
        zone_edition=hour.zone_edition,
        length_min=length_min,
        edition=0,
    )
