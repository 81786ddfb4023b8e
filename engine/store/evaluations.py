"""Grades of answers: versions are added, never changed."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.store.json_values import storable
from engine.store.models import Answer, Evaluation, Question
from engine.vocabulary import GradeState


@dataclass(frozen=True, slots=True)
class NewEvaluation:
    grader: str
    rubric: str
    state: GradeState
    score: float | None
    """0 to 100; None unless the answer was scored."""
    detail: Mapping[str, Any]


class EvaluationRepository:
    """Grades of answers; a new grade is a new version, nothing is overwritten."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, answer_id: uuid.UUID, new: NewEvaluation) -> Evaluation:
        """Add a grade as the answer's next version; one that equals the latest is not added again.

        Raises NotFound when there is no such answer.
        """
        locked = self._session.scalar(select(Answer.id).where(Answer.id == answer_id).with_for_update())
        if locked is None:
            raise NotFound(f"There is no answer {answer_id}.")
        latest = self._session.scalar(
            select(Evaluation).where(Evaluation.answer_id == answer_id).order_by(Evaluation.version.desc()).limit(1)
        )
        if latest and _says_the_same(latest, new):
            return latest
        evaluation = Evaluation(
            answer_id=answer_id,
            version=latest.version + 1 if latest else 1,
            grader=new.grader,
            rubric=new.rubric,
            state=new.state,
            score=new.score,
            detail=storable(dict(new.detail)),
        )
        self._session.add(evaluation)
        self._session.flush()
        return evaluation

    def latest(self, interview_id: uuid.UUID) -> dict[uuid.UUID, Evaluation]:
        """The newest grade of each answer of an interview, by answer id."""
        newest = (
            select(Evaluation.answer_id, func.max(Evaluation.version).label("version"))
            .group_by(Evaluation.answer_id)
            .subquery()
        )
        rows = self._session.scalars(
            select(Evaluation)
            .join(newest, (newest.c.answer_id == Evaluation.answer_id) & (newest.c.version == Evaluation.version))
            .join(Answer, Answer.id == Evaluation.answer_id)
            .join(Question, Question.id == Answer.question_id)
            .where(Question.interview_id == interview_id)
        )
        return {row.answer_id: row for row in rows}


def _says_the_same(row: Evaluation, new: NewEvaluation) -> bool:
    kept_score = None if new.score is None else round(new.score, 2)
    return (row.grader, row.rubric, row.state, row.score, row.detail) == (
        new.grader,
        new.rubric,
        new.state,
        kept_score,
        storable(dict(new.detail)),
    )
