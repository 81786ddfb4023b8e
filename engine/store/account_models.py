"""The tables around people who sign in: users, their browsers, and attempts at what is limited."""

import uuid
from datetime import datetime, time

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base, Stamped


class User(Stamped, Base):
    """A person who signs in to the dashboard."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email", "email", unique=True, postgresql_where=text("deleted_at is null")),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("recording_days > 0", name="recording_days"),
    )

    email: Mapped[str] = mapped_column(String(255))
    password_hash: Mapped[str] = mapped_column(String(255))
    first_name: Mapped[str] = mapped_column(String(100))
    last_name: Mapped[str] = mapped_column(String(100))
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    terms_version: Mapped[str] = mapped_column(String(32))
    terms_accepted_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    transfer_phone: Mapped[str | None] = mapped_column(String(20))
    """Where candidates who ask for a person are put through to, E.164; None: they are called back."""
    office_opens: Mapped[time | None]
    """On weekdays, on the user's own clock; None with either: at any hour."""
    office_closes: Mapped[time | None]
    is_told_of_reports: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    """By mail, when one is ready."""
    own_phone: Mapped[str | None] = mapped_column(String(20))
    """Where the user practises, E.164; kept where the user wanted that."""
    recording_days: Mapped[int | None]
    """How long recordings are kept, where that is shorter than the installation keeps them."""


class LoginSession(Stamped, Base):
    """One signed-in browser: the family of its refresh tokens."""

    __tablename__ = "login_sessions"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    is_remembered: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    user_agent: Mapped[str] = mapped_column(String(255), default="", server_default="")
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None] = mapped_column(String(64))


class RefreshToken(Stamped, Base):
    """A refresh token, by hash. A spent one that comes back revokes its whole session."""

    __tablename__ = "refresh_tokens"

    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("login_sessions.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class Attempt(Base):
    """One attempt at something limited: a login, a registration, a PIN. `subject` is a keyed hash, never personal."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_action_subject_at", "action", "subject", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class AccountToken(Stamped, Base):
    """The secret of a link in a mail to a user, by hash. It works once."""

    __tablename__ = "account_tokens"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    """The kind of mail that carried it; for any other purpose it is nothing."""
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    spent_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """The first answer to a request that its sender gave a key, kept for a day."""

    __tablename__ = "idempotency_keys"

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(Text)
    kept_at: Mapped[datetime] = mapped_column(index=True)
