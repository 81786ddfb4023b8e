"""Twilio's questions while a candidate is put through to a person: does that person want the call, and how did it end?

Source: Twilio, "<Dial>" (action, DialCallStatus, DialBridged) and "<Number>" (url, asked before the two are joined).
"""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime

from flask import Response, request
from sqlalchemy.orm import Session, sessionmaker

from engine.config import Settings
from engine.store.calls import CallRepository
from engine.store.models import Call, Interview
from engine.store.tasks import TaskRepository
from engine.store.wishes import taken_by_person
from engine.vocabulary import TaskKind
from telephony import twiml, words
from telephony.after_stream import xml

log = logging.getLogger(__name__)


class PuttingThrough:
    """Answers from the call that the address names."""

    def __init__(self, settings: Settings, sessions: sessionmaker[Session], now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._sessions = sessions
        self._now = now

    def whisper(self) -> Response:
        """The user's telephone was picked up: who is it, and is the call wanted? A mailbox presses no key."""
        with self._sessions.begin() as session:
            call = self._call(session)
            if call is None:
                return xml(twiml.hang_up())
            if request.form.get("Digits"):
                taken_by_person(session, call)
                return xml(twiml.nothing())
            interview = session.get_one(Interview, call.interview_id)
            text = words.WHISPER.format(name=interview.candidate.name, title=interview.title)
        return xml(twiml.ask_to_take(self._public(f"/telephony/whisper?call={call.id}"), text))

    def put_through(self) -> Response:
        """The two talked, or nobody took the call: then the interview goes on, and the task to call back stands."""
        with self._sessions.begin() as session:
            call = self._call(session)
            if call is None:
                return xml(twiml.hang_up())
            if request.form.get("DialBridged") == "true":
                taken_by_person(session, call)
                TaskRepository(session).close_of(call.interview_id, (TaskKind.CALL_BACK,), self._now())
                return xml(twiml.say_goodbye(words.AFTER_PERSON))
            url = self._public(f"/telephony/voice?interview_id={call.interview_id}")
        log.info("nobody took a call that was put through", extra={"status": request.form.get("DialCallStatus", "")})
        return xml(twiml.say_and_go_on(words.NOBODY_THERE, 0, url))

    def _call(self, session: Session) -> Call | None:
        try:
            return CallRepository(session).get(uuid.UUID(request.args.get("call", "")))
        except ValueError:
            return None

    def _public(self, path: str) -> str:
        return self._settings.public_base_url + path
