"""Phone legs and what hangs on them: stream tokens, turns, recordings."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.store.models import Call, Interview, Recording, SpentStreamToken, Turn
from engine.store.moves import move_call, move_interview
from engine.vocabulary import CallState, Direction, InterviewState

LOST = "line_lost"
"""End reason of a call that no process knows of any more."""


class CallRepository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def register(self, interview_id: uuid.UUID, call_sid: str, direction: Direction) -> Call:
        """The leg with this CallSid, made as ringing when it is new; asking twice changes nothing.

        Raises NotFound when there is no such interview.
        """
        try:
            with self._session.begin_nested():
                self._session.execute(
                    insert(Call)
                    .values(interview_id=interview_id, call_sid=call_sid, direction=direction, state=CallState.RINGING)
                    .on_conflict_do_nothing(index_elements=[Call.call_sid])
                )
        except IntegrityError as error:
            raise NotFound(f"There is no interview {interview_id}.") from error
        return self._session.scalars(select(Call).where(Call.call_sid == call_sid)).one()

    def by_sid(self, call_sid: str) -> Call | None:
        return self._session.scalar(select(Call).where(Call.call_sid == call_sid))

    def get(self, call_id: uuid.UUID) -> Call | None:
        return self._session.get(Call, call_id)

    def claim_resume(self, call_id: uuid.UUID, most: int) -> bool:
        """Count that the leg goes on after a break; False when it did so `most` times already."""
        claimed = self._session.scalar(
            update(Call)
            .where(Call.id == call_id, Call.resumes < most)
            .values(resumes=Call.resumes + 1)
            .returning(Call.id)
        )
        return claimed is not None

    def has_newer_leg(self, call: Call) -> bool:
        """Whether the interview has gone on over another leg since."""
        newer = select(Call.id).where(
            Call.interview_id == call.interview_id, Call.created_at > call.created_at, Call.started_at.is_not(None)
        )
        return self._session.scalar(newer.limit(1)) is not None

    def other_legs(self, call: Call) -> Sequence[Call]:
        """Other calls of the same interview that ring or run at this moment."""
        under_way = (CallState.DIALLING, CallState.RINGING, CallState.LIVE)
        return self._session.scalars(
            select(Call).where(Call.interview_id == call.interview_id, Call.id != call.id, Call.state.in_(under_way))
        ).all()

    def of_interview(self, interview_id: uuid.UUID) -> Sequence[Call]:
        """Every leg of an interview, oldest first."""
        return self._session.scalars(
            select(Call).where(Call.interview_id == interview_id).order_by(Call.created_at, Call.id)
        ).all()

    def spend_stream_token(self, nonce: str) -> bool:
        """Use up a token of the media socket; False when it was used before, also by another process just now."""
        spent = self._session.scalar(
            insert(SpentStreamToken)
            .values(nonce=nonce)
            .on_conflict_do_nothing(index_elements=[SpentStreamToken.nonce])
            .returning(SpentStreamToken.nonce)
        )
        return spent is not None

    def purge_stream_tokens(self, before: datetime) -> int:
        """Forget tokens spent before this time: they have expired long since. Returns how many."""
        gone = self._session.scalars(
            delete(SpentStreamToken).where(SpentStreamToken.spent_at < before).returning(SpentStreamToken.nonce)
        )
        return len(gone.all())

    def end_forgotten(self, before: datetime) -> int:
        """End calls that have been live since before this time, and interviews in progress without a call; how many.

        Their process and its log are gone: nobody else will tell of the end.
        """
        calls = self._session.scalars(
            select(Call.id).where(
                Call.state == CallState.LIVE, func.coalesce(Call.started_at, Call.created_at) < before
            )
        ).all()
        ended = sum(
            move_call(self._session, row, CallState.DROPPED, ended_at=func.now(), end_reason=LOST) for row in calls
        )
        has_call = exists().where(Call.interview_id == Interview.id, Call.state == CallState.LIVE)
        left = self._session.scalars(
            select(Interview.id).where(
                Interview.state == InterviewState.IN_PROGRESS, Interview.updated_at < before, ~has_call
            )
        ).all()
        for row in left:
            move_interview(self._session, row, InterviewState.INTERRUPTED, end_reason=LOST)
        return ended + len(left)

    def turns_of(self, call_id: uuid.UUID) -> Sequence[Turn]:
        """What was said on this leg, in order."""
        return self._session.scalars(select(Turn).where(Turn.call_id == call_id).order_by(Turn.sequence)).all()

    def line_qualities(self) -> Sequence[dict[str, Any]]:
        """What was measured on the lines of all ended calls, oldest first."""
        return self._session.scalars(
            select(Call.line_quality).where(Call.line_quality != {}).order_by(Call.created_at)
        ).all()

    def recordings_of(self, interview_id: uuid.UUID) -> Sequence[tuple[Call, Recording]]:
        """The interview's legs that were recorded, oldest first; removed recordings too."""
        rows = self._session.execute(
            select(Call, Recording)
            .join(Recording, Recording.call_id == Call.id)
            .where(Call.interview_id == interview_id)
            .order_by(Call.created_at, Call.id)
        )
        return [(leg, recording) for leg, recording in rows]
