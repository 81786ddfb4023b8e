"""One fact of a call on its way into the tables, and what the tables say about its leg."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.store.models import Answer, Call, CallEvent, Question


@dataclass(frozen=True, slots=True)
class ToldFact:
    """A fact with the leg that told it, and the transaction that it is brought into the tables in."""

    session: Session
    call: Call
    sequence: int
    at_ms: int
    data: Mapping[str, Any]


def is_overtaken(fact: ToldFact) -> bool:
    """Whether a newer leg of the interview has begun: logs of dead processes may arrive late."""
    newer = (
        select(Call.id)
        .where(
            Call.interview_id == fact.call.interview_id,
            Call.created_at > fact.call.created_at,
            Call.started_at.is_not(None),
        )
        .limit(1)
    )
    return fact.session.scalar(newer) is not None


def belongs_to_newer_leg(fact: ToldFact, call_id: object) -> bool:
    """Whether a row was written by a leg that began after the fact's own."""
    if call_id is None or call_id == fact.call.id:
        return False
    created_at = fact.session.scalar(select(Call.created_at).where(Call.id == call_id))
    return created_at is not None and created_at > fact.call.created_at


def question_of(fact: ToldFact, order: int) -> Question | None:
    """The interview's question with this number, as the database has it now."""
    return fact.session.scalar(
        select(Question)
        .where(Question.interview_id == fact.call.interview_id, Question.order == order)
        .execution_options(populate_existing=True)
    )


def has_answers(fact: ToldFact) -> bool:
    """Whether there is anything to grade: at least one answer with words in it."""
    found = (
        select(Answer.id)
        .join(Question, Question.id == Answer.question_id)
        .where(Question.interview_id == fact.call.interview_id, Answer.text != "")
    )
    return fact.session.scalar(found.limit(1)) is not None


def has_ended_interview(fact: ToldFact) -> bool:
    """Whether the conversation of this leg came to its end."""
    ended = select(CallEvent.id).where(CallEvent.call_id == fact.call.id, CallEvent.name == "interview_ended")
    return fact.session.scalar(ended.limit(1)) is not None
