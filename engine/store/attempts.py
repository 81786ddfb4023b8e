"""A sliding window over attempts, in PostgreSQL: it outlives restarts and holds across processes."""

import math
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engine.errors import TooManyAttempts
from engine.store.models import Attempt


class AttemptRepository:
    """subject: a keyed hash of what is limited (an account, an address, a number); never the thing itself."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def check(self, action: str, subject: str, *, limit: int, window_s: int, now: datetime) -> None:
        """Let one more attempt pass, or raise TooManyAttempts with the seconds until the next one is allowed.

        Others who check the same subject wait until this transaction ends, so that `limit` holds for parallel attempts:
        check, try, record and commit belong into one transaction.
        """
        self._session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{action} {subject}", 0))))
        window = timedelta(seconds=window_s)
        decisive = self._decisive(action, subject, limit, now - window)
        if decisive is not None:
            retry_after_s = max(1, math.ceil((decisive + window - now).total_seconds()))
            raise TooManyAttempts(
                f"Too many attempts. Try again in {math.ceil(retry_after_s / 60)} min.", retry_after_s=retry_after_s
            )

    def is_full(self, action: str, subject: str, *, limit: int, window_s: int, now: datetime) -> bool:
        """Whether the next attempt would be refused, asked within the transaction that checked."""
        return self._decisive(action, subject, limit, now - timedelta(seconds=window_s)) is not None

    def _decisive(self, action: str, subject: str, limit: int, since: datetime) -> datetime | None:
        """When the attempt was made that has to leave the window before there is room for another one."""
        return self._session.scalar(
            select(Attempt.at)
            .where(Attempt.action == action, Attempt.subject == subject, Attempt.at > since)
            .order_by(Attempt.at.desc())
            .offset(limit - 1)
            .limit(1)
        )

    def record(self, action: str, subject: str, now: datetime) -> None:
        """Count an attempt; it counts from the commit on."""
        self._session.add(Attempt(action=action, subject=subject, at=now))
        self._session.flush()

    def clear(self, action: str, subject: str) -> None:
        """Forget the attempts of a subject, as after a login that succeeded."""
        self._session.execute(delete(Attempt).where(Attempt.action == action, Attempt.subject == subject))

    def purge(self, before: datetime) -> int:
        """Delete attempts older than this time; returns how many."""
        return len(self._session.scalars(delete(Attempt).where(Attempt.at < before).returning(Attempt.id)).all())
