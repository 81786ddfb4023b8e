"""What was answered to requests that create something, under the key that their sender gave them.

The answer is kept in the transaction of what it tells of: a crash leaves both or neither.
"""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.orm import Session

from engine.store.account_models import IdempotencyKey

KEPT_FOR: Final = timedelta(hours=24)
"""So long the same key gets the same answer."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The first answer under a key."""

    fingerprint: str
    """Of the request; another one under the same key is a mistake of its sender."""
    status: int
    body: str
    location: str | None
    """Where a page's form led to."""


class IdempotencyRepository:
    """Keys belong to their owner: the same key of somebody else is another key."""

    def __init__(self, database: Session | Connection) -> None:
        """database: a connection where the lock has to outlive the savepoints of a session on it."""
        self._database = database

    def lock(self, owner_id: uuid.UUID, key_hash: str, *, wait: bool) -> bool:
        """Hold the key until the transaction ends; False when another request has it, and `wait` is not wanted."""
        number = func.hashtextextended(f"idempotency {owner_id} {key_hash}", 0)
        if wait:
            self._database.execute(select(func.pg_advisory_xact_lock(number)))
            return True
        return bool(self._database.execute(select(func.pg_try_advisory_xact_lock(number))).scalar())

    def find(self, owner_id: uuid.UUID, key_hash: str, now: datetime) -> KeptAnswer | None:
        """What was answered under the key within the last day."""
        row = self._database.execute(
            select(
                IdempotencyKey.fingerprint, IdempotencyKey.status, IdempotencyKey.body, IdempotencyKey.location
            ).where(
                IdempotencyKey.owner_id == owner_id,
                IdempotencyKey.key_hash == key_hash,
                IdempotencyKey.kept_at > now - KEPT_FOR,
            )
        ).one_or_none()
        return KeptAnswer(*row) if row is not None else None

    def keep(self, owner_id: uuid.UUID, key_hash: str, answer: KeptAnswer, now: datetime) -> None:
        """Keep the answer, in place of one that has run out."""
        self._database.execute(
            delete(IdempotencyKey).where(IdempotencyKey.owner_id == owner_id, IdempotencyKey.key_hash == key_hash)
        )
        self._database.execute(
            insert(IdempotencyKey).values(
                owner_id=owner_id,
                key_hash=key_hash,
                fingerprint=answer.fingerprint,
                status=answer.status,
                body=answer.body,
                location=answer.location,
                kept_at=now,
            )
        )

    def purge(self, now: datetime) -> int:
        """Delete the answers that have run out; returns how many."""
        gone = delete(IdempotencyKey).where(IdempotencyKey.kept_at <= now - KEPT_FOR)
        return len(self._database.execute(gone.returning(IdempotencyKey.key_hash)).all())


def digest(*parts: bytes) -> str:
    """One hash over several parts, each told apart from the next by its length."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()
