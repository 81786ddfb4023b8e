"""What Twilio tells about calls while they ring, run and end: signed, in any order, more than once, or never.

What such news may change stands in engine/store/line_news.py; what follows from the end of a call, in
engine/work/settling.py.
"""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime

from flask import Response, request
from sqlalchemy.orm import Session, sessionmaker

from engine.store.calls import CallRepository
from engine.store.dials import DialRepository
from engine.store.jobs import ANSWERED, enqueue, enqueue_settling
from engine.store.line_news import take_news
from engine.store.models import Call
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import CallState
from telephony import status

log = logging.getLogger(__name__)


class CallNews:
    """Takes callbacks. The answer is always the same, also about calls that nobody knows: there is nothing to do."""

    def __init__(self, sessions: sessionmaker[Session], now: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._now = now

    def status(self) -> Response:
        """How a call went, in Twilio's words."""
        told = status.STATES.get(request.form.get("CallStatus", ""))
        with UnitOfWork(self._sessions) as unit:
            call = call_of_request(unit.session)
            if call is None:
                log.info("status of a call that never reached an interview")
                return Response(status=204)
            if told is not None:
                moved = take_news(unit.session, call.id, told, _sequence(), self._now())
                self._conclude(unit.session, call, moved)
            unit.commit()
        return Response(status=204)

    def answered_by(self) -> Response:
        """Who or what picked up, as Twilio's detection has it."""
        with UnitOfWork(self._sessions) as unit:
            call = call_of_request(unit.session)
            what = status.DETECTED.get(request.form.get("AnsweredBy", ""))
            if call is not None and what is not None:
                enqueue(unit.session, ANSWERED, call_id=str(call.id), kind="detected", value=what.value)
            unit.commit()
        return Response(status=204)

    def stream_status(self) -> Response:
        """News of the media socket as Twilio sees it: nothing is decided by it, faults are logged."""
        event = request.form.get("StreamEvent", "")
        if event == "stream-error":
            error = request.form.get("StreamError", "")[:200]
            log.error("media stream failed", extra={"call_sid": request.form["CallSid"], "stream_error": error})
        else:
            log.info("media stream", extra={"call_sid": request.form["CallSid"], "stream_event": event})
        return Response(status=204)

    def _conclude(self, session: Session, call: Call, moved: CallState | None) -> None:
        if call.appointment_id is None or moved in (None, CallState.RINGING):
            return
        enqueue_settling(session, call.id, may_go_on=moved is CallState.DROPPED)


def call_of_request(session: Session) -> Call | None:
    """The call that a request of Twilio is about: by its CallSid, or by our own id while Twilio's is not known yet."""
    sid = request.form["CallSid"]
    with_ours = request.args.get("call", "")
    if with_ours:
        try:
            return DialRepository(session).bind(uuid.UUID(with_ours), sid)
        except ValueError:
            return None
    return CallRepository(session).by_sid(sid)


def _sequence() -> int | None:
    given = request.form.get("SequenceNumber", "")
    return int(given) if given.isdecimal() and len(given) < 9 else None
