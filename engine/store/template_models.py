"""The tables around setting interviews up: templates of a user's own, and drafts that are not finished yet."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import ENDPOINT_RULES, NOTICE_RULE, Base, Stamped, one_of
from engine.vocabulary import Level


class InterviewTemplate(Stamped, Base):
    """What a user's interviews of one kind have in common. Interviews copy it; they do not refer to it."""

    __tablename__ = "interview_templates"
    __table_args__ = (
        CheckConstraint(one_of("level", Level), name="level"),
        CheckConstraint("question_count between 1 and 30", name="question_count"),
        CheckConstraint(NOTICE_RULE, name="notice_h"),
        *(CheckConstraint(rule, name=name) for name, rule in ENDPOINT_RULES.items()),
        UniqueConstraint("owner_id", "name"),
    )

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(16))
    topics: Mapped[list[Any]]
    question_count: Mapped[int]
    language: Mapped[str] = mapped_column(String(16), default="en", server_default="en")
    rubric: Mapped[str] = mapped_column(String(64))
    endpoint_policy: Mapped[str | None] = mapped_column(String(16))
    endpoint_silence_ms: Mapped[int | None]
    endpoint_threshold_dbfs: Mapped[float | None]
    notice_h: Mapped[int | None]
    faq: Mapped[list[Any]] = mapped_column(default=list, server_default=sql("'[]'::jsonb"))


class InterviewDraft(Stamped, Base):
    """An interview that is being set up, as it was typed: nothing in it has to be right before the end."""

    __tablename__ = "interview_drafts"
    __table_args__ = (Index("ix_interview_drafts_owner_updated", "owner_id", "updated_at"),)

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    typed: Mapped[dict[str, Any]]
    """Texts by the names of the forms' fields; emptied when the interview is made."""
    reached: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    """The last step, counted from 0, that may be entered."""
    made_at: Mapped[datetime | None]
    """When an interview was made of it; a draft makes one, once."""
    interview_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"), index=True)
    """What it became."""
