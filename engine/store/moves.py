"""The lives of interviews and calls: every legal move stands in a table, every move is one guarded UPDATE."""

import uuid
from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.store.models import Call, Interview
from engine.vocabulary import CallState as C
from engine.vocabulary import InterviewState as I  # the tables below read better with one letter

INTERVIEW_MOVES: Mapping[I, frozenset[I]] = {
    I.SCHEDULED: frozenset({I.IN_PROGRESS, I.CANCELLED, I.EXPIRED}),
    I.IN_PROGRESS: frozenset({I.SCHEDULED, I.INTERRUPTED, I.EVALUATING}),  # scheduled: a machine had answered
    I.INTERRUPTED: frozenset({I.SCHEDULED, I.IN_PROGRESS, I.EVALUATING, I.CANCELLED, I.EXPIRED}),
    I.EVALUATING: frozenset({I.COMPLETED}),
    I.COMPLETED: frozenset(),
    I.CANCELLED: frozenset(),
    I.EXPIRED: frozenset(),
}

CALL_MOVES: Mapping[C, frozenset[C]] = {
    C.DIALLING: frozenset(set(C) - {C.DIALLING}),
    C.RINGING: frozenset(set(C) - {C.DIALLING, C.RINGING}),
    C.LIVE: frozenset({C.COMPLETED, C.DROPPED, C.FAILED, C.VOICEMAIL}),
    C.DROPPED: frozenset({C.LIVE, C.VOICEMAIL}),  # the media socket broke, the line held: the same leg goes on
    C.COMPLETED: frozenset(),
    C.NO_ANSWER: frozenset(),
    C.BUSY: frozenset(),
    C.VOICEMAIL: frozenset(),
    C.DECLINED: frozenset(),
    C.FAILED: frozenset(),
    C.CANCELLED: frozenset(),
}

REPLACED = "replaced"
"""End reason of a leg whose place another one of its interview has taken."""
OPEN_INTERVIEW = (I.SCHEDULED, I.IN_PROGRESS, I.INTERRUPTED)
"""States in which the PIN opens the door."""


def move_interview(session: Session, interview_id: uuid.UUID, to: I, **values: object) -> bool:
    """Move the interview if the table allows it from where it stands, setting `values` too; False changes nothing."""
    sources = [state for state, targets in INTERVIEW_MOVES.items() if to in targets]
    moved = session.scalar(
        update(Interview)
        .where(Interview.id == interview_id, Interview.state.in_(sources))
        .values(state=to, **values)
        .returning(Interview.id)
    )
    return moved is not None


def move_call(session: Session, call_id: uuid.UUID, to: C, **values: object) -> bool:
    """Move the call if the table allows it from where it stands, setting `values` too; False changes nothing."""
    sources = [state for state, targets in CALL_MOVES.items() if to in targets]
    moved = session.scalar(
        update(Call).where(Call.id == call_id, Call.state.in_(sources)).values(state=to, **values).returning(Call.id)
    )
    return moved is not None
