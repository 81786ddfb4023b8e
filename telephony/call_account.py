"""What a call spends on its way into the call's log: counted on any thread, written down by the deciding one."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from engine.pricing import to_data
from engine.work.spending import Counted


@dataclass(frozen=True, slots=True)
class CallFact:
    """Something that a worker found out and the call's log is to keep."""

    name: str
    data: dict[str, object]


def budget_reached(ceiling: str, total_usd: Decimal) -> CallFact:
    """No money is left for the call: its ceiling, interview or month, and what the interview has cost."""
    return CallFact("budget_reached", {"ceiling": ceiling, "total_usd": str(total_usd)})


def facts_of(counted: Counted) -> list[CallFact]:
    """The usage, and that it took the last of the money where it did."""
    total_usd = str(counted.total_usd)
    facts = [CallFact("usage_counted", to_data(counted.usage, counted.charge) | {"total_usd": total_usd})]
    if counted.reached is not None:
        facts.append(budget_reached(counted.reached, counted.total_usd))
    return facts


class UsageOutlet:
    """Where a call's usage goes: into its inbox while it lasts, elsewhere afterwards."""

    def __init__(self, deliver: Callable[[CallFact], None], keep_late: Callable[[Counted], None]) -> None:
        self._deliver = deliver
        self._keep_late = keep_late
        self._lock = threading.Lock()
        self._is_closed = False

    def put(self, counted: Counted) -> None:
        """Take one piece of usage, on any thread."""
        with self._lock:
            if not self._is_closed:
                for fact in facts_of(counted):
                    self._deliver(fact)
                return
        self._keep_late(counted)

    def close(self) -> None:
        """Everything put before this is in the inbox; what comes later goes the other way."""
        with self._lock:
            self._is_closed = True
