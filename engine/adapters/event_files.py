"""A call's event log on disk: one JSON object a line, one file a call, safe against a killed process.

The name of the file is the call's id. Whoever writes holds a lock on it; a file that nobody holds was left behind by a
process that ended.
"""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from engine.errors import Conflict
from engine.ports import EventRecord

SUFFIX = ".jsonl"
SHIPPED_FOLDER = "shipped"
"""Where, below the folder of event logs, those lie that are in PostgreSQL to the last line."""
REFUSED_FOLDER = "refused"
"""Logs that PostgreSQL will not take, such as those of a call it does not know; kept for a person to look at."""
_PATIENCE_S = 0.5
_TAIL_BYTES = 4096


def event_log_path(folder: Path, call_id: uuid.UUID) -> Path:
    """Where the log of a call lies below the folder of event logs."""
    return folder / f"{call_id}{SUFFIX}"


class FileEventLog:
    """The EventLog of one call. A line is in the system's hands when `append` returns: it survives our own death."""

    def __init__(self, path: Path, *, patience_s: float = _PATIENCE_S) -> None:
        """Make the file, or go on with the one that is there; a last line torn by a crash is cut off.

        patience_s: how long to wait for another writer to let go of it. Raises Conflict when none does.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _open_locked(path, patience_s)
        written = os.pread(self._file, os.fstat(self._file).st_size, 0)
        whole = written.rfind(b"\n") + 1
        os.ftruncate(self._file, whole)
        records, _ = parse(written[:whole])
        self.next_sequence = records[-1].sequence + 1 if records else 0
        """The number that the next record of this log must carry."""
        self.last_at_ms = records[-1].at_ms if records else 0
        """Audio time of the last record."""

    def written(self) -> Sequence[EventRecord]:
        """Everything that the file holds, read anew."""
        return parse(os.pread(self._file, os.fstat(self._file).st_size, 0))[0]

    def append(self, record: EventRecord) -> None:
        line = json.dumps(
            {
                "sequence": record.sequence,
                "at_ms": record.at_ms,
                "kind": record.kind,
                "name": record.name,
                "data": record.data,
            },
            separators=(",", ":"),
        )
        os.write(self._file, line.encode() + b"\n")
        self.next_sequence = record.sequence + 1
        self.last_at_ms = record.at_ms

    def close(self) -> None:
        """Let go of the file. Safe to call twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def parse(content: bytes) -> tuple[Sequence[EventRecord], int]:
    """The records in whole lines of a log, and how many bytes those lines take; a torn line at the end waits.

    A line that is whole but not a record is passed over: it can only be damage from outside.
    """
    end = content.rfind(b"\n") + 1
    records = []
    for line in content[:end].splitlines():
        record = _record(line)
        if record is not None:
            records.append(record)
    return records, end


def is_being_written(path: Path) -> bool:
    """Whether a living process holds the log."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def was_abandoned(path: Path) -> bool:
    """Whether the log lies here and its writer is gone without having ended the call; False where there is none."""
    try:
        if is_being_written(path):
            return False
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    except FileNotFoundError:
        return False
    record = _record(last)
    return record is None or record.name != "call_ended"


def put_away(path: Path, folder: str) -> bool:
    """Move a log that nobody writes below its folder; False when somebody has taken it up just now.

    The log is held while it moves: whoever would go on with it finds it where it lies afterwards.
    """
    target = path.parent / folder
    target.mkdir(exist_ok=True)
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        path.rename(target / path.name)
    return True


def _open_locked(path: Path, patience_s: float) -> int:
    """Open and lock; once more when the file was moved away in between, or is only being looked at by a shipper."""
    deadline = time.monotonic() + patience_s
    away = path.parent / SHIPPED_FOLDER / path.name
    while True:
        if away.exists() and not path.exists():
            away.rename(path)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            if time.monotonic() > deadline:
                raise Conflict("The event log of this call is being written by another process.") from None
            time.sleep(0.01)
            continue
        if _is_still_at(path, file):
            if not away.exists():
                return file
            path.unlink()  # an empty one, made in the moment in which the log was put away
        os.close(file)


def _is_still_at(path: Path, file: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file).st_ino
    except FileNotFoundError:
        return False


def _record(line: bytes) -> EventRecord | None:
    try:
        found = json.loads(line)
        return EventRecord(
            sequence=int(found["sequence"]),
            at_ms=int(found["at_ms"]),
            kind=str(found["kind"]),
            name=str(found["name"]),
            data=dict(found["data"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
