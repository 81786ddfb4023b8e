"""Brings the event logs of calls from disk to PostgreSQL, a fraction of a second behind, whatever breaks in between."""

import fcntl
import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.event_files import (
    REFUSED_FOLDER,
    SHIPPED_FOLDER,
    SUFFIX,
    FileEventLog,
    is_being_written,
    parse,
    put_away,
)
from engine.errors import Conflict, NotFound
from engine.ports import EventRecord
from engine.store.events import EventRepository

_POLL_S = 0.1
_RESERVE_POLL_S = 0.2
"""A reserve looks less often, so that a job process that has just started finds the lock free."""
_RECORDS_AT_ONCE = 500
_BYTES_AT_ONCE = 1 << 20
_LONGEST_PAUSE_S = 5.0

LastWords = Callable[[uuid.UUID, Sequence[EventRecord]], Sequence[EventRecord]]
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Progress:
    position: int = 0
    """Bytes of the log that are in PostgreSQL."""
    seen_at: float = field(default_factory=time.monotonic)
    """When the log last grew."""
    has_ended: bool = False
    """Whether the call's last leg on the wire wrote its call_ended."""

    def note(self, records: Sequence[EventRecord]) -> None:
        for record in records:
            if record.name in ("call_started", "call_resumed", "call_ended"):
                self.has_ended = record.name == "call_ended"
        if records:
            self.seen_at = time.monotonic()


class EventShipper:
    """Ships every log in a folder. Of all processes that share the folder one ships, the others stand by.

    Logs that were left behind by dead processes are shipped too; a call whose log does not end with call_ended gets
    one, with the reason process_lost. While PostgreSQL is away it tries again, ever more slowly up to every 5 s.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        folder: Path,
        *,
        abandoned_after_s: float = 2.0,
        is_reserve: bool = False,
        last_words: LastWords = lambda call_id, records: (),
    ) -> None:
        """abandoned_after_s: how long a log that no process holds must have been still before its call is closed.

        last_words: what the writer of an abandoned log would have written at the end, from what it holds.

        is_reserve: give way to any other shipper of the folder. A web process is a reserve, so that its calls share
        their core with shipping only while no job process runs.
        """
        self._is_reserve = is_reserve
        self._last_words = last_words
        self._sessions = sessions
        self._folder = folder
        self._abandoned_after_s = abandoned_after_s
        self._progress: dict[Path, _Progress] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._leadership: IO[str] | None = None

    def start(self) -> None:
        """Ship in the background until `stop`."""
        self._thread = threading.Thread(target=self._run, name="event shipper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ship what is there, as far as PostgreSQL answers, and end. Safe to call twice."""
        self._stopping.set()
        if self._thread:
            self._thread.join()
            self._thread = None
        self._resign()

    def ship_pending(self) -> int:
        """One pass over the folder; returns how many records were new to PostgreSQL. Nothing while another ships.

        Raises SQLAlchemyError while PostgreSQL is away; nothing is lost by that.
        """
        if not self._leads():
            return 0
        shipped = 0
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                shipped += self._ship_file(path)
            except (NotFound, DataError, IntegrityError, ValueError) as error:
                self._set_aside(path, REFUSED_FOLDER)
                logger.error(
                    "an event log was refused and set aside: %s", type(error).__name__, extra={"file": path.name}
                )
        return shipped

    def _run(self) -> None:
        pause_s = _POLL_S
        while not self._stopping.wait(pause_s):
            pause_s = self._one_pass(pause_s)
        self._one_pass(pause_s)

    def _one_pass(self, pause_s: float) -> float:
        """Ship what is there; returns the seconds to wait before the next pass."""
        try:
            self.ship_pending()
        except (SQLAlchemyError, OSError) as error:
            logger.warning("events cannot be shipped at the moment and stay on disk: %s", type(error).__name__)
            return min(pause_s * 2, _LONGEST_PAUSE_S)
        finally:
            if self._is_reserve:
                self._resign()
        return _RESERVE_POLL_S if self._is_reserve else _POLL_S

    def _leads(self) -> bool:
        if self._leadership is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            candidate = (self._folder / "shipper.lock").open("w")
            try:
                fcntl.flock(candidate, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                candidate.close()
                return False
            self._leadership = candidate
        return True

    def _resign(self) -> None:
        if self._leadership:
            self._leadership.close()
            self._leadership = None

    def _ship_file(self, path: Path) -> int:
        call_id = _call_id(path)
        progress = self._progress.setdefault(path, _Progress())
        new = 0
        while chunk := _read(path, progress.position):
            records, size = parse(chunk)
            for first in range(0, len(records), _RECORDS_AT_ONCE):
                new += self._ship(call_id, records[first : first + _RECORDS_AT_ONCE])
            progress.note(records)
            progress.position += size
        self._finish(path, progress)
        return new

    def _ship(self, call_id: uuid.UUID, records: Sequence[EventRecord]) -> int:
        with self._sessions.begin() as session:
            return EventRepository(session).ship(call_id, records)

    def _finish(self, path: Path, progress: _Progress) -> None:
        """Close the call of a log that nobody writes any more, and put away a log that is complete."""
        if not progress.has_ended and time.monotonic() - progress.seen_at < self._abandoned_after_s:
            return
        if is_being_written(path) or _read(path, progress.position):
            return
        if progress.has_ended:
            self._set_aside(path, SHIPPED_FOLDER)
        elif self._add_call_ended(path):
            self._ship_file(path)

    def _add_call_ended(self, path: Path) -> bool:
        """Write what the dead process could not; False when another one has just taken the log up again."""
        try:
            log = FileEventLog(path)
        except Conflict:
            return False
        try:
            for record in self._last_words(_call_id(path), log.written()):
                log.append(record)
            ended = EventRecord(log.next_sequence, log.last_at_ms, "fact", "call_ended", {"reason": "process_lost"})
            log.append(ended)
        finally:
            log.close()
        return True

    def _set_aside(self, path: Path, folder: str) -> None:
        if put_away(path, folder):
            self._progress.pop(path, None)


def _call_id(path: Path) -> uuid.UUID:
    try:
        return uuid.UUID(path.stem)
    except ValueError as error:
        raise NotFound("The name of the event log is not a call's id.") from error


def _read(path: Path, position: int) -> bytes:
    """The next whole lines of the log, at least one however long it is; b"" where there is none."""
    size = _BYTES_AT_ONCE
    with path.open("rb") as file:
        while True:
            file.seek(position)
            chunk = file.read(size)
            whole = chunk.rfind(b"\n") + 1
            if whole or len(chunk) < size:
                return chunk[:whole]
            size *= 2
