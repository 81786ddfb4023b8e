"""Commands of users on their way to the calls that this process holds."""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from engine.store.commands import CommandRepository

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UserWished:
    """A command has come; text: a note's words, or the minutes to add."""

    command: str
    text: str


class CommandDesk:
    """Takes up what waits for a call, when news of it come and when the call comes here."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._calls: dict[str, Callable[[UserWished], None]] = {}
        self._taking = threading.Lock()

    def attend(self, call_id: uuid.UUID, deliver: Callable[[UserWished], None]) -> None:
        """The call is held here from now on; `deliver` is called on any thread."""
        self._calls[str(call_id)] = deliver
        self.look(str(call_id))

    def leave(self, call_id: uuid.UUID) -> None:
        """The call is over here."""
        self._calls.pop(str(call_id), None)

    def look(self, call_id: str | None) -> None:
        """A command may wait for this call; None: for any of them."""
        for each in list(self._calls) if call_id is None else [call_id]:
            deliver = self._calls.get(each)
            if deliver is not None:
                self._take(uuid.UUID(each), deliver)

    def _take(self, call_id: uuid.UUID, deliver: Callable[[UserWished], None]) -> None:
        try:
            with self._taking, self._sessions.begin() as session:
                taken = [UserWished(row.command, row.text) for row in CommandRepository(session).take(call_id)]
        except SQLAlchemyError as error:
            # Nothing was taken: the listener looks again when the database is back.
            log.warning("commands cannot be read just now: %s", type(error).__name__)
            return
        for wished in taken:
            deliver(wished)
