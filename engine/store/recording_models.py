"""Where the sound of calls lies, and what was deleted because its time was over."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base, Stamped, one_of
from engine.vocabulary import Deleted


class Recording(Stamped, Base):
    """Where the sound of a call lies."""

    __tablename__ = "recordings"

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), unique=True)
    path: Mapped[str] = mapped_column(String(255))
    """Relative to the recordings folder."""
    format: Mapped[str] = mapped_column(String(32))
    channels: Mapped[int]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int]
    removed_at: Mapped[datetime | None]
    """From then on nobody hears it any more."""
    erased_at: Mapped[datetime | None]
    """When its file was seen to be gone from the disk."""


class Deletion(Stamped, Base):
    """One deletion: what of whose interview, and how much. It says nothing of the content, and outlives the rest."""

    __tablename__ = "deletions"
    __table_args__ = (CheckConstraint(one_of("what", Deleted), name="what"),)

    what: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    interview_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    call_id: Mapped[uuid.UUID | None]
    """Ids alone, no keys: the trace stays when the rows are gone."""
    reason: Mapped[str] = mapped_column(String(32))
    amounts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sql("'{}'::jsonb"))
    """Such as days, bytes, rows."""
