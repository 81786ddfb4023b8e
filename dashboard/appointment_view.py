"""Appointments as pages show them: state, gates, messages, and the choices of their forms."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dashboard.appointment_schemas import WEEKDAYS, AppointmentInput
from dashboard.booker import Booker
from dashboard.display import Look
from dashboard.local_time import moment_text, zone_names
from engine.config import Settings
from engine.errors import AmbiguousTime, ScheduleError
from engine.scheduling.gates import Gate, Reason, closed_gates
from engine.scheduling.links import Purpose
from engine.store.appointments import AppointmentRepository
from engine.store.models import Interview
from engine.store.outbox import OutboxRepository
from engine.store.schedule_models import Appointment
from engine.vocabulary import AppointmentKind, AppointmentState, CallState, InterviewState, MessageState
from engine.work.gate_facts import gate_facts

MESSAGE_LOOKS: dict[str, Look] = {
    MessageState.PLANNED: Look("Planned", "clock", "plain"),
    MessageState.SENDING: Look("Being sent", "hourglass", "live"),
    MessageState.SENT: Look("Sent", "check", "ok"),
    MessageState.DELIVERED: Look("Delivered", "circle-check", "ok"),
    MessageState.FAILED: Look("Not delivered", "circle-x", "bad"),
    MessageState.SKIPPED: Look("Not needed", "circle-slash", "plain"),
    MessageState.UNKNOWN: Look("Uncertain", "circle-question-mark", "warn"),
}
APPOINTMENT_LOOKS: dict[str, Look] = {
    AppointmentState.OPEN: Look("Waits for a pick", "hourglass", "warn"),
    AppointmentState.BOOKED: Look("Booked", "calendar-clock", "ok"),
    AppointmentState.TAKEN: Look("Being called", "phone-call", "live"),
    AppointmentState.KEPT: Look("Took place", "circle-check", "ok"),
    AppointmentState.MISSED: Look("Missed", "triangle-alert", "warn"),
    AppointmentState.CANCELLED: Look("Cancelled", "ban", "plain"),
}
TOUCH_WORDS = {
    "offer": "Invitation to choose a time",
    "confirmation": "Confirmation",
    "moved": "New time",
    "day_before": "Reminder, a day before",
    "hour_before": "Reminder, an hour before",
    "minutes_before": "Reminder, five minutes before",
    "missed": "After a missed call",
    "broken_off": "After the call broke off",
    "not_called": "The call does not take place",
    "cancelled": "Cancellation",
    "report_ready": "Report is ready",
}
_NOT_YET = (Gate.CALLING_HOURS, Gate.REMINDER_NOT_SENT)
"""Gates that say nothing about a call whose hour has not come: its hour was checked when it was booked."""


@dataclass(frozen=True, slots=True)
class TwoZones:
    """An hour as the viewer's clock shows it, and as the candidate's does where that differs."""

    mine: str
    theirs: str | None


def two_zones(at: datetime, viewer_zone: str, candidate_zone: str) -> TwoZones:
    mine, theirs = moment_text(at, viewer_zone), moment_text(at, candidate_zone)
    return TwoZones(mine, None if theirs == mine else theirs)


def appointment_facts(booker: Booker, settings: Settings, interview: Interview) -> dict[str, Any]:
    """What the page of an interview says about its appointment."""
    session = booker.desk().session
    appointment = AppointmentRepository(session).of_interview(interview.id)
    if appointment is None:
        return {"appointment": None, "gates": [], "messages": [], "pick_url": None, "expected_at": None}
    is_open = appointment.state == AppointmentState.OPEN
    return {
        "appointment": appointment,
        "gates": lasting_reasons(booker, appointment),
        "messages": OutboxRepository(session).of_interview(interview.id),
        "was_rung": appointment.state_reason in set(CallState),
        "expected_at": booker.expected().get(appointment.id) if appointment.state == AppointmentState.BOOKED else None,
        "pick_url": booker.links.address(Purpose.PICK, appointment) if is_open else None,
        "message_looks": MESSAGE_LOOKS,
        "appointment_looks": APPOINTMENT_LOOKS,
        "touch_words": TOUCH_WORDS,
    }


def lasting_reasons(booker: Booker, appointment: Appointment) -> list[Reason]:
    """What stands in the way of the call as far as it can be known now; the hour itself counts once it has come."""
    desk = booker.desk()
    is_ours = appointment.kind != AppointmentKind.DIAL_IN and appointment.state in (
        AppointmentState.BOOKED,
        AppointmentState.OPEN,
    )
    if not is_ours or appointment.interview.state != InterviewState.SCHEDULED:
        return []
    due_at = appointment.due_at or desk.now
    facts = gate_facts(desk, appointment, booker.circumstances(appointment))
    # Whether the candidate was told early enough is a matter of the call's hour, not of the hour at which one looks.
    reasons = closed_gates(replace(facts, now=max(facts.now, due_at)), desk.hours)
    has_come = appointment.due_at is not None and appointment.due_at <= desk.now
    # A candidate who picks a slot agrees by doing so, and knows of it from then on.
    waits_for_pick = (Gate.CONSENT_MISSING, Gate.NOTICE_TOO_SHORT) if appointment.state == AppointmentState.OPEN else ()
    hidden = (() if has_come else _NOT_YET) + waits_for_pick
    return [reason for reason in reasons if reason.gate not in hidden]


def when_choices() -> dict[str, Any]:
    """What the part of a form about the hour offers."""
    return {"zones": zone_names(), "weekdays": WEEKDAYS, "steps": (15, 20, 30, 60)}


def field_at_fault(wanted: AppointmentInput, error: ScheduleError) -> str:
    """The field beside which a refusal of the wish is said."""
    if isinstance(error, AmbiguousTime):
        return "which"
    return {"at": "scheduled_local", "window": "window_first", "now": "when"}.get(wanted.when, "answer_before")
