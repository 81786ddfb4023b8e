"""What a user wanted of a running call."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, Text, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base, one_of
from engine.vocabulary import Command


class CallCommand(Base):
    """A command on its way to the process that holds the call, or a note; kept as a record of who did what."""

    __tablename__ = "call_commands"
    __table_args__ = (
        CheckConstraint(one_of("command", Command), name="command"),
        Index("ix_call_commands_waiting", "call_id", postgresql_where=sql("taken_at is null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    interview_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"), index=True)
    call_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    """None for a note that was written while nobody was on the line."""
    given_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    command: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(server_default=func.now())
    taken_at: Mapped[datetime | None]
    """When the process that holds the call took it up."""
