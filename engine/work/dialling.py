"""Placing booked calls: looked at shortly before, taken in hand at the very moment, asked for once."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.time_zones import TimeZones
from engine.call_placing import CallPlacer, OutgoingCall
from engine.errors import CallDelayed, CallRefused, CallUnknown, UpstreamUnavailable
from engine.scheduling.calling_hours import CallingHours
from engine.scheduling.gates import Reason, closed_gates, given_up_text
from engine.store.appointments import AppointmentRepository
from engine.store.dials import LONGEST_WAIT, NOT_PLACED, DialRepository, Taken, Waiting
from engine.store.jobs import DIAL_LEAD
from engine.store.line_news import take_news
from engine.store.models import Call
from engine.store.moves import OPEN_INTERVIEW, move_call
from engine.store.provider_health import ProviderHealthRepository
from engine.store.schedule_models import Appointment
from engine.store.usage import UsageRepository, month_of
from engine.vocabulary import AppointmentKind, AppointmentState, CallState
from engine.work.desk import Desk
from engine.work.gate_facts import Circumstances, gate_facts
from engine.work.giving_up import WhyNot, give_up

LOOK_AGAIN = timedelta(seconds=5)
"""So long until a gate that opens by itself is looked at anew."""
_NEWS_IS_FRESH = timedelta(seconds=60)
_WAKING_TAKES = timedelta(milliseconds=250)
_AFTER_REFUSAL_BY_PROVIDER = timedelta(seconds=10)
_TOO_LATE = WhyNot(
    "too_late",
    "The call could not go out within a quarter of an hour of its time: no job process was running, or too many calls "
    "were due at once.",
    may_work_later=True,
)
_SPEECH_PORTS = ("speech_to_text", "text_to_speech")

logger = logging.getLogger(__name__)


class Health(Protocol):
    """The breaker before the telephone provider."""

    def snapshot(self) -> "HealthState": ...
    def succeeded(self) -> None: ...
    def failed(self, reason: str, cause: UpstreamUnavailable | None = None) -> None: ...


class HealthState(Protocol):
    @property
    def state(self) -> str:
        """open while the provider is left alone."""


@dataclass(frozen=True, slots=True)
class Dialler:
    """Everything that placing a call needs besides its appointment."""

    sessions: sessionmaker[Session]
    placer: CallPlacer | None
    """None: this installation places no calls."""
    health: Health
    zones: TimeZones
    hours: CallingHours
    account: str
    """Whose pace is kept."""
    per_second: float
    """Calls that the account may place; zero is no limit."""
    lines: int
    """Calls at once; above it, ours wait."""
    month_usd: Decimal
    """What an account's interviews may cost in a month before nobody is called any more; zero is no limit."""
    longest_call_s: int
    phone_number: str = ""
    """Ours, E.164, for those who are to call back."""


def look(dialler: Dialler, appointment_id: uuid.UUID, edition: int, now: datetime) -> datetime | None:
    """Look at a booked call shortly before its hour; returns the moment at which it is to be taken in hand.

    None: there is nothing to do now. Whatever has to follow (another look, a task for the user) is arranged.
    """
    with dialler.sessions.begin() as session:
        appointment = session.get(Appointment, appointment_id)
        if appointment is None or appointment.edition != edition or not _waits_for_us(appointment):
            return None
        due_at = appointment.due_at
        if due_at is None:
            return None
        if due_at > now + DIAL_LEAD + timedelta(seconds=1):
            AppointmentRepository(session).enqueue_dialling(appointment)  # the instant moved under an unmoved wall time
            return None
        moment = max(now, due_at)
        reasons = _closed(dialler, session, appointment, moment)
        is_too_late = moment - due_at >= LONGEST_WAIT or not _is_open(appointment)
        if not reasons and not is_too_late:
            if appointment.closed_gate is not None:
                DialRepository(session).note_gate(appointment, None, now)
            return due_at
        if is_too_late or not reasons[0].passes_by_itself:
            desk = Desk(session, dialler.zones, dialler.hours, now)
            give_up(desk, appointment, _why(reasons[0]) if reasons else _TOO_LATE)
        else:
            DialRepository(session).note_gate(appointment, reasons[0].gate, now)
            AppointmentRepository(session).enqueue_dialling(appointment, at=max(due_at, now + LOOK_AGAIN))
    gate = reasons[0].gate if reasons else "too_late"
    logger.info("a call is not placed now", extra={"gate": gate, "appointment_id": str(appointment_id)})
    return None


def dial(dialler: Dialler, wanted: Sequence[Waiting], now: datetime) -> list[uuid.UUID]:
    """Place the calls whose moment has come, or those that are to go before them; returns the rows of the calls."""
    if dialler.placer is None:
        return []
    taken = take(dialler, wanted, now)
    note(dialler, [place(dialler, dialler.placer, each) for each in taken], now)
    return [each.call_id for each in taken]


def take(dialler: Dialler, wanted: Sequence[Waiting], now: datetime) -> list[Taken]:
    """Take calls in hand, each at most once whoever else tries; their rows are written and committed.

    Where the account's pace holds a call up, it gets another job for the moment at which its turn is expected.
    """
    with dialler.sessions.begin() as session:
        if not dialler.per_second:
            return DialRepository(session).take(wanted, now)
        return [taken for each in wanted if (taken := _take_turn(dialler, session, each, now)) is not None]


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of asking the provider for one call: an id, or why not."""

    taken: Taken
    sid: str | None = None
    refusal: CallRefused | CallDelayed | None = None
    """None with no id either: it is not known whether it rings."""


def place(dialler: Dialler, placer: CallPlacer, taken: Taken) -> Placed:
    """Ask the provider to ring. The row is there already, so whatever happens here, nobody rings a second time."""
    wanted = OutgoingCall(str(taken.call_id), str(taken.interview_id), taken.phone, dialler.longest_call_s)
    try:
        sid = placer.place(wanted)
    except CallUnknown as error:
        dialler.health.failed(str(error))
        return Placed(taken)
    except CallDelayed as error:
        dialler.health.failed(str(error))
        return Placed(taken, refusal=error)
    except CallRefused as error:
        dialler.health.succeeded()  # it answers; what it says is about this call
        return Placed(taken, refusal=error)
    dialler.health.succeeded()
    return Placed(taken, sid)


def note(dialler: Dialler, placed: Sequence[Placed], now: datetime) -> None:
    """Write down what the provider answered."""
    with dialler.sessions.begin() as session:
        for each in placed:
            if each.sid is not None and DialRepository(session).bind(each.taken.call_id, each.sid) is not None:
                take_news(session, each.taken.call_id, CallState.RINGING, None, now)
    for each in placed:
        if each.sid is not None:
            logger.info("a call was placed", extra=_named(each.taken))
        elif each.refusal is None:
            logger.warning("it is not known whether a call rings: the provider is asked", extra=_named(each.taken))
        else:
            _not_placed(dialler, each.taken, now, str(each.refusal), is_final=isinstance(each.refusal, CallRefused))


def end(dialler: Dialler, call_id: uuid.UUID) -> None:
    """Put down a leg that another one has taken the place of. One that is over stays as it is."""
    with dialler.sessions() as session:
        call = session.get(Call, call_id)
        sid = call.call_sid if call is not None else None
    if dialler.placer is not None and sid is not None:
        dialler.placer.end(sid)


def _take_turn(dialler: Dialler, session: Session, mine: Waiting, now: datetime) -> Taken | None:
    dials = DialRepository(session)
    interval = timedelta(seconds=1 / dialler.per_second)
    next_at = dials.next_free(dialler.account, now)
    queue = dials.queue(now)
    taken = None
    while now >= next_at and queue and taken is None:
        first, *queue = queue
        if not _may_go(dialler, session, first, now):
            continue
        taken = next(iter(dials.take([first], now)), None)
        if taken is not None:
            # Counted from the turn, not from when somebody woke up for it, so that the pace is kept on the average.
            next_at = max(next_at + interval, now + interval - _WAKING_TAKES)
            dials.keep_pace(dialler.account, next_at)
    if mine in queue:
        at = next_at + queue.index(mine) * interval
        AppointmentRepository(session).enqueue_dialling(session.get_one(Appointment, mine.appointment_id), at=at)
    return taken


def _may_go(dialler: Dialler, session: Session, first: Waiting, now: datetime) -> bool:
    """The gates once more, since a job may place a call that its own job has not looked at; that one is told to."""
    appointment = session.get_one(Appointment, first.appointment_id, populate_existing=True)
    reasons = _closed(dialler, session, appointment, now)
    if reasons:
        DialRepository(session).note_gate(appointment, reasons[0].gate, now)
        AppointmentRepository(session).enqueue_dialling(appointment, at=now + LOOK_AGAIN)
    return not reasons


def _waits_for_us(appointment: Appointment) -> bool:
    return appointment.state == AppointmentState.BOOKED and appointment.kind != AppointmentKind.DIAL_IN


def _closed(dialler: Dialler, session: Session, appointment: Appointment, moment: datetime) -> list[Reason]:
    desk = Desk(session, dialler.zones, dialler.hours, moment)
    spent = UsageRepository(session).of_owner(appointment.owner_id, month_of(moment)).usd if dialler.month_usd else 0
    around = Circumstances(
        is_calling=dialler.placer is not None,
        budget_left=not dialler.month_usd or spent < dialler.month_usd,
        provider_is_well=dialler.health.snapshot().state != "open" and _can_talk(session, moment),
        lines_free=dialler.lines
        - DialRepository(session).lines_in_use(moment, timedelta(seconds=dialler.longest_call_s)),
    )
    return closed_gates(gate_facts(desk, appointment, around), dialler.hours)


def _can_talk(session: Session, now: datetime) -> bool:
    """Whether some process has, at either end of speech, an engine that is not known to have failed just now."""
    rows = [row for row in ProviderHealthRepository(session).latest(now) if row.at > now - _NEWS_IS_FRESH]
    states = {port: [row.state for row in rows if row.port == port] for port in _SPEECH_PORTS}
    return all(not known or any(state != "open" for state in known) for known in states.values())


def _is_open(appointment: Appointment) -> bool:
    interview = appointment.interview
    return interview.state in OPEN_INTERVIEW and interview.deleted_at is None


def _why(reason: Reason) -> WhyNot:
    return WhyNot(reason.gate.value, given_up_text(reason), may_work_later=reason.passes_by_itself)


def _not_placed(dialler: Dialler, taken: Taken, now: datetime, words: str, *, is_final: bool) -> None:
    """Nothing rang: the try does not count. A refusal for good ends the appointment, anything else is tried anew."""
    with dialler.sessions.begin() as session:
        appointments = AppointmentRepository(session)
        if not move_call(session, taken.call_id, CallState.FAILED, ended_at=now, end_reason=NOT_PLACED):
            return  # it rang after all: the provider's own news was faster
        appointment = appointments.of_interview(taken.interview_id)
        if appointment is None:
            return
        if is_final:
            desk = Desk(session, dialler.zones, dialler.hours, now)
            why = WhyNot("refused_by_provider", words, may_work_later=False)
            give_up(desk, appointment, why, call_id=taken.call_id)
        elif appointments.set_state(appointment.id, AppointmentState.BOOKED):
            DialRepository(session).note_gate(appointment, "provider_down", now)
            appointments.enqueue_dialling(appointment, at=now + _AFTER_REFUSAL_BY_PROVIDER)
    logger.warning("a call was not placed: %s", words, extra=_named(taken))


def _named(taken: Taken) -> dict[str, str]:
    return {"call_id": str(taken.call_id), "interview_id": str(taken.interview_id)}
