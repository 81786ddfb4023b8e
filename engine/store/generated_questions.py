"""Question sets by role, level and topic, shared by all interviews that are alike, until they expire."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.questions.generated import from_stored, stored_form
from engine.questions.question import Question
from engine.store.models import (
    Candidate,
    GeneratedQuestion,
    GivenQuestion,
    Interview,
)
from engine.store.models import Question as AskedQuestion

_MOST_REMEMBERED = 200


class GeneratedQuestionRepository:
    """Questions that a language model wrote."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def usable(self, interview: Interview, now: datetime) -> list[Question]:
        """What was written for interviews of this role, level and language on any of its topics, oldest first."""
        rows = self._session.scalars(
            select(GeneratedQuestion)
            .where(
                GeneratedQuestion.role == _role(interview.role),
                GeneratedQuestion.level == interview.level,
                GeneratedQuestion.language == interview.language,
                GeneratedQuestion.topic.in_(interview.topics),
                GeneratedQuestion.expires_at > now,
            )
            .order_by(GeneratedQuestion.created_at, GeneratedQuestion.question_id)
        )
        return [from_stored(row.body) for row in rows]

    def add(self, interview: Interview, question: Question, expires_at: datetime) -> None:
        """Keep a question for all interviews like this one. One that is there already stays as it is."""
        self._session.execute(
            insert(GeneratedQuestion)
            .values(
                role=_role(interview.role),
                level=interview.level,
                language=interview.language,
                topic=question.topic,
                difficulty=question.difficulty,
                question_id=question.id,
                text=question.text,
                version=question.version,
                rubric_hints=list(question.rubric_hints),
                body=stored_form(question),
                expires_at=expires_at,
            )
            .on_conflict_do_update(  # written anew after its time: good for another term
                index_elements=["role", "level", "language", "question_id"],
                set_={"expires_at": func.greatest(GeneratedQuestion.expires_at, expires_at)},
            )
        )

    def give(self, interview: Interview, questions: Iterable[Question]) -> None:
        """Let an interview ask these. Giving one again changes nothing."""
        for place, question in enumerate(questions):
            row_id = self._session.scalar(
                select(GeneratedQuestion.id).where(
                    GeneratedQuestion.role == _role(interview.role),
                    GeneratedQuestion.level == interview.level,
                    GeneratedQuestion.language == interview.language,
                    GeneratedQuestion.question_id == question.id,
                )
            )
            if row_id is not None:
                self._session.execute(
                    insert(GivenQuestion)
                    .values(interview_id=interview.id, generated_question_id=row_id, place=place)
                    .on_conflict_do_nothing()
                )

    def of_interview(self, interview_id: uuid.UUID) -> list[Question]:
        """What an interview may ask besides the bank, and what its answers are graded by."""
        rows = self._session.scalars(
            select(GeneratedQuestion.body)
            .join(GivenQuestion, GivenQuestion.generated_question_id == GeneratedQuestion.id)
            .where(GivenQuestion.interview_id == interview_id)
            .order_by(GivenQuestion.place, GeneratedQuestion.question_id)
        )
        return [from_stored(body) for body in rows]

    def asked_of_person(self, interview: Interview) -> Sequence[str]:
        """The questions that the same person was asked for the same owner, this interview included, newest first."""
        return self._session.scalars(
            select(AskedQuestion.text)
            .join(Interview, Interview.id == AskedQuestion.interview_id)
            .join(Candidate, Candidate.id == Interview.candidate_id)
            .where(Interview.owner_id == interview.owner_id, Candidate.phone == interview.candidate.phone)
            .order_by(AskedQuestion.created_at.desc())
            .limit(_MOST_REMEMBERED)
        ).all()

    def purge(self, now: datetime) -> int:
        """Delete what has expired and was given to nobody; returns how many."""
        given = select(GivenQuestion.generated_question_id)
        gone = self._session.scalars(
            delete(GeneratedQuestion)
            .where(GeneratedQuestion.expires_at <= now, GeneratedQuestion.id.not_in(given))
            .returning(GeneratedQuestion.id)
        )
        return len(gone.all())


def _role(role: str) -> str:
    return " ".join(role.lower().split())
