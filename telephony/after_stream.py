"""What comes after the media socket: the conversation is over, or the line broke while the caller is still there."""

from collections.abc import Callable
from typing import Final

from flask import Response, request
from sqlalchemy.orm import Session, sessionmaker

from engine.store.models import Call
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import CallState
from telephony import twiml, words

_SETTLING_S: Final = 2.0
"""How long the news of a call's end may take from its session to the database."""
_SETTLING_STEP_S: Final = 0.1


class AfterStream:
    """Answers Twilio's question how to go on, from the database and nothing else."""

    def __init__(self, sessions: sessionmaker[Session], wait: Callable[[float], None]) -> None:
        self._sessions = sessions
        self._wait = wait

    def after(self) -> Response:
        """The media socket closed while the caller is still on the line."""
        call = self._settled_call(request.form["CallSid"])
        if call is None or call.state == CallState.COMPLETED:
            return xml(twiml.hang_up())
        return xml(twiml.say_goodbye(words.LINE_BROKE))

    def _settled_call(self, call_sid: str) -> Call | None:
        """The call, once its session's last news has reached the database, or as it stands after a short wait."""
        for _ in range(int(_SETTLING_S / _SETTLING_STEP_S)):
            call = self._call(call_sid)
            if call is None or call.state not in (CallState.RINGING, CallState.LIVE):
                return call
            self._wait(_SETTLING_STEP_S)
        return self._call(call_sid)

    def _call(self, call_sid: str) -> Call | None:
        with UnitOfWork(self._sessions) as unit:
            return unit.calls.by_sid(call_sid)


def xml(document: str) -> Response:
    """A document as Twilio takes it."""
    return Response(document, content_type="text/xml; charset=utf-8")
