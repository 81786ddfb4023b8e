"""Tells every other process how the engines of this one are doing: changes go into a table, once a second at most."""

import logging
import os
import socket
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from engine.store.provider_health import FORGOTTEN_AFTER, EngineHealth, ProviderHealthRepository

logger = logging.getLogger(__name__)

_EVERY_S: Final = 1.0


class Snapshot(Protocol):
    """How one engine is doing. Times are seconds since the epoch."""

    @property
    def name(self) -> str:
        """The port and the engine, as in speech_to_text/openai."""

    @property
    def state(self) -> str: ...
    @property
    def consecutive_failures(self) -> int: ...
    @property
    def last_error(self) -> str | None: ...
    @property
    def last_error_at_s(self) -> float | None: ...
    @property
    def last_success_at_s(self) -> float | None: ...


class Board(Protocol):
    """The engines of a process."""

    def snapshots(self) -> Sequence[Snapshot]: ...


class HealthReporter:
    """Watches a board from a thread of its own: no call ever waits for this."""

    def __init__(self, sessions: sessionmaker[Session], board: Board, process: str | None = None) -> None:
        self._sessions = sessions
        self._board = board
        self._process = process or f"{socket.gethostname()}:{os.getpid()}"
        self._told: dict[tuple[str, str], EngineHealth] = {}
        self._stopping = threading.Event()

    def start(self) -> None:
        """Tell changes until `stop`."""
        threading.Thread(target=self._run, name="health-reporter", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def report(self, now: datetime | None = None) -> int:
        """Write what has changed; returns how much. While the database is away, changes wait for the next time."""
        now = now or datetime.now(UTC)
        changed = [health for health in map(_health, self._board.snapshots()) if self._is_news(health)]
        if not changed:
            return 0
        try:
            with self._sessions.begin() as session:
                repository = ProviderHealthRepository(session)
                for health in changed:
                    repository.put(self._process, health, now)
                if not self._told:
                    repository.forget_before(now - FORGOTTEN_AFTER)
        except SQLAlchemyError as error:
            logger.warning("the health of engines waits for the database: %s", type(error).__name__)
            return 0
        self._told |= {(health.port, health.provider): health for health in changed}
        return len(changed)

    def _is_news(self, health: EngineHealth) -> bool:
        """Another success of an engine that is well says nothing new within a minute."""
        told = self._told.get((health.port, health.provider))
        if told is None or told.last_success_at is None or health.last_success_at is None:
            return told != health
        is_same = (told.state, told.failures, told.last_error_at) == (
            health.state,
            health.failures,
            health.last_error_at,
        )
        return not is_same or (health.last_success_at - told.last_success_at).total_seconds() > 60

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_S):
            self.report()


def _health(snapshot: Snapshot) -> EngineHealth:
    port, _, name = snapshot.name.rpartition("/")
    return EngineHealth(
        provider=name,
        port=port,
        state=snapshot.state,
        failures=snapshot.consecutive_failures,
        last_error=snapshot.last_error,
        last_error_at=_moment(snapshot.last_error_at_s),
        last_success_at=_moment(snapshot.last_success_at_s),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
