"""What is known of the phrases that were spoken ahead and lie on disk: counted elsewhere, added up here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.store.models import SpokenPhrase


@dataclass(frozen=True, slots=True)
class PhraseNews:
    """What happened to one phrase since it was told last."""

    key: str
    voice: str
    size_bytes: int
    hits: int
    last_used_at: datetime
    made_at: datetime | None
    """None where it was there before."""


@dataclass(frozen=True, slots=True)
class PhraseFigures:
    phrases: int
    size_bytes: int
    hits: int

    @property
    def hit_rate(self) -> float | None:
        """Share of the times a phrase was wanted that it was there; each phrase was missing once."""
        wanted = self.hits + self.phrases
        return self.hits / wanted if wanted else None


class PhraseRepository:
    """The table of phrases, within the session that it is given."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, news: Sequence[PhraseNews], lifetime: timedelta) -> None:
        """Add what happened. lifetime: how long a phrase stays after it was made."""
        for told in sorted(news, key=lambda told: told.key):
            made_at = told.made_at or told.last_used_at
            row = insert(SpokenPhrase).values(
                key=told.key,
                voice=told.voice,
                text_kind="fixed",
                bytes=told.size_bytes,
                created_at=made_at,
                last_used_at=told.last_used_at,
                hits=told.hits,
                expires_at=made_at + lifetime,
            )
            values = {
                "hits": SpokenPhrase.hits + row.excluded.hits,
                "last_used_at": func.greatest(SpokenPhrase.last_used_at, row.excluded.last_used_at),
            }
            if told.made_at is not None:
                values |= {name: row.excluded[name] for name in ("bytes", "created_at", "expires_at")}
            self._session.execute(row.on_conflict_do_update(index_elements=[SpokenPhrase.key], set_=values))

    def oldest_use_first(self) -> list[SpokenPhrase]:
        """Every phrase, the one that has not been used for longest before the others."""
        return list(self._session.scalars(select(SpokenPhrase).order_by(SpokenPhrase.last_used_at, SpokenPhrase.key)))

    def forget(self, keys: Sequence[str]) -> None:
        """These phrases are no longer kept."""
        self._session.execute(delete(SpokenPhrase).where(SpokenPhrase.key.in_(keys)))

    def figures(self) -> PhraseFigures:
        """All phrases together."""
        count, size, hits = self._session.execute(
            select(
                func.count(),
                func.coalesce(func.sum(SpokenPhrase.bytes), 0),
                func.coalesce(func.sum(SpokenPhrase.hits), 0),
            )
        ).one()
        return PhraseFigures(int(count), int(size), int(hits))
