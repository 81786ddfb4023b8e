"""What interviews used of the providers and what it cost: rows are added once and never changed."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.pricing import Charge
from engine.store.models import Call, Interview, UsageRow
from engine.usage import Usage


@dataclass(frozen=True, slots=True)
class Spending:
    """A sum of money, and whether something is not in it since nobody knows its price."""

    usd: Decimal = Decimal()
    has_unknown: bool = False


@dataclass(frozen=True, slots=True)
class UsageSum:
    """Everything that was used of one model."""

    provider: str
    model: str
    kind: str
    requests: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    audio_ms: int
    characters: int
    is_estimated: bool
    spending: Spending


_USD: ColumnElement[Decimal] = func.coalesce(func.sum(UsageRow.price_usd), 0)
_HAS_UNKNOWN: ColumnElement[bool] = func.coalesce(func.bool_or(UsageRow.price_usd.is_(None)), False)


class UsageRepository:
    """What requests consumed, and what that cost."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_of_call(self, call: Call, usage: Usage, charge: Charge, *, sequence: int | None) -> None:
        """Keep what a call used. sequence: of the event that told of it; the same one again changes nothing."""
        values = _values(usage, charge) | {"interview_id": call.interview_id, "call_id": call.id, "sequence": sequence}
        again = [UsageRow.call_id, UsageRow.sequence]
        self._session.execute(insert(UsageRow).values(**values).on_conflict_do_nothing(index_elements=again))

    def add_of_job(self, interview_id: uuid.UUID, job: str, usage: Usage, charge: Charge) -> None:
        """Keep what a job used for an interview. job: the task's name."""
        values = _values(usage, charge) | {"interview_id": interview_id, "job": job}
        self._session.execute(insert(UsageRow).values(**values))

    def of_interview(self, interview_id: uuid.UUID) -> Spending:
        """All of an interview, calls and jobs."""
        return self._sum(select(_USD, _HAS_UNKNOWN).where(UsageRow.interview_id == interview_id))

    def of_owner(self, owner_id: uuid.UUID, since: datetime) -> Spending:
        """All interviews of an account from a moment on."""
        query = select(_USD, _HAS_UNKNOWN).join(Interview, Interview.id == UsageRow.interview_id)
        return self._sum(query.where(Interview.owner_id == owner_id, UsageRow.at >= since))

    def by_model(self, interview_id: uuid.UUID) -> list[UsageSum]:
        """An interview's usage, model by model."""
        return self._by_model(UsageRow.interview_id == interview_id)

    def by_model_since(self, since: datetime) -> list[UsageSum]:
        """Everybody's usage from a moment on, model by model."""
        return self._by_model(UsageRow.at >= since)

    def _by_model(self, condition: ColumnElement[bool]) -> list[UsageSum]:
        names = (UsageRow.provider, UsageRow.model, UsageRow.kind)
        counts = ("requests", "input_tokens", "cached_tokens", "output_tokens", "audio_ms", "characters")
        amounts = [cast(func.sum(getattr(UsageRow, name)), BigInteger) for name in counts]
        query = select(*names, *amounts, func.bool_or(UsageRow.is_estimated), _USD, _HAS_UNKNOWN)
        rows = self._session.execute(query.where(condition).group_by(*names).order_by(*names))
        return [_as_sum(list(row)) for row in rows]

    def _sum(self, query: Select[Decimal, bool]) -> Spending:
        usd, has_unknown = self._session.execute(query).one()
        return Spending(Decimal(usd), has_unknown)


def _as_sum(row: list[Any]) -> UsageSum:
    values: list[Any] = [*row[:-2], Spending(Decimal(row[-2]), row[-1])]
    return UsageSum(*values)


def month_of(now: datetime) -> datetime:
    """The beginning of the month, in the time zone of the moment given: when monthly ceilings begin anew."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _values(usage: Usage, charge: Charge) -> dict[str, Any]:
    return asdict(usage) | {"price_usd": charge.usd, "priced_from": charge.priced_from}
