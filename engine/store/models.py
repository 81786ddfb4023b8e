"""The tables: typed columns, rules in the database, UTC everywhere.

Plain SQLAlchemy, so that the engine needs no Flask; the dashboard hands Base to Flask-SQLAlchemy.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.store.account_models import Attempt, LoginSession, RefreshToken, User
from engine.store.base import ENDPOINT_RULES, NOTICE_RULE, Base, Stamped, one_of
from engine.store.command_models import CallCommand
from engine.store.grade_models import Evaluation, Report
from engine.store.question_models import GeneratedQuestion, GivenQuestion
from engine.store.recording_models import Deletion, Recording
from engine.store.template_models import InterviewDraft, InterviewTemplate
from engine.store.usage_models import ProviderHealthRow, SpokenPhrase, UsageRow
from engine.store.webhook_models import WebhookDelivery, WebhookEndpoint
from engine.vocabulary import AnswerState, CallState, Direction, InterviewState, Level

__all__ = [
    "Answer",
    "Attempt",
    "Base",
    "Call",
    "CallCommand",
    "CallEvent",
    "Candidate",
    "Consent",
    "Deletion",
    "Evaluation",
    "GeneratedQuestion",
    "GivenQuestion",
    "Interview",
    "InterviewDraft",
    "InterviewTemplate",
    "LoginSession",
    "ProviderHealthRow",
    "Question",
    "Recording",
    "RefreshToken",
    "Report",
    "SpentStreamToken",
    "SpokenPhrase",
    "Stamped",
    "Turn",
    "UsageRow",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
]


class SpentStreamToken(Base):
    """Tokens of the media socket that were used: a second use is refused."""

    __tablename__ = "spent_stream_tokens"

    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    spent_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Candidate(Stamped, Base):
    """A person who is interviewed. Has no account."""

    __tablename__ = "candidates"

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str] = mapped_column(String(20))
    """E.164."""
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    email: Mapped[str | None] = mapped_column(String(255))


class Interview(Stamped, Base):
    """What was planned and agreed; one interview may take several calls."""

    __tablename__ = "interviews"
    __table_args__ = (
        CheckConstraint(one_of("state", InterviewState), name="state"),
        CheckConstraint(one_of("level", Level), name="level"),
        CheckConstraint("question_count between 1 and 30", name="question_count"),
        *(CheckConstraint(rule, name=name) for name, rule in ENDPOINT_RULES.items()),
        CheckConstraint(NOTICE_RULE, name="notice_h"),
        Index("ix_interviews_owner_state", "owner_id", "state"),
        Index("ix_interviews_owner_created", "owner_id", "created_at"),
        Index(
            "uq_interviews_open_pin",
            "pin",
            unique=True,
            postgresql_where=sql("state in ('scheduled', 'in_progress', 'interrupted')"),
        ),
    )

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    candidate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("candidates.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(16))
    topics: Mapped[list[Any]]
    question_count: Mapped[int]
    language: Mapped[str] = mapped_column(String(16), default="en", server_default="en")
    rubric: Mapped[str] = mapped_column(String(64))
    notice_h: Mapped[int | None]
    """So many hours before a call of ours the candidate must have been told; None: no such rule."""
    faq: Mapped[list[Any]] = mapped_column(default=list, server_default=sql("'[]'::jsonb"))
    """What the interviewer answers when the candidate asks: {"question", "answer"}. Its own, whatever its template says
    by now."""
    state: Mapped[str] = mapped_column(String(16), default=InterviewState.SCHEDULED, server_default="scheduled")
    pin: Mapped[str] = mapped_column(String(12))
    pin_expires_at: Mapped[datetime]
    scheduled_at: Mapped[datetime | None]
    """None means any time: the candidate dials in when it suits."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(64))
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sql("'{}'::jsonb"))
    """Where the conversation stands, in the core's own form; enough to go on in another process."""
    endpoint_policy: Mapped[str | None] = mapped_column(String(16))
    """How the end of an answer is decided; None, here and in the next two: as the installation has it."""
    endpoint_silence_ms: Mapped[int | None]
    endpoint_threshold_dbfs: Mapped[float | None]
    deleted_at: Mapped[datetime | None]
    kept_since: Mapped[datetime | None]
    """From when on nothing of it is deleted by itself, since it is disputed; None: nothing holds it."""
    kept_reason: Mapped[str | None] = mapped_column(String(255))
    words_removed_at: Mapped[datetime | None]
    """When everything that was said was deleted, and only figures were left."""

    candidate: Mapped[Candidate] = relationship(lazy="joined")


class Consent(Stamped, Base):
    """An answer to a question of consent, as it was given in a call."""

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("call_id", "kind"),)

    interview_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"), index=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    text_version: Mapped[str] = mapped_column(String(32))
    is_granted: Mapped[bool]
    answer: Mapped[str] = mapped_column(Text)
    """What was said or pressed."""


class Call(Stamped, Base):
    """One phone leg of an interview."""

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint(one_of("state", CallState), name="state"),
        CheckConstraint(one_of("direction", Direction), name="direction"),
        Index("uq_calls_one_live_leg", "interview_id", unique=True, postgresql_where=sql("state = 'live'")),
        Index("ix_calls_under_way", "state", postgresql_where=sql("state in ('dialling', 'ringing', 'live')")),
        # What makes a slot ring once: the row is there before the provider is asked.
        UniqueConstraint("appointment_id", "appointment_edition", "try_number"),
    )

    interview_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"), index=True)
    call_sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    """The provider's id; None while a call of ours has not been confirmed by it."""
    stream_sid: Mapped[str | None] = mapped_column(String(64))
    direction: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(64))
    line_quality: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sql("'{}'::jsonb"))
    appointment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("appointments.id", ondelete="SET NULL"))
    """Calls of ours: for which appointment, in which edition of it, the how manieth try."""
    appointment_edition: Mapped[int | None]
    try_number: Mapped[int | None]
    phone: Mapped[str | None] = mapped_column(String(20))
    """The number that was rung, E.164."""
    due_at: Mapped[datetime | None]
    dialled_at: Mapped[datetime | None]
    """When the row was written, just before the provider was asked."""
    status_sequence: Mapped[int] = mapped_column(default=-1, server_default=sql("-1"))
    """Of the newest status callback that was taken; older ones count for nothing."""
    answered_by: Mapped[str | None] = mapped_column(String(32))
    """Who or what picked up, as far as it is known."""
    answering: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sql("'{}'::jsonb"))
    """How that was found out, in the form of engine/dialogue/answering.py, and what was done about it."""
    resumes: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    """How often it went on after its media socket broke."""


class CallEvent(Base):
    """The event log of a call as it stands on disk, shipped line by line; `sequence` has no gaps."""

    __tablename__ = "call_events"
    __table_args__ = (UniqueConstraint("call_id", "sequence"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    at_ms: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Turn(Stamped, Base):
    """What one side said while it held the floor; for the agent, what was heard of it."""

    __tablename__ = "turns"
    __table_args__ = (
        UniqueConstraint("call_id", "sequence"),
        CheckConstraint("who in ('agent', 'candidate')", name="who"),
    )

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    """The event's sequence number: turns sort by it."""
    who: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[list[Any]] = mapped_column(default=list, server_default=sql("'[]'::jsonb"))
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    gap_ms: Mapped[int | None]
    """Agent turns: end of the candidate's speech to our first audio, as the caller heard it."""
    is_interrupted: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))


class Question(Stamped, Base):
    """A question as it was asked in one interview."""

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("interview_id", "order"),)

    interview_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"))
    call_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("calls.id", ondelete="SET NULL"))
    order: Mapped[int]
    bank_id: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str] = mapped_column(String(32))
    difficulty: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(String(64))
    """Version of the bank that it came from."""
    asked_at_ms: Mapped[int]
    follow_ups: Mapped[list[Any]] = mapped_column(default=list, server_default=sql("'[]'::jsonb"))


class Answer(Stamped, Base):
    """What was said to one question, follow-ups included."""

    __tablename__ = "answers"
    __table_args__ = (CheckConstraint(one_of("state", AnswerState), name="state"),)

    question_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), unique=True)
    call_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("calls.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[list[Any]]
    start_ms: Mapped[int | None]
    end_ms: Mapped[int | None]
    ended_by: Mapped[str] = mapped_column(String(32))
