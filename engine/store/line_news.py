"""News of a call's line from the provider: what each may change, in whatever order and however often it comes."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import true, update
from sqlalchemy.orm import Session

from engine.store.models import Call
from engine.store.moves import CALL_MOVES
from engine.vocabulary import CallState as C

NEWS: Final[Mapping[C, C]] = {
    C.RINGING: C.RINGING,
    C.LIVE: C.RINGING,  # somebody or something picked up; that we talk is told by the call's own session
    C.COMPLETED: C.DROPPED,  # put down before a word of ours: the session's news can still make it live
    C.BUSY: C.BUSY,
    C.NO_ANSWER: C.NO_ANSWER,
    C.FAILED: C.FAILED,
    C.CANCELLED: C.CANCELLED,
}
"""What the provider says, and the state that a call which has not come to talk moves to."""
_REASONS: Final = {C.DROPPED: "hung_up", C.FAILED: "failed", C.CANCELLED: "cancelled"}
_NOT_YET_TALKING: Final = (C.DIALLING, C.RINGING)


def take_news(session: Session, call_id: uuid.UUID, told: C, sequence: int | None, at: datetime) -> C | None:
    """Let the provider's word move a call; the state that it moved to, or None where the word changed nothing.

    sequence: of the callback; one that is not newer than the last counts for nothing. None: asked for, so it is the
    newest. A call that came to talk is told about by its own session, which knows more; one that is over stays as it
    ended.
    """
    to = NEWS.get(told)
    if to is None:
        return None
    sources = [state for state in _NOT_YET_TALKING if to in CALL_MOVES[state]]
    is_newer = true() if sequence is None else Call.status_sequence < sequence
    values: dict[str, object] = {} if sequence is None else {"status_sequence": sequence}
    if to not in _NOT_YET_TALKING:
        values |= {"ended_at": at, "end_reason": _REASONS.get(to)}
    return (
        C(moved)
        if (
            moved := session.scalar(
                update(Call)
                .where(Call.id == call_id, Call.state.in_(sources), is_newer)
                .values(state=to, **values)
                .returning(Call.state)
            )
        )
        else None
    )
