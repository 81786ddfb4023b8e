"""The daily deletion of what is over: recordings, the words of interviews, and what processes left behind on disk.

A recording is first removed in the database, with the log of it, and only then erased from the disk; whoever comes
after a crash finds what is still to be erased. So no file is left that nobody knows of, and running twice is harmless.
"""

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.event_files import REFUSED_FOLDER, SHIPPED_FOLDER
from engine.config import Settings
from engine.store.retention import RetentionRepository

KEEP_SHIPPED_LOGS: Final = timedelta(days=7)
"""Event logs on disk that are in the database to the last line."""
KEEP_REFUSED_LOGS: Final = timedelta(days=30)
KEEP_HALF_FILES: Final = timedelta(days=1)
KEEP_OUTBOX: Final = timedelta(days=30)
"""Messages as files; the database has them too."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long things are kept, in days (0 is for ever), and where they lie."""

    recording_days: int
    interview_days: int
    recordings: Path
    event_logs: Path
    outbox: Path
    speech_cache: Path


def keeping_of(settings: Settings) -> Keeping:
    """How long and where, as the installation is set."""
    return Keeping(
        settings.recording_retention_days,
        settings.interview_retention_days,
        settings.recordings_dir,
        settings.event_logs_dir,
        settings.outbox_dir,
        settings.speech_cache_dir,
    )


def delete_what_is_over(sessions: sessionmaker[Session], keeping: Keeping, now: datetime) -> None:
    """Everything that the daily job does."""
    recordings = remove_recordings(sessions, keeping, now)
    orphans = erase_orphans(sessions, keeping, now)
    interviews = remove_words(sessions, keeping, now)
    files = erase_leftovers(keeping, now)
    counts = {"recordings": recordings, "orphans": orphans, "interviews": interviews, "files": files}
    logger.info("what was over was deleted", extra=counts)


def remove_recordings(sessions: sessionmaker[Session], keeping: Keeping, now: datetime) -> int:
    """Remove the recordings whose time is over, and erase the files of all removed ones; returns how many files."""
    removed = 1
    while removed:
        with sessions.begin() as session:
            removed = RetentionRepository(session).remove_recordings(now, keeping.recording_days)
    erased = 0
    while True:
        with sessions() as session:
            waiting = RetentionRepository(session).to_be_erased()
        if not waiting:
            return erased
        for recording in waiting:
            file = (keeping.recordings / recording.path).resolve()
            if file.is_relative_to(keeping.recordings.resolve()):  # what leads elsewhere is not ours to erase
                file.unlink(missing_ok=True)
        with sessions.begin() as session:
            for recording in waiting:
                RetentionRepository(session).note_erased(recording.id, now)
        erased += len(waiting)


def erase_orphans(sessions: sessionmaker[Session], keeping: Keeping, now: datetime) -> int:
    """Erase old recordings that no row stands for: their process died, and its log with it."""
    if not keeping.recording_days:
        return 0
    old = {
        path.name: path for path in _older(keeping.recordings, "*.wav", now - timedelta(days=keeping.recording_days))
    }
    with sessions() as session:
        known = RetentionRepository(session).known_paths(list(old))
    orphans = [path for name, path in old.items() if name not in known]
    for path in orphans:
        with sessions.begin() as session:
            RetentionRepository(session).log_orphan(_call_id(path), path.stat().st_size)
        path.unlink(missing_ok=True)
    return len(orphans)


def remove_words(sessions: sessionmaker[Session], keeping: Keeping, now: datetime) -> int:
    """Delete what was said in interviews that have been over for long; each in a transaction of its own."""
    count = 0
    while True:
        with sessions() as session:
            due = RetentionRepository(session).with_old_words(now, keeping.interview_days)
        if not due:
            return count
        for interview_id in due:
            with sessions.begin() as session:
                count += RetentionRepository(session).remove_words(interview_id, now)


def erase_leftovers(keeping: Keeping, now: datetime) -> int:
    """Erase files that serve no purpose any more; returns how many."""
    old = [
        *_older(keeping.event_logs / SHIPPED_FOLDER, "*", now - KEEP_SHIPPED_LOGS),
        *_older(keeping.event_logs / REFUSED_FOLDER, "*", now - KEEP_REFUSED_LOGS),
        *_older(keeping.speech_cache, "*.part", now - KEEP_HALF_FILES),
        *_older(keeping.outbox, "*", now - KEEP_OUTBOX),
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _older(folder: Path, pattern: str, than: datetime) -> Iterator[Path]:
    for path in folder.glob(pattern):
        if path.is_file() and path.stat().st_mtime < than.timestamp():
            yield path


def _call_id(path: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(path.stem)
    except ValueError:
        return None
