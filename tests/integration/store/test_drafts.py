"""Drafts in the database: one confirmation gets what was typed, however many ask at once."""

import threading
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from engine.store.drafts import DraftRepository
from engine.store.models import User

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_of_two_confirmations_at_once_one_waits_and_finds_the_draft_used_up(
    sessions: sessionmaker[Session], owner: User
) -> None:
    with sessions.begin() as session:
        draft_id = DraftRepository(session).begin(owner.id, {"role": "Backend engineer"}).id
    results: list[object] = []

    def confirm() -> None:
        with sessions.begin() as session:
            results.append(DraftRepository(session).use_up(draft_id, owner.id, NOW))

    with sessions.begin() as session:
        assert DraftRepository(session).use_up(draft_id, owner.id, NOW) == {"role": "Backend engineer"}
        second = threading.Thread(target=confirm)
        second.start()
        while not _somebody_waits(sessions):
            second.join(0.01)
        assert results == []
    second.join()
    assert results == [None]


def test_a_confirmation_that_came_to_nothing_leaves_the_draft_as_it_was(
    sessions: sessionmaker[Session], owner: User
) -> None:
    with sessions.begin() as session:
        draft_id = DraftRepository(session).begin(owner.id, {"role": "Backend engineer"}).id
    with sessions() as session:
        DraftRepository(session).use_up(draft_id, owner.id, NOW)
        session.rollback()
        assert [draft.typed for draft in DraftRepository(session).open_of(owner.id)] == [{"role": "Backend engineer"}]


def _somebody_waits(sessions: sessionmaker[Session]) -> bool:
    waiting = text(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    with sessions() as session:
        return bool(session.scalar(waiting))
