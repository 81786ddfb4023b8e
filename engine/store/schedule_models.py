"""The tables of scheduling: appointments and windows, who may be called, and every message that goes out."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String, Text, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.store.base import Base, Stamped, one_of
from engine.store.models import Interview
from engine.vocabulary import AccountMail, AppointmentKind, AppointmentState, Channel, MessageState, TaskKind

NO_DOUBLE_BOOKING = "ex_appointments_one_call_at_a_time"


class RecurringSeries(Stamped, Base):
    """Practice calls that were booked together."""

    __tablename__ = "recurring_series"

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    rhythm: Mapped[str] = mapped_column(String(16))
    times: Mapped[int]
    first_wall_time: Mapped[datetime] = mapped_column(DateTime(timezone=False))
    time_zone: Mapped[str] = mapped_column(String(64))


class Appointment(Stamped, Base):
    """When an interview's call takes place. The wall time is what was agreed; `due_at` is derived from it."""

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint(one_of("kind", AppointmentKind), name="kind"),
        CheckConstraint(one_of("state", AppointmentState), name="state"),
        CheckConstraint("(due_at is null) = (ends_at is null)", name="due_and_ends"),
        CheckConstraint("state not in ('booked', 'taken') or kind = 'dial_in' or due_at is not null", name="has_hour"),
        CheckConstraint("length_min between 1 and 240", name="length_min"),
        Index("ix_appointments_owner_due", "owner_id", "due_at"),
        Index("ix_appointments_state_due", "state", "due_at"),
        # One telephone, one call at a time, whoever booked it. Ranges have an index of their own; text has none.
        ExcludeConstraint(
            (sql("int8range(substr(phone, 2)::bigint, substr(phone, 2)::bigint, '[]')"), "&&"),
            (sql("tstzrange(due_at, ends_at)"), "&&"),
            name=NO_DOUBLE_BOOKING,
            using="gist",
            where=sql("state in ('booked', 'taken') and due_at is not null"),
        ),
    )

    interview_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"), unique=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    series_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recurring_series.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    phone: Mapped[str] = mapped_column(String(20))
    """E.164, as it stood when the call was booked."""
    time_zone: Mapped[str] = mapped_column(String(64))
    """The candidate's."""
    wall_time: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    which: Mapped[str | None] = mapped_column(String(8))
    """Of an hour that comes twice: first or second."""
    due_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    zone_edition: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """The edition of the time zones' rules with which `due_at` was worked out."""
    length_min: Mapped[int]
    answer_before: Mapped[datetime | None]
    """For dialling in: until when; for a window: until when a slot can be picked."""
    edition: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    """Counts changes: SEQUENCE of the calendar entry; links and reminders of another edition are void."""
    picked_at: Mapped[datetime | None]
    """When the candidate chose this hour; None when the user did."""
    state_reason: Mapped[str | None] = mapped_column(String(64))
    closed_gate: Mapped[str | None] = mapped_column(String(32))
    """What stood in the way when the call was to be placed; None when nothing does."""
    gate_seen_at: Mapped[datetime | None]

    interview: Mapped[Interview] = relationship(lazy="joined")


class BookingWindow(Stamped, Base):
    """The days and hours in which a candidate may pick."""

    __tablename__ = "booking_windows"

    appointment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("appointments.id", ondelete="CASCADE"), unique=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    time_zone: Mapped[str] = mapped_column(String(64))
    openings: Mapped[list[Any]]
    """[weekday, "09:00", "17:00"], Monday is 0."""
    step_min: Mapped[int]
    notice_min: Mapped[int]
    buffer_min: Mapped[int]
    most_a_day: Mapped[int]


class CallPermission(Stamped, Base):
    """Who agreed, and how, that a number is called by an AI for one user."""

    __tablename__ = "call_permissions"
    __table_args__ = (
        Index(
            "uq_call_permissions_open", "owner_id", "phone", unique=True, postgresql_where=sql("withdrawn_at is null")
        ),
    )

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    phone: Mapped[str] = mapped_column(String(20))
    basis: Mapped[str] = mapped_column(String(32))
    """told_user, picked_slot, own_number."""
    text_version: Mapped[str] = mapped_column(String(32))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ContactRefusal(Stamped, Base):
    """An address that must not be used again; for channel `call` this is the do-not-call list. Over all users."""

    __tablename__ = "contact_refusals"
    __table_args__ = (
        UniqueConstraint("channel", "address"),
        CheckConstraint(one_of("channel", Channel), name="channel"),
    )

    channel: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(255))
    source: Mapped[str] = mapped_column(String(32))
    """link, one_click, key, words, user."""


class OutboxMessage(Stamped, Base):
    """A message to a candidate or, without an appointment, to the user; from the plan to the news of its delivery."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        UniqueConstraint("appointment_id", "edition", "touch", "channel"),
        CheckConstraint(one_of("state", MessageState), name="state"),
        CheckConstraint(
            f"{one_of('touch', AccountMail)} or (appointment_id is not null and interview_id is not null)",
            name="belongs",
        ),
        Index("uq_outbox_messages_report", "interview_id", unique=True, postgresql_where=sql("touch = 'report_ready'")),
        Index("ix_outbox_messages_owner_due", "owner_id", "due_at"),
        Index("ix_outbox_messages_state_due", "state", "due_at"),
        Index(
            "uq_outbox_messages_provider_id",
            "provider_id",
            unique=True,
            postgresql_where=sql("provider_id is not null"),
        ),
    )

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    interview_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"), index=True)
    appointment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("appointments.id", ondelete="CASCADE"))
    edition: Mapped[int]
    """Of the appointment that the message speaks of."""
    touch: Mapped[str] = mapped_column(String(16))
    """Why a candidate hears from us, or the kind of mail to the user."""
    channel: Mapped[str] = mapped_column(String(8))
    recipient: Mapped[str] = mapped_column(String(255))
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(255))
    """Why it was skipped or failed, in words."""
    attempts: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    provider: Mapped[str | None] = mapped_column(String(32))
    provider_id: Mapped[str | None] = mapped_column(String(128))
    subject: Mapped[str] = mapped_column(Text, default="", server_default="")
    body: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The text as it was sent, without the secret of a link; empty until then."""
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]

    interview: Mapped[Interview | None] = relationship(lazy="joined")


class CallTask(Stamped, Base):
    """Something that a user is asked to look after."""

    __tablename__ = "call_tasks"
    __table_args__ = (
        CheckConstraint(one_of("kind", TaskKind), name="kind"),
        Index("ix_call_tasks_open", "owner_id", "created_at", postgresql_where=sql("done_at is null")),
        Index(
            "uq_call_tasks_open",
            "interview_id",
            "kind",
            unique=True,
            postgresql_where=sql("done_at is null"),
        ),
    )

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    interview_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"))
    call_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("calls.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(255))
    """In words."""
    at_ms: Mapped[int | None]
    """Where in the call, and in its recording, it came up."""
    done_at: Mapped[datetime | None]

    interview: Mapped[Interview] = relationship(lazy="joined")


class DialPace(Base):
    """When the provider's account may place its next call. One row an account, locked by whoever dials."""

    __tablename__ = "dial_pace"

    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    next_at: Mapped[datetime]


class CalendarFeed(Base):
    """A user's secret calendar address; a new generation makes the old address void."""

    __tablename__ = "calendar_feeds"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    generation: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
