"""The tables of money and of what saves it: usage of providers, their health, and phrases kept for the next time."""

import uuid
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Numeric, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base


class UsageRow(Base):
    """One request, or a part of a long one, that some interview paid for."""

    __tablename__ = "usage"
    __table_args__ = (
        UniqueConstraint("call_id", "sequence"),
        CheckConstraint("(call_id is null) = (job is not null)", name="payer"),
        Index("ix_usage_interview_at", "interview_id", "at"),
        Index("ix_usage_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    interview_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"))
    call_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    sequence: Mapped[int | None]
    """Of the event that told of it; None for what became known when the call's log was closed, and for jobs."""
    job: Mapped[str | None] = mapped_column(String(64))
    """The task that made the request, where no call did."""
    provider: Mapped[str] = mapped_column(String(32))
    model: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(32))
    requests: Mapped[int]
    input_tokens: Mapped[int]
    cached_tokens: Mapped[int]
    cache_write_tokens: Mapped[int]
    output_tokens: Mapped[int]
    reasoning_tokens: Mapped[int]
    audio_ms: Mapped[int] = mapped_column(BigInteger)
    characters: Mapped[int]
    request_id: Mapped[str | None] = mapped_column(String(128))
    is_estimated: Mapped[bool]
    price_usd: Mapped[Decimal | None] = mapped_column(Numeric(16, 10))
    """None where the price table knows no price: that is not zero."""
    priced_from: Mapped[date | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class ProviderHealthRow(Base):
    """How an engine is doing, as one process sees it; written when it changes."""

    __tablename__ = "provider_health"

    process: Mapped[str] = mapped_column(String(128), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    port: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    failures: Mapped[int]
    last_error: Mapped[str | None] = mapped_column(String(300))
    last_error_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class SpokenPhrase(Base):
    """What is known of a synthesised phrase; its audio lies on disk under its key."""

    __tablename__ = "spoken_phrases"
    __table_args__ = (Index("ix_spoken_phrases_expires_at", "expires_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    voice: Mapped[str] = mapped_column(String(128))
    text_kind: Mapped[str] = mapped_column(String(16))
    bytes: Mapped[int]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    hits: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]
