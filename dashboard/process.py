"""What the process that serves the dashboard tells of itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dashboard.samples import Sample
from engine.store.live_news import News, NoNews


@dataclass(frozen=True, slots=True)
class ServingProcess:
    """Without anything: a process that has nothing to tell, and looks into the database for news every second."""

    samples: Callable[[], Iterable[Sample]] = tuple
    """More figures for /metrics, read whenever it is asked for."""
    is_draining: Callable[[], bool] = lambda: False
    """Whether it was told to stop and only carries on what it has begun."""
    news: News = field(default_factory=NoNews)
    """Of interviews that go on."""
