"""What an interview cost, arranged for its report: model by model, phone minutes apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.config import Settings
from engine.pricing import PriceTable
from engine.store.calls import CallRepository
from engine.store.models import Call, Interview
from engine.store.usage import Spending, UsageRepository, UsageSum


@dataclass(frozen=True, slots=True)
class Costs:
    rows: Sequence[UsageSum]
    total: Spending
    budget_usd: Decimal
    """Zero is none."""
    phone: Spending
    phone_minutes: int
    """Begun ones count, as the telephone company has it."""

    @property
    def is_over(self) -> bool:
        return bool(self.budget_usd) and self.total.usd >= self.budget_usd


def costs_of(session: Session, interview: Interview, prices: PriceTable, settings: Settings) -> Costs:
    usage = UsageRepository(session)
    calls = CallRepository(session).of_interview(interview.id)
    phone, minutes = phone_costs(calls, prices)
    return Costs(
        usage.by_model(interview.id),
        usage.of_interview(interview.id),
        settings.interview_budget_usd,
        phone,
        minutes,
    )


def phone_costs(calls: Sequence[Call], prices: PriceTable) -> tuple[Spending, int]:
    """The price of the minutes of these calls, and the minutes; a call that still runs counts up to now."""
    usd, has_unknown, minutes = Decimal(), False, 0
    for call in calls:
        if call.started_at is None:
            continue
        seconds = max(0.0, ((call.ended_at or datetime.now(UTC)) - call.started_at).total_seconds())
        charge = prices.charge_call(call.direction, seconds, call.started_at.date())
        minutes += int(-(-seconds // 60))
        usd += charge.usd or 0
        has_unknown = has_unknown or charge.usd is None
    return Spending(usd, has_unknown), minutes


def spending_text(spending: Spending, usd: str) -> str:
    """A sum as people read it, given its known part as text; what has no price is never shown as nothing."""
    if not spending.has_unknown:
        return usd
    return f"{usd} and something without a known price" if spending.usd else "unknown price"


def amounts_text(used: UsageSum) -> str:
    """What was used, in the units it is counted in."""
    parts = []
    if used.input_tokens or used.output_tokens:
        parts.append(f"{used.input_tokens:,} tokens in, {used.output_tokens:,} out")
    if used.audio_ms:
        parts.append(f"{used.audio_ms / 1000:.1f} s of audio")
    if used.characters:
        parts.append(f"{used.characters:,} characters")
    return ", ".join(parts) or "nothing"
