"""Sessions as JSON lines: every message of both directions with its time, to be replayed later.

A row is {"n", "at_ms", "dir", "msg"}; `dir` is "twilio->app" or "app->twilio". The stream's token is left out: it opens
the door only once, and a replay asks for its own.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from engine.errors import ProtocolError

TO_APP: Final = "twilio->app"
TO_TWILIO: Final = "app->twilio"

Tape = Callable[[str, str, int], None]
"""Takes a direction, a message and its time in milliseconds since the stream began."""


@dataclass(frozen=True, slots=True)
class Row:
    """One recorded message."""

    at_ms: int
    direction: str
    message: dict[str, Any]


class SessionRecorder:
    """Writes a session to an open file, message by message."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._count = 0

    def __call__(self, direction: str, text: str, at_ms: int) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            message = {"event": "unreadable"}
        if isinstance(message, dict) and message.get("event") == "start":
            message["start"]["customParameters"].pop("token", None)
        row = {"n": self._count, "at_ms": at_ms, "dir": direction, "msg": message}
        self._file.write(json.dumps(row) + "\n")
        self._count += 1


def read_session(path: Path) -> list[Row]:
    """The rows of a recorded session, in order.

    Rows without `at_ms` take the time of the audio around them. Raises ProtocolError naming file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(f"{path}: the recording cannot be read: {error}") from error
    return list(_rows(lines, path))


def _rows(lines: list[str], path: Path) -> Iterable[Row]:
    at_ms = 0
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            message, direction = row["msg"], row["dir"]
            if direction not in (TO_APP, TO_TWILIO) or not isinstance(message, dict):
                raise ValueError("no message of either direction")
            stamp = message["media"]["timestamp"] if direction == TO_APP and message["event"] == "media" else at_ms
            at_ms = int(row.get("at_ms", stamp))
        except (KeyError, TypeError, ValueError) as error:
            raise ProtocolError(f"{path}, line {number}: not a row of a recorded session ({error})") from error
        yield Row(at_ms, direction, message)
