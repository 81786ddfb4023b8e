"""How log lines look: JSON for machines in production, one readable line for people in development.

A line is a static message plus fields (`log.info("request", extra={"status": 200})`). The ids of the request or call
in hand are added to every line written meanwhile, whichever module writes it. Messages carry no personal data.
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from engine.config import Settings

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_ids: ContextVar[dict[str, str] | None] = ContextVar("log_ids", default=None)


@contextmanager
def log_ids(**ids: str) -> Iterator[None]:
    """Every line written inside carries these ids (request_id, call_id, ...), on top of those already set."""
    token = _ids.set({**(_ids.get() or {}), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def bind_log_ids(**ids: str) -> None:
    """Set the ids of the context in hand, replacing those set before: for servers that re-use a thread."""
    _ids.set(dict(ids))


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """The fields given as `extra`, after the ids of the context; a field wins over an id of the same name."""
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD and not name.startswith("_")}
    return {**(_ids.get() or {}), **extra}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, fields, trace."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """`12:00:01 info  dashboard.requests  request  status=200`, with the trace below where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        line = f"{time} {record.levelname.lower():7} {record.name}  {record.getMessage()}  {fields}".rstrip()
        # A line break inside a value must not look like a second log line.
        line = line.replace("\r", "\\r").replace("\n", "\\n")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure_logging(settings: Settings, *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send every logger of the process to one stream (standard error), replacing what was configured before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    # The server's own access line repeats ours and would carry query strings.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
