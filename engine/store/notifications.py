"""News from PostgreSQL to every process that listens: ids only, told at commit. Whoever is told reads the rows.

One connection a process listens. It must be a direct one: a pooler that lends connections by the transaction breaks it.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import psycopg
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

EVENTS: Final = "interview_events"
"""Payload: the id of an interview whose event log has grown."""
COMMANDS: Final = "call_commands"
"""Payload: the id of a call for which a command waits."""
LINES: Final = "call_lines"
"""Payload: CallSid and StreamSid, with a space between: the call has gone on to this media stream."""
_LOOK_S = 0.5
_PAUSE_S = 1.0

Told = Callable[[str | None], None]
"""Given the payload; None says that news may have been missed: look at everything."""
logger = logging.getLogger(__name__)


def notify(session: Session, channel: str, payload: str) -> None:
    """Tell every listening process, when the transaction commits."""
    session.execute(text("select pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})


class Listener:
    """Listens on one connection, in a thread of its own; after a loss it connects again and has everybody look."""

    def __init__(self, url: str) -> None:
        """url: as the rest of the product knows it, beginning with postgresql+psycopg://."""
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._told: dict[str, list[Told]] = defaultdict(list)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.is_connected = False

    def on(self, channel: str, told: Told) -> None:
        """Have a function called for every piece of news of a channel. Before `start`; it must not raise or block."""
        self._told[channel].append(told)

    def start(self) -> None:
        """Listen in the background until `stop`."""
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more. Safe to call twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                logger.warning("news from the database are missed for a moment: %s", type(error).__name__)
            self.is_connected = False
            self._stopping.wait(_PAUSE_S)

    def _listen(self) -> None:
        with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            for channel in self._told:
                connection.execute(f'listen "{channel}"')
            self.is_connected = True
            for functions in self._told.values():
                for told in functions:
                    told(None)
            while not self._stopping.is_set():
                for news in connection.notifies(timeout=_LOOK_S):
                    for told in self._told[news.channel]:
                        told(news.payload)
