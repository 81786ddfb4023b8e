"""What users are asked to look after: calls back, calls that were not placed, candidates who were not reached."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.store.schedule_models import CallTask
from engine.vocabulary import TaskKind


class TaskRepository:
    """Tasks of one user at a time; writing is for calls and jobs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        owner_id: uuid.UUID,
        interview_id: uuid.UUID,
        kind: TaskKind,
        reason: str,
        *,
        call_id: uuid.UUID | None = None,
        at_ms: int | None = None,
    ) -> None:
        """Ask the user for something; while the same thing is open for this interview, nothing is added."""
        self._session.execute(
            insert(CallTask)
            .values(
                owner_id=owner_id,
                interview_id=interview_id,
                kind=kind,
                reason=reason[:255],
                call_id=call_id,
                at_ms=at_ms,
            )
            .on_conflict_do_nothing()
        )

    def open_of(self, owner_id: uuid.UUID, interview_id: uuid.UUID | None = None) -> Sequence[CallTask]:
        """What waits for the user, the newest first; of one interview where it is named."""
        wanted = select(CallTask).where(CallTask.owner_id == owner_id, CallTask.done_at.is_(None))
        if interview_id is not None:
            wanted = wanted.where(CallTask.interview_id == interview_id)
        return self._session.scalars(wanted.order_by(CallTask.created_at.desc()).limit(100)).all()

    def close(self, task_id: uuid.UUID, owner_id: uuid.UUID) -> CallTask | None:
        """The user has looked after it; None when there is no such task. Closing twice changes nothing."""
        self._session.execute(
            update(CallTask)
            .where(CallTask.id == task_id, CallTask.owner_id == owner_id, CallTask.done_at.is_(None))
            .values(done_at=func.now())
        )
        return self._session.scalar(select(CallTask).where(CallTask.id == task_id, CallTask.owner_id == owner_id))

    def close_of(self, interview_id: uuid.UUID, kinds: Sequence[TaskKind], at: datetime) -> None:
        """What has settled itself: the candidate was reached after all."""
        self._session.execute(
            update(CallTask)
            .where(CallTask.interview_id == interview_id, CallTask.kind.in_(kinds), CallTask.done_at.is_(None))
            .values(done_at=at)
        )
