"""Taking calls in hand: the one gate through which every call of ours goes, and what is under way at the provider."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.store.jobs import END_CALL, enqueue
from engine.store.models import Call
from engine.store.schedule_models import Appointment, DialPace
from engine.vocabulary import AppointmentKind, AppointmentState, CallState, Direction

NOT_PLACED = "not_placed"
"""End reason of a call that the provider never took: it is no try."""
UNDER_WAY = (CallState.DIALLING, CallState.RINGING, CallState.LIVE)

# One statement: either the appointment is ours and its call is written down, or nothing happened at all.
_TAKE = text(
    """
    with taken as (
        update appointments set state = 'taken', closed_gate = null, gate_seen_at = null, updated_at = now()
        from unnest(cast(:ids as uuid[]), cast(:editions as integer[])) as wanted(id, edition)
        where appointments.id = wanted.id and appointments.edition = wanted.edition
          and state = 'booked' and kind <> 'dial_in' and due_at <= :now
          and exists (
            select 1 from interviews
            where id = appointments.interview_id and deleted_at is null
              and state in ('scheduled', 'in_progress', 'interrupted')
          )
          and not exists (select 1 from contact_refusals where channel = 'call' and address = appointments.phone)
          and not exists (
            select 1 from calls where interview_id = appointments.interview_id and state in ('live', 'dialling')
          )
        returning appointments.id, interview_id, appointments.edition, phone, due_at
    )
    insert into calls (
        interview_id, direction, state, appointment_id, appointment_edition, try_number, phone, due_at, dialled_at
    )
    select interview_id, 'outbound', 'dialling', id, edition, 1 + coalesce((
            select max(try_number) from calls earlier
            where earlier.appointment_id = taken.id and earlier.appointment_edition = taken.edition
        ), 0), phone, due_at, :now
    from taken
    returning id, interview_id, phone, try_number
    """
)
# Accounts take turns: first whoever waits for a first call, then for a second one; among them whoever was served
# longest ago, then whose hour came first.
_FAIR = """
    select waiting.id, waiting.edition from (
        select id, edition, owner_id, due_at, row_number() over (partition by owner_id order by due_at, id) as turn
        from appointments
        where state = 'booked' and kind <> 'dial_in' and due_at <= :now and due_at > :long_ago and closed_gate is null
    ) as waiting
    left join (
        select appointments.owner_id, max(calls.dialled_at) as at
        from calls join appointments on appointments.id = calls.appointment_id
        where calls.dialled_at > :lately group by 1
    ) as served on served.owner_id = waiting.owner_id
    order by waiting.turn, served.at nulls first, waiting.due_at, waiting.id
"""
_LATELY = timedelta(minutes=5)
_LONGEST_RINGING = timedelta(minutes=3)
LONGEST_WAIT = timedelta(minutes=15)
"""A call that could not be placed so long after its hour is given up."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A call that is written down and not yet asked for."""

    call_id: uuid.UUID
    interview_id: uuid.UUID
    phone: str
    try_number: int


@dataclass(frozen=True, slots=True)
class Waiting:
    appointment_id: uuid.UUID
    edition: int


class DialRepository:
    """Calls of ours on their way out, of all users."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, wanted: Sequence[Waiting], now: datetime) -> list[Taken]:
        """Take booked calls in hand and write their tries down; whatever is not to be placed any more is left out."""
        values = {
            "ids": [each.appointment_id for each in wanted],
            "editions": [each.edition for each in wanted],
            "now": now,
        }
        return [Taken(*row) for row in self._session.execute(_TAKE, values)]

    def queue(self, now: datetime) -> list[Waiting]:
        """The calls whose hour has come and which nothing but the account's pace holds up, in a fair order."""
        values = {"now": now, "long_ago": now - LONGEST_WAIT, "lately": now - _LATELY}
        return [Waiting(*row) for row in self._session.execute(text(_FAIR), values)]

    def expected(self, account: str, per_second: float, now: datetime) -> dict[uuid.UUID, datetime]:
        """When each call whose hour has come is expected to go out, by appointment."""
        if not per_second:
            return {}
        free = self._session.scalar(select(DialPace.next_at).where(DialPace.account == account)) or now
        begins = max(free, now)
        return {
            waiting.appointment_id: begins + timedelta(seconds=place / per_second)
            for place, waiting in enumerate(self.queue(now))
        }

    def next_free(self, account: str, now: datetime) -> datetime:
        """When the account may place its next call. Others who ask wait until this transaction ends."""
        self._session.execute(insert(DialPace).values(account=account, next_at=now).on_conflict_do_nothing())
        return self._session.scalars(
            select(DialPace.next_at).where(DialPace.account == account).with_for_update()
        ).one()

    def keep_pace(self, account: str, next_at: datetime) -> None:
        """A call goes out: the next one may do so then."""
        self._session.execute(update(DialPace).where(DialPace.account == account).values(next_at=next_at))

    def bind(self, call_id: uuid.UUID, sid: str) -> Call | None:
        """Note under which id the provider knows a call; whoever learns it first. None when it has another one."""
        self._session.execute(update(Call).where(Call.id == call_id, Call.call_sid.is_(None)).values(call_sid=sid))
        return self._session.scalar(
            select(Call).where(Call.id == call_id, Call.call_sid == sid).execution_options(populate_existing=True)
        )

    def under_way(self, *, states: Sequence[CallState], dialled_before: datetime) -> Sequence[Call]:
        """Calls of ours in these states that were asked for before an instant, oldest first."""
        return self._session.scalars(
            select(Call)
            .where(
                Call.direction == Direction.OUTBOUND,
                Call.state.in_(states),
                Call.dialled_at < dialled_before,
            )
            .order_by(Call.dialled_at)
            .limit(200)
        ).all()

    def unsettled(self, before: datetime) -> Sequence[Call]:
        """Calls that ended before an instant and whose appointment is still in hand: nobody drew the conclusion."""
        return self._session.scalars(
            select(Call)
            .join(Appointment, Appointment.id == Call.appointment_id)
            .where(
                Appointment.state == AppointmentState.TAKEN,
                Appointment.edition == Call.appointment_edition,
                Call.state.not_in(UNDER_WAY),
                Call.end_reason.is_distinct_from(NOT_PLACED),
                Call.ended_at < before,
            )
            .limit(200)
        ).all()

    def end_ringing(self, interview_id: uuid.UUID) -> None:
        """Have calls put down that were called off while they rang."""
        ringing = select(Call.id).where(
            Call.interview_id == interview_id,
            Call.direction == Direction.OUTBOUND,
            Call.state.in_((CallState.DIALLING, CallState.RINGING)),
        )
        for call_id in self._session.scalars(ringing).all():
            enqueue(self._session, END_CALL, call_id=str(call_id))

    def lines_in_use(self, now: datetime, longest_call: timedelta) -> int:
        """Calls that ring or talk now, in both directions; rows whose end nobody told of do not count for ever."""
        rings = and_(Call.state.in_((CallState.DIALLING, CallState.RINGING)), Call.created_at > now - _LONGEST_RINGING)
        talks = and_(Call.state == CallState.LIVE, Call.created_at > now - longest_call)
        return self._session.scalar(select(func.count()).where(or_(rings, talks))) or 0

    def tries(self, appointment: Appointment) -> Sequence[Call]:
        """The calls that were placed for an appointment as it stands, oldest first."""
        return self._session.scalars(
            select(Call)
            .where(
                Call.appointment_id == appointment.id,
                Call.appointment_edition == appointment.edition,
                Call.end_reason.is_distinct_from(NOT_PLACED),
            )
            .order_by(Call.try_number)
        ).all()

    def overdue(self, before: datetime) -> Sequence[Appointment]:
        """Booked calls whose hour passed before this instant without anybody looking at them."""
        return self._session.scalars(
            select(Appointment)
            .where(
                Appointment.state == AppointmentState.BOOKED,
                Appointment.kind != AppointmentKind.DIAL_IN,
                Appointment.due_at < before,
            )
            .order_by(Appointment.due_at)
            .limit(500)
        ).all()

    def note_gate(self, appointment: Appointment, gate: str | None, now: datetime) -> None:
        """Keep what stands in the way of a booked call, for its pages; None: nothing does."""
        self._session.execute(
            update(Appointment)
            .where(
                Appointment.id == appointment.id,
                Appointment.edition == appointment.edition,
                Appointment.state == AppointmentState.BOOKED,
            )
            .values(closed_gate=gate, gate_seen_at=now if gate else None)
        )
