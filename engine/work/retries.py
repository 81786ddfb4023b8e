"""When a job that failed is tried again: soon, then later, and no more than three times."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from engine.errors import UpstreamBusy, UpstreamRefused

TRIES: Final = 3
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 10.0
LONGEST_ASKED_PAUSE_S: Final = 600.0
"""A provider may ask for more patience than we have of our own, up to this."""
_SPREAD: Final = 0.25


class ProviderRetries(BaseRetryStrategy):
    """For jobs that ask providers. The pause doubles; what a provider asks for is kept; a refusal is final."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        """chance: 0 to 1, spreads the jobs that failed together."""
        self._chance = chance

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, UpstreamRefused) or job.attempts >= TRIES - 1:
            return None
        pause_s = self.pause_s(exception, job.attempts)
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=pause_s))

    def pause_s(self, exception: BaseException, attempts: int) -> float:
        """Seconds until the next try, after so many earlier ones."""
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**attempts)
        pause_s = min(LONGEST_PAUSE_S, pause_s * (1 + _SPREAD * self._chance()))
        if isinstance(exception, UpstreamBusy) and exception.retry_after_s is not None:
            pause_s = max(pause_s, min(exception.retry_after_s, LONGEST_ASKED_PAUSE_S))
        return pause_s
