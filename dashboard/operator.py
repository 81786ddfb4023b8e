"""The page for whoever runs the installation: engines' health, money, cache and queues. Nobody else knows it exists."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from flask import Blueprint, render_template

from dashboard.access import current_user
from dashboard.database import Database
from dashboard.display import Look
from engine.config import Settings
from engine.errors import NotFound
from engine.store.jobs import queue_lengths
from engine.store.phrases import PhraseRepository
from engine.store.provider_health import ProviderHealthRepository
from engine.store.usage import Spending, UsageRepository, UsageSum, month_of

HEALTH = {
    "closed": Look("Working", "circle-check", "ok"),
    "half_open": Look("Being tried again", "circle-dot", "warn"),
    "open": Look("Left alone", "circle-x", "bad"),
}


@dataclass(frozen=True, slots=True)
class CostLine:
    """One model's cost."""

    provider: str
    model: str
    kind: str
    today: Spending
    month: Spending


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("operator", __name__)

    @bp.get("/operator")
    def show() -> str:
        if current_user().email not in settings.operator_emails:
            raise NotFound("There is nothing at this address.")
        session, now = database.current(), datetime.now(UTC)
        usage = UsageRepository(session)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        lines = cost_lines(usage.by_model_since(midnight), usage.by_model_since(month_of(now)))
        return render_template(
            "operator/show.html",
            engines=ProviderHealthRepository(session).latest(now),
            looks=HEALTH,
            lines=lines,
            today=added_up([line.today for line in lines]),
            month=added_up([line.month for line in lines]),
            phrases=PhraseRepository(session).figures(),
            queues=queue_lengths(session),
            settings=settings,
        )

    return bp


def cost_lines(today: list[UsageSum], month: list[UsageSum]) -> list[CostLine]:
    """Every model of the month, with what it cost today."""
    of_today = {(used.provider, used.model, used.kind): used.spending for used in today}
    return [
        CostLine(*names, of_today.get(names, Spending()), used.spending)
        for used in month
        for names in [(used.provider, used.model, used.kind)]
    ]


def added_up(spendings: list[Spending]) -> Spending:
    """All together; unknown as soon as one of them is."""
    usd = sum((spending.usd for spending in spendings), Decimal())
    return Spending(usd, any(spending.has_unknown for spending in spendings))
