"""Drafts of interviews: what was typed so far, each owner's own, and turned into an interview at most once."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.store.template_models import InterviewDraft

MOST_DRAFTS = 20
"""Of one owner; a further one takes the place of the one that was left alone longest."""


class DraftRepository:
    """Drafts of one owner at a time; whatever belongs to somebody else does not exist."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, owner_id: uuid.UUID, typed: Mapping[str, Any], *, reached: int = 0) -> InterviewDraft:
        """Keep a new draft."""
        crowded = (
            select(InterviewDraft.id)
            .where(InterviewDraft.owner_id == owner_id, InterviewDraft.made_at.is_(None))
            .order_by(InterviewDraft.updated_at.desc())
            .offset(MOST_DRAFTS - 1)
        )
        self._session.execute(delete(InterviewDraft).where(InterviewDraft.id.in_(crowded)))
        draft = InterviewDraft(owner_id=owner_id, typed=dict(typed), reached=reached)
        self._session.add(draft)
        self._session.flush()
        return draft

    def find(self, draft_id: uuid.UUID, owner_id: uuid.UUID) -> InterviewDraft:
        """The owner's draft, also one of which an interview was made. Raises NotFound."""
        found = self._session.scalar(
            select(InterviewDraft).where(InterviewDraft.id == draft_id, InterviewDraft.owner_id == owner_id)
        )
        if found is None:
            raise NotFound("There is no such draft. It may have been discarded, or left alone for too long.")
        return found

    def open_of(self, owner_id: uuid.UUID) -> Sequence[InterviewDraft]:
        """Those that wait to be finished, the latest first."""
        return self._session.scalars(
            select(InterviewDraft)
            .where(InterviewDraft.owner_id == owner_id, InterviewDraft.made_at.is_(None))
            .order_by(InterviewDraft.updated_at.desc(), InterviewDraft.id)
        ).all()

    def keep(self, draft: InterviewDraft, typed: Mapping[str, Any], *, reached: int | None = None) -> None:
        """Note what was typed; `reached` only ever grows. A draft that became an interview stays empty."""
        self._session.execute(
            update(InterviewDraft)
            .where(InterviewDraft.id == draft.id, InterviewDraft.made_at.is_(None))
            .values(typed=dict(typed), reached=func.greatest(InterviewDraft.reached, reached or 0))
            .execution_options(synchronize_session=False)
        )
        self._session.refresh(draft)

    def use_up(self, draft_id: uuid.UUID, owner_id: uuid.UUID, now: datetime) -> dict[str, Any] | None:
        """Take what the draft says, to make an interview of it in this transaction; None when somebody did before.

        One statement decides: a second confirmation waits for the first one's transaction, and then finds the draft
        used up. What was typed about the candidate is gone from it.
        """
        open_one = (
            select(InterviewDraft.id, InterviewDraft.typed)
            .where(InterviewDraft.id == draft_id, InterviewDraft.owner_id == owner_id, InterviewDraft.made_at.is_(None))
            .with_for_update()
            .subquery("open_one")
        )
        taken: dict[str, Any] | None = self._session.scalar(
            update(InterviewDraft)
            .where(InterviewDraft.id == open_one.c.id)
            .values(typed={}, made_at=now)
            .returning(open_one.c.typed)
            .execution_options(synchronize_session=False)
        )
        return taken

    def became(self, draft_id: uuid.UUID, interview_id: uuid.UUID) -> None:
        """Note which interview a draft was used up for."""
        self._session.execute(
            update(InterviewDraft).where(InterviewDraft.id == draft_id).values(interview_id=interview_id)
        )

    def discard(self, draft_id: uuid.UUID, owner_id: uuid.UUID) -> bool:
        """Forget a draft; False when there is none. One that became an interview is left to the tidying."""
        gone = self._session.scalar(
            delete(InterviewDraft)
            .where(InterviewDraft.id == draft_id, InterviewDraft.owner_id == owner_id, InterviewDraft.made_at.is_(None))
            .returning(InterviewDraft.id)
        )
        return gone is not None

    def purge(self, before: datetime) -> int:
        """Forget the drafts that nobody touched since; returns how many."""
        gone = delete(InterviewDraft).where(InterviewDraft.updated_at < before).returning(InterviewDraft.id)
        return len(self._session.scalars(gone).all())
