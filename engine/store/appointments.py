"""Appointments: every change is one guarded UPDATE, and the database itself refuses two calls at once to one number."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.store.booking_conflicts import explained, refused
from engine.store.jobs import DIAL_CALL, DIAL_LEAD, enqueue
from engine.store.models import Interview
from engine.store.schedule_models import NO_DOUBLE_BOOKING, Appointment, BookingWindow
from engine.store.webhooks import announce_booking
from engine.vocabulary import AppointmentKind, InterviewState
from engine.vocabulary import AppointmentState as A  # the table below reads better with one letter

APPOINTMENT_MOVES: Mapping[A, frozenset[A]] = {
    A.OPEN: frozenset({A.OPEN, A.BOOKED, A.CANCELLED, A.MISSED}),
    A.BOOKED: frozenset({A.BOOKED, A.OPEN, A.TAKEN, A.KEPT, A.MISSED, A.CANCELLED}),
    A.TAKEN: frozenset({A.BOOKED, A.KEPT, A.MISSED, A.CANCELLED}),
    A.MISSED: frozenset({A.BOOKED, A.OPEN, A.KEPT, A.CANCELLED}),
    A.KEPT: frozenset({A.BOOKED, A.OPEN}),
    A.CANCELLED: frozenset(),
}
"""Every legal move. Booked to booked is a change of the hour; a missed call may be booked anew or made up by phone;
one that took place too, when the interview broke off: by our fault, or to be called back."""

_PIN_AFTER_CALL = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a call as it is stored."""

    wall_time: datetime | None
    which: str | None
    due_at: datetime | None
    zone_edition: str


NO_HOUR = Hour(None, None, None, "")


class AppointmentRepository:
    """Appointments of interviews: one each."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, appointment: Appointment, window: BookingWindow | None = None) -> Appointment:
        """Keep a new appointment. Raises SlotTaken when its number has a call at that time, Conflict when its
        interview has an appointment already."""
        try:
            with self._session.begin_nested():
                self._session.add(appointment)
                self._session.flush()
                if window is not None:
                    window.appointment_id = appointment.id
                    self._session.add(window)
        except IntegrityError as error:
            raise explained(
                self._session, error, appointment.owner_id, appointment.phone, appointment.due_at
            ) from error
        self._mirror(appointment)
        self.enqueue_dialling(appointment)
        announce_booking(self._session, appointment)
        return appointment

    def find(self, interview_id: uuid.UUID, owner_id: uuid.UUID) -> Appointment:
        """The appointment of the owner's interview. Raises NotFound."""
        mine = select(Appointment).where(Appointment.interview_id == interview_id, Appointment.owner_id == owner_id)
        if (found := self._session.scalar(mine)) is None:
            raise NotFound("This interview has no appointment.")
        return found

    def of_interview(self, interview_id: uuid.UUID) -> Appointment | None:
        return self._session.scalar(select(Appointment).where(Appointment.interview_id == interview_id))

    def get(self, appointment_id: uuid.UUID) -> Appointment:
        """For links and jobs, which act for no user. Raises NotFound."""
        if (found := self._session.get(Appointment, appointment_id)) is None:
            raise NotFound("There is no such appointment.")
        return found

    def window_of(self, appointment_id: uuid.UUID) -> BookingWindow | None:
        return self._session.scalar(select(BookingWindow).where(BookingWindow.appointment_id == appointment_id))

    def replace_window(self, appointment_id: uuid.UUID, window: BookingWindow) -> None:
        """Offer other days and hours for the same appointment."""
        if (known := self.window_of(appointment_id)) is not None:
            self._session.delete(known)
            self._session.flush()
        window.appointment_id = appointment_id
        self._session.add(window)
        self._session.flush()

    def move(self, appointment: Appointment, to: A, hour: Hour, **values: object) -> Appointment:
        """Give the appointment another hour (or none), one edition later.

        Raises Conflict when it was changed in the meantime or its state allows no such move, SlotTaken when the number
        has another call then.
        """
        ends_at = hour.due_at + timedelta(minutes=appointment.length_min) if hour.due_at else None
        try:
            with self._session.begin_nested():
                moved = self._session.scalar(
                    update(Appointment)
                    .where(
                        Appointment.id == appointment.id,
                        Appointment.edition == appointment.edition,
                        # What the dialler has in hand is the dialler's: it rings, or somebody talks already.
                        Appointment.state.in_(_sources(to) - {A.TAKEN}),
                    )
                    .values(
                        state=to,
                        wall_time=hour.wall_time,
                        which=hour.which,
                        due_at=hour.due_at,
                        ends_at=ends_at,
                        zone_edition=hour.zone_edition,
                        edition=Appointment.edition + 1,
                        state_reason=None,
                        closed_gate=None,
                        gate_seen_at=None,
                        **values,
                    )
                    .returning(Appointment.id)
                )
        except IntegrityError as error:
            raise explained(self._session, error, appointment.owner_id, appointment.phone, hour.due_at) from error
        if moved is None:
            raise refused(self._session, appointment)
        self._session.refresh(appointment)
        self._mirror(appointment)
        self.enqueue_dialling(appointment)
        announce_booking(self._session, appointment)
        return appointment

    def ring_again(self, appointment: Appointment, hour: Hour) -> bool:
        """Book the next try of a call that reached nobody; False when the number has another call then.

        The edition stays: what the candidate was told holds still.
        """
        if hour.due_at is None:
            return False
        try:
            with self._session.begin_nested():
                moved = self._session.scalar(
                    update(Appointment)
                    .where(
                        Appointment.id == appointment.id,
                        Appointment.edition == appointment.edition,
                        Appointment.state == A.TAKEN,
                    )
                    .values(
                        state=A.BOOKED,
                        wall_time=hour.wall_time,
                        which=hour.which,
                        due_at=hour.due_at,
                        ends_at=hour.due_at + timedelta(minutes=appointment.length_min),
                        zone_edition=hour.zone_edition,
                    )
                    .returning(Appointment.id)
                )
        except IntegrityError as error:
            if NO_DOUBLE_BOOKING not in str(error.orig):
                raise
            return False
        self._session.refresh(appointment)
        self._mirror(appointment)
        self.enqueue_dialling(appointment)
        return moved is not None

    def enqueue_dialling(self, appointment: Appointment, at: datetime | None = None) -> None:
        """Give a call that we are to place its job; once for each instant of each edition.

        at: when the job is to look, unless it is a little before the call.
        """
        due_at = appointment.due_at
        if appointment.state != A.BOOKED or appointment.kind == AppointmentKind.DIAL_IN or due_at is None:
            return
        enqueue(
            self._session,
            DIAL_CALL,
            queueing_lock=f"dial {appointment.id} {appointment.edition} {due_at.timestamp():.0f}",
            schedule_at=at or due_at - DIAL_LEAD,
            appointment_id=str(appointment.id),
            edition=appointment.edition,
        )

    def set_state(self, appointment_id: uuid.UUID, to: A, *, reason: str | None = None) -> bool:
        """Move the appointment if the table allows it from where it stands; False changes nothing.

        A cancellation is a new edition: what was sent or planned before is void.
        """
        step = 1 if to is A.CANCELLED else 0
        moved = self._session.scalar(
            update(Appointment)
            .where(Appointment.id == appointment_id, Appointment.state.in_(_sources(to) - {to}))
            .values(state=to, state_reason=reason, edition=Appointment.edition + step, closed_gate=None)
            .returning(Appointment.id)
        )
        if moved is not None and (known := self._session.get(Appointment, appointment_id)) is not None:
            self._session.refresh(known)
        return moved is not None

    def rederive(self, appointment: Appointment, due_at: datetime, zone_edition: str) -> bool:
        """Note the instant under other rules; False when the appointment changed meanwhile. The edition stays: nothing
        changes on the candidate's wall. Raises SlotTaken."""
        try:
            with self._session.begin_nested():
                moved = self._session.scalar(
                    update(Appointment)
                    .where(
                        Appointment.id == appointment.id,
                        Appointment.edition == appointment.edition,
                        Appointment.state == A.BOOKED,
                    )
                    .values(
                        due_at=due_at,
                        ends_at=due_at + timedelta(minutes=appointment.length_min),
                        zone_edition=zone_edition,
                    )
                    .returning(Appointment.id)
                )
        except IntegrityError as error:
            raise explained(self._session, error, appointment.owner_id, appointment.phone, due_at) from error
        if moved is None:
            return False
        self._session.refresh(appointment)
        self._mirror(appointment)
        self.enqueue_dialling(appointment)
        return True

    def of_other_edition(self, zone_edition: str, after: datetime, limit: int = 200) -> Sequence[Appointment]:
        """Calls ahead whose instant was worked out with another edition of the rules."""
        return self._session.scalars(
            select(Appointment)
            .where(
                Appointment.state == A.BOOKED,
                Appointment.due_at > after,
                Appointment.wall_time.is_not(None),
                Appointment.zone_edition != zone_edition,
            )
            .order_by(Appointment.due_at)
            .limit(limit)
        ).all()

    def ahead(self, owner_id: uuid.UUID, since: datetime, until: datetime) -> Sequence[Appointment]:
        """The owner's calls between two instants in their order, the cancelled ones left out."""
        return self._session.scalars(
            select(Appointment)
            .where(
                Appointment.owner_id == owner_id,
                Appointment.state != A.CANCELLED,
                Appointment.due_at >= since,
                Appointment.due_at < until,
            )
            .order_by(Appointment.due_at, Appointment.id)
        ).all()

    def without_hour(self, owner_id: uuid.UUID, now: datetime) -> Sequence[Appointment]:
        """What waits for the candidate: windows without a pick, and calls that the candidate is to make."""
        return self._session.scalars(
            select(Appointment)
            .join(Interview, Interview.id == Appointment.interview_id)
            .where(
                Appointment.owner_id == owner_id,
                Appointment.state.in_((A.OPEN, A.BOOKED)),
                Appointment.due_at.is_(None),
                or_(Appointment.answer_before.is_(None), Appointment.answer_before > now),
                Interview.state == InterviewState.SCHEDULED,
            )
            .order_by(Appointment.answer_before, Appointment.id)
            .limit(100)
        ).all()

    def _mirror(self, appointment: Appointment) -> None:
        """The interview shows the same hour, and its PIN outlives the call."""
        changes: dict[str, object] = {"scheduled_at": appointment.due_at}
        if appointment.kind != AppointmentKind.DIAL_IN and appointment.due_at:
            changes["pin_expires_at"] = func.greatest(Interview.pin_expires_at, appointment.due_at + _PIN_AFTER_CALL)
        elif appointment.kind == AppointmentKind.DIAL_IN and appointment.answer_before:
            changes["pin_expires_at"] = appointment.answer_before
        self._session.execute(
            update(Interview)
            .where(Interview.id == appointment.interview_id, Interview.state == InterviewState.SCHEDULED)
            .values(**changes)
            .execution_options(synchronize_session="fetch")
        )


def _sources(to: A) -> frozenset[A]:
    return frozenset(state for state, targets in APPOINTMENT_MOVES.items() if to in targets)
