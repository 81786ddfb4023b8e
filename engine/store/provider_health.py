"""How engines are doing, as every process sees them: written by whoever asks them, read by any."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.store.models import ProviderHealthRow

FORGOTTEN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class EngineHealth:
    provider: str
    port: str
    """speech_to_text, text_to_speech or chat; empty where it is not known."""
    state: str
    failures: int
    last_error: str | None
    last_error_at: datetime | None
    last_success_at: datetime | None


class ProviderHealthRepository:
    """The table of engines' health, within the session that it is given."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, process: str, health: EngineHealth, now: datetime) -> None:
        """How an engine is doing in a process; replaces what was known."""
        values = {
            "state": health.state,
            "failures": health.failures,
            "last_error": health.last_error[:300] if health.last_error else None,
            "last_error_at": health.last_error_at,
            "last_success_at": health.last_success_at,
            "at": now,
        }
        self._session.execute(
            insert(ProviderHealthRow)
            .values(process=process, provider=health.provider, port=health.port, **values)
            .on_conflict_do_update(index_elements=["process", "provider", "port"], set_=values)
        )

    def latest(self, now: datetime) -> list[ProviderHealthRow]:
        """Of every engine in every process that has told something in the last week; the worst first."""
        order = func.array_position(["open", "half_open", "closed"], ProviderHealthRow.state)
        return list(
            self._session.scalars(
                select(ProviderHealthRow)
                .where(ProviderHealthRow.at >= now - FORGOTTEN_AFTER)
                .order_by(order, ProviderHealthRow.provider, ProviderHealthRow.process)
            )
        )

    def forget_before(self, before: datetime) -> None:
        """Processes that have told nothing for long are gone."""
        self._session.execute(delete(ProviderHealthRow).where(ProviderHealthRow.at < before))
