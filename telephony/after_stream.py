"""What comes after the media socket: the conversation is over, or the line broke while the caller is still there."""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask import Response, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.event_files import event_log_path, was_abandoned
from engine.config import Settings
from engine.store.models import Call
from engine.store.moves import OPEN_INTERVIEW, REPLACED
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import CallState
from telephony import connecting, twiml, words

log = logging.getLogger(__name__)

MOST_RESUMES: Final = 5
"""So often one leg may go on after a break; a line that breaks more often is no line."""
_SETTLING_S: Final = 0.4
"""How long the news of a call's end may take from its session to the database."""
_SETTLING_STEP_S: Final = 0.1
_DATABASE_S: Final = 6.0
_DATABASE_STEP_S: Final = 0.25
_RESUMABLE: Final = (CallState.RINGING, CallState.LIVE, CallState.DROPPED)


class AfterStream:
    """Answers Twilio's question how to go on, from the database and nothing else: any process can."""

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[Session],
        prepare_call: Callable[[uuid.UUID, str], None],
        now: Callable[[], datetime],
        wait: Callable[[float], None],
    ) -> None:
        """prepare_call: told the interview's id and the CallSid when a broken call is about to go on."""
        self._settings = settings
        self._sessions = sessions
        self._prepare_call = prepare_call
        self._now = now
        self._wait = wait

    def after(self) -> Response:
        """The media socket closed while the caller is still on the line.

        A database that is just being restarted is waited for: without an answer Twilio puts the line down.
        """
        for _ in range(int(_DATABASE_S / _DATABASE_STEP_S)):
            try:
                return self._answer()
            except OperationalError:
                log.warning("a broken call waits for the database")
                self._wait(_DATABASE_STEP_S)
        return self._answer()

    def _answer(self) -> Response:
        call_sid = request.form["CallSid"]
        call = self._settled_call(call_sid)
        if call is None or call.state == CallState.COMPLETED:
            return xml(twiml.hang_up())
        with UnitOfWork(self._sessions) as unit:
            is_open = unit.interviews.get(call.interview_id).state in OPEN_INTERVIEW
            if call.end_reason == REPLACED or unit.calls.has_newer_leg(call):
                return xml(twiml.hang_up())
            if not is_open:
                return xml(twiml.say_goodbye(words.ALL_DONE))
            may_go_on = call.state in _RESUMABLE and unit.calls.claim_resume(call.id, MOST_RESUMES)
            unit.commit()
        if not may_go_on:
            log.error("a call cannot go on after a break", extra={"call_sid": call_sid, "state": call.state})
            return xml(twiml.say_goodbye(words.LINE_BROKE))
        log.warning("a call goes on after a break", extra={"call_sid": call_sid})
        self._prepare_call(call.interview_id, call_sid)
        return xml(connecting.conversation(self._settings, call.interview_id, call_sid, self._now()))

    def _settled_call(self, call_sid: str) -> Call | None:
        """The call, once its session's last news has reached the database, or as it stands after a short wait.

        After a kill no news will come, and the caller waits in silence: so it is short, and there is none where the log
        tells of it.
        """
        for _ in range(int(_SETTLING_S / _SETTLING_STEP_S)):
            call = self._call(call_sid)
            if call is None or call.state not in (CallState.RINGING, CallState.LIVE):
                return call
            if was_abandoned(event_log_path(self._settings.event_logs_dir, call.id)):
                return call
            self._wait(_SETTLING_STEP_S)
        return self._call(call_sid)

    def _call(self, call_sid: str) -> Call | None:
        with UnitOfWork(self._sessions) as unit:
            return unit.calls.by_sid(call_sid)


def xml(document: str) -> Response:
    """A document as Twilio takes it."""
    return Response(document, content_type="text/xml; charset=utf-8")
