"""The tables of grading: grades and reports, append-only."""

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base, Stamped


class Evaluation(Stamped, Base):
    """A grade of one answer. Append-only: a new grade is a new version."""

    __tablename__ = "evaluations"
    __table_args__ = (
        UniqueConstraint("answer_id", "version"),
        CheckConstraint("score is null or score between 0 and 100", name="score"),
    )

    answer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"))
    version: Mapped[int]
    grader: Mapped[str] = mapped_column(String(64))
    rubric: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    score: Mapped[float | None] = mapped_column(Numeric(5, 2, asdecimal=False))
    detail: Mapped[dict[str, Any]]


class Report(Stamped, Base):
    """The report of an interview as a value. Append-only like the evaluations it is made of."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("interview_id", "version"),)

    interview_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"))
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    score: Mapped[float | None] = mapped_column(Numeric(5, 2, asdecimal=False))
    body: Mapped[dict[str, Any]]
