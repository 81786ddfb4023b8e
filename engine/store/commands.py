"""Commands to running calls: given by any process, taken once by the one that holds the call."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.errors import Conflict
from engine.store.command_models import CallCommand
from engine.store.models import Call
from engine.store.notifications import COMMANDS, notify
from engine.vocabulary import CallState, Command


class CommandRepository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def give(self, interview_id: uuid.UUID, command: Command, text: str, given_by: uuid.UUID) -> CallCommand:
        """Send a command to the interview's running call; told of at commit.

        Raises Conflict where nobody is on the line; a note may be written at any time.
        """
        live = self._session.scalar(
            select(Call.id).where(Call.interview_id == interview_id, Call.state == CallState.LIVE)
        )
        if live is None and command is not Command.NOTE:
            raise Conflict("Nobody is on the line just now, so there is nothing to control.")
        row = CallCommand(interview_id=interview_id, call_id=live, given_by=given_by, command=command, text=text)
        self._session.add(row)
        self._session.flush()
        if live is not None:
            notify(self._session, COMMANDS, str(live))
        return row

    def take(self, call_id: uuid.UUID) -> Sequence[CallCommand]:
        """The commands that wait for this call, in the order in which they were given; nobody gets them again."""
        taken = self._session.scalars(
            update(CallCommand)
            .where(CallCommand.call_id == call_id, CallCommand.taken_at.is_(None))
            .values(taken_at=func.now())
            .returning(CallCommand)
        ).all()
        return sorted(taken, key=lambda row: row.id)

    def notes_of(self, interview_id: uuid.UUID) -> Sequence[CallCommand]:
        """What the user wrote down about an interview, oldest first."""
        return self._session.scalars(
            select(CallCommand)
            .where(CallCommand.interview_id == interview_id, CallCommand.command == Command.NOTE)
            .order_by(CallCommand.id)
        ).all()
