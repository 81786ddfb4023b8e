"""Questions that a language model wrote: kept for every interview like the one they were written for."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base, Stamped, one_of
from engine.vocabulary import Difficulty, Level, Topic


class GeneratedQuestion(Stamped, Base):
    """A question that passed every check. It never changes; after `expires_at` no new interview gets it."""

    __tablename__ = "generated_questions"
    __table_args__ = (
        CheckConstraint(one_of("level", Level), name="level"),
        CheckConstraint(one_of("topic", Topic), name="topic"),
        CheckConstraint(one_of("difficulty", Difficulty), name="difficulty"),
        Index("uq_generated_questions_set", "role", "level", "language", "question_id", unique=True),
        Index("ix_generated_questions_expires_at", "expires_at"),
    )

    role: Mapped[str] = mapped_column(String(100))
    """In lower case with single spaces, so that like interviews find each other's questions."""
    level: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(16))
    topic: Mapped[str] = mapped_column(String(32))
    difficulty: Mapped[str] = mapped_column(String(16))
    question_id: Mapped[str] = mapped_column(String(64))
    """Follows from the text; stands where a question of the bank has its id."""
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(String(64))
    """Which prompt and model wrote it."""
    rubric_hints: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    body: Mapped[dict[str, Any]]
    """The whole question with all that its grading needs, as `engine.questions.generated.stored_form` gives it."""
    expires_at: Mapped[datetime]


class GivenQuestion(Base):
    """Which of them an interview may ask; what was given stays given, also after its expiry."""

    __tablename__ = "given_questions"

    interview_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"), primary_key=True)
    generated_question_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("generated_questions.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int]
    """Order in which they were given, from 0."""
