"""The accounts that requests are charged to: one of each interview, with a ceiling."""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from engine.config import Settings
from engine.pricing import Charge, PriceTable
from engine.store.models import Interview
from engine.store.unit_of_work import UnitOfWork
from engine.store.usage import month_of
from engine.usage import Usage

logger = logging.getLogger(__name__)

Ceiling = Literal["interview", "month"]


@dataclass(frozen=True, slots=True)
class Budgets:
    """Ceilings in US dollars; zero is none."""

    interview_usd: Decimal = Decimal("0.50")
    month_usd: Decimal = Decimal()


@dataclass(frozen=True, slots=True)
class Costs:
    """What things cost, and what they may cost."""

    prices: PriceTable
    budgets: Budgets


@dataclass(frozen=True, slots=True)
class Spent:
    """What had been spent when an account was opened."""

    interview_usd: Decimal = Decimal()
    month_usd: Decimal = Decimal()


@dataclass(frozen=True, slots=True)
class Counted:
    """One more piece of usage, and where the account stands with it."""

    usage: Usage
    charge: Charge
    total_usd: Decimal
    """Of the interview, as far as prices are known."""
    reached: Ceiling | None
    """The ceiling that was reached just now."""


class InterviewAccount:
    """engine.ports.Account. Adds up in memory, thread-safe; what was counted goes to a callback, on the same thread."""

    def __init__(
        self,
        prices: PriceTable,
        budgets: Budgets,
        spent: Spent,
        on_counted: Callable[[Counted], None],
        *,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self._prices = prices
        self._budgets = budgets
        self._interview_usd = spent.interview_usd
        self._month_usd = spent.month_usd
        self._on_counted = on_counted
        self._today = today
        self._lock = threading.Lock()

    @property
    def ceiling(self) -> Ceiling | None:
        """The ceiling that has been reached; None while there is money left."""
        if self._budgets.interview_usd and self._interview_usd >= self._budgets.interview_usd:
            return "interview"
        if self._budgets.month_usd and self._month_usd >= self._budgets.month_usd:
            return "month"
        return None

    def spent(self, usage: Usage) -> None:
        charge = self._prices.charge(usage, self._today())
        with self._lock:
            was_reached = self.ceiling
            self._interview_usd += charge.usd or 0
            self._month_usd += charge.usd or 0
            reached = self.ceiling if was_reached is None else None
            # Within the lock, so that totals are told in the order in which they grew.
            self._on_counted(Counted(usage, charge, self._interview_usd, reached))
        if reached is not None:
            logger.warning("a ceiling was reached: free engines from here on", extra={"ceiling": reached})

    def may_spend(self) -> bool:
        return self.ceiling is None


def budgets_of(settings: Settings) -> Budgets:
    """The ceilings of this installation."""
    return Budgets(settings.interview_budget_usd, settings.monthly_budget_usd)


def spent_so_far(work: UnitOfWork, interview: Interview, now: datetime) -> Spent:
    """Where the interview, and the month of its owner, stand."""
    month = work.usage.of_owner(interview.owner_id, month_of(now))
    return Spent(work.usage.of_interview(interview.id).usd, month.usd)


class LateUsage:
    """Keeps what a provider told only after the call's log was closed: straight into the table."""

    def __init__(self, sessions: sessionmaker[Session], call_id: uuid.UUID) -> None:
        self._sessions = sessions
        self._call_id = call_id

    def keep(self, counted: Counted) -> None:
        """Called on the thread of the provider's answer, where waiting for the database holds up nobody."""
        try:
            with UnitOfWork(self._sessions) as work:
                call = work.calls.get(self._call_id)
                if call is None:
                    return  # the interview was deleted, and its usage with it
                work.usage.add_of_call(call, counted.usage, counted.charge, sequence=None)
                work.commit()
        except SQLAlchemyError:
            logger.exception("the last usage of a call could not be stored", extra={"call_id": str(self._call_id)})


def job_account(sessions: sessionmaker[Session], costs: Costs, interview_id: uuid.UUID, job: str) -> InterviewAccount:
    """The account of an interview for a job. What is spent is stored at once: it stays when the job fails later.

    job: the task's name. Raises NotFound for an unknown interview.
    """

    def keep(counted: Counted) -> None:
        with UnitOfWork(sessions) as work:
            work.usage.add_of_job(interview_id, job, counted.usage, counted.charge)
            work.commit()

    with UnitOfWork(sessions) as work:
        spent = spent_so_far(work, work.interviews.get(interview_id), datetime.now(UTC))
    return InterviewAccount(costs.prices, costs.budgets, spent, keep)
