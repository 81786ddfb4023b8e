"""What Twilio asks us over HTTP: whose call this is, what comes after the conversation, how calls went.

Every request must carry Twilio's signature. All are POST: a GET would put phone numbers and PINs into addresses, and
from there into access logs; so a GET is answered with 405. Twilio repeats a request that it got no answer to, and
sends callbacks in any order: each of these can be asked twice without harm.
"""

import hashlib
import hmac
import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, Response, abort, request
from sqlalchemy.orm import Session, sessionmaker

from engine.config import Settings
from engine.errors import NotFound, TooManyAttempts
from engine.store.attempts import AttemptRepository
from engine.store.models import Interview
from engine.store.moves import OPEN_INTERVIEW
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import Direction
from telephony import connecting, signature, twiml, words
from telephony.after_stream import AfterStream, xml
from telephony.call_news import CallNews, call_of_request

log = logging.getLogger(__name__)

ENDPOINTS: Final = frozenset(
    f"telephony.{name}" for name in ("voice", "pin", "after", "status", "answered_by", "stream_status")
)
"""Open to callers without a login: each request must carry Twilio's signature."""
MOST_TRIES: Final = 3
"""PINs that a caller may enter in one call."""
_WINDOW_S: Final = 3600
_MOST_WRONG_PINS: Final = {"pin_of_caller": 10, "pin_at_number": 60}
"""Wrong PINs an hour: by one caller, and over all callers of one of our numbers, since caller ids can be forged."""


def _now() -> datetime:
    return datetime.now(UTC)


def blueprint(
    settings: Settings,
    sessions: sessionmaker[Session],
    lines_free: Callable[[], bool],
    prepare_call: Callable[[uuid.UUID, str], None] = lambda interview_id, call_sid: None,
    now: Callable[[], datetime] = _now,
    wait: Callable[[float], None] = time.sleep,
) -> Blueprint:
    """The routes under /telephony that Twilio posts to.

    lines_free: whether this process can take one more call. prepare_call: told the interview's id and the CallSid when
    a call is about to be connected, so that its greeting can be made ready; it must return at once and not raise.
    """
    desk = _FrontDesk(settings, sessions, lines_free, prepare_call, now)
    news = CallNews(sessions, now)
    routes = Blueprint("telephony", __name__, url_prefix="/telephony")
    routes.before_request(desk.check_signature)
    routes.post("/voice")(desk.voice)
    routes.post("/pin")(desk.pin)
    routes.post("/after")(AfterStream(settings, sessions, prepare_call, now, wait).after)
    routes.post("/status")(news.status)
    routes.post("/answered-by")(news.answered_by)
    routes.post("/stream-status")(news.stream_status)
    return routes


class _FrontDesk:
    """Answers each request from its form, the database and nothing else."""

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[Session],
        lines_free: Callable[[], bool],
        prepare_call: Callable[[uuid.UUID, str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._lines_free = lines_free
        self._prepare_call = prepare_call
        self._now = now

    def check_signature(self) -> None:
        """Let Twilio in and nobody else."""
        url = signature.public_url(self._settings.public_base_url, request.full_path)
        if not signature.is_signed(self._settings.twilio_auth_token, url, request.form, request.headers):
            log.warning("webhook without a valid signature", extra={"path": request.path})
            abort(403)
        if not request.form.get("CallSid"):
            abort(400, "CallSid is missing.")

    def voice(self) -> Response:
        """A call came in, or one that we placed was answered."""
        call_sid = request.form["CallSid"]
        with UnitOfWork(self._sessions) as unit:
            call_of_request(unit.session)  # a call of ours learns its CallSid here, if nothing else told it before
            interview = self._interview_of_call(unit, call_sid) or self._interview_we_called_for(unit)
            if not self._lines_free():
                return xml(twiml.say_goodbye(words.ALL_LINES_BUSY))
            if interview is not None:
                return self._connect(unit, interview, call_sid)
        if "interview_id" in request.args:
            return xml(twiml.say_goodbye(words.INTERVIEW_CLOSED))
        return self._ask(1, words.WELCOME)

    def pin(self) -> Response:
        """The caller entered a PIN, or let the time for it pass."""
        given = request.args.get("try", "")
        attempt = int(given) if given in ("1", "2", "3") else MOST_TRIES
        digits = request.form.get("Digits", "")
        with UnitOfWork(self._sessions) as unit:
            try:
                self._check_limits(unit.attempts)
            except TooManyAttempts:
                log.warning("too many wrong PINs")
                return xml(twiml.say_goodbye(words.TOO_MANY_PINS))
            interview = unit.interviews.find_open_by_pin(digits, self._now()) if digits else None
            if interview is not None:
                if not self._lines_free():
                    return xml(twiml.say_goodbye(words.ALL_LINES_BUSY))
                return self._connect(unit, interview, request.form["CallSid"])
            if digits:
                self._count_wrong_pin(unit.attempts, attempt)
                unit.commit()
        if attempt >= MOST_TRIES:
            return xml(twiml.say_goodbye(words.NO_PIN_FITS))
        return self._ask(attempt + 1, words.UNKNOWN_PIN if digits else words.NO_DIGITS)

    def _interview_of_call(self, unit: UnitOfWork, call_sid: str) -> Interview | None:
        call = unit.calls.by_sid(call_sid)
        return self._open_interview(unit, call.interview_id) if call else None

    def _interview_we_called_for(self, unit: UnitOfWork) -> Interview | None:
        try:
            interview_id = uuid.UUID(request.args.get("interview_id", ""))
        except ValueError:
            return None
        return self._open_interview(unit, interview_id)

    def _open_interview(self, unit: UnitOfWork, interview_id: uuid.UUID) -> Interview | None:
        try:
            interview = unit.interviews.get(interview_id)
        except NotFound:
            return None
        return interview if interview.state in OPEN_INTERVIEW else None

    def _connect(self, unit: UnitOfWork, interview: Interview, call_sid: str) -> Response:
        is_ours = request.form.get("Direction", "inbound").startswith("outbound")
        interview_id = interview.id
        unit.calls.register(interview_id, call_sid, Direction.OUTBOUND if is_ours else Direction.INBOUND)
        unit.commit()
        self._prepare_call(interview_id, call_sid)
        return xml(connecting.conversation(self._settings, interview_id, call_sid, self._now()))

    def _ask(self, attempt: int, text: str) -> Response:
        return xml(twiml.ask_for_pin(self._public(f"/telephony/pin?try={attempt}"), text))

    def _public(self, path: str) -> str:
        return self._settings.public_base_url + path

    def _check_limits(self, attempts: AttemptRepository) -> None:
        for action, subject in self._limited():
            attempts.check(action, subject, limit=_MOST_WRONG_PINS[action], window_s=_WINDOW_S, now=self._now())

    def _count_wrong_pin(self, attempts: AttemptRepository, attempt: int) -> None:
        """Count a wrong PIN once, also when Twilio posts it again."""
        once = self._keyed(f"{request.form['CallSid']} {attempt}")
        try:
            attempts.check("pin_of_call", once, limit=1, window_s=_WINDOW_S, now=self._now())
        except TooManyAttempts:
            return
        attempts.record("pin_of_call", once, self._now())
        for action, subject in self._limited():
            attempts.record(action, subject, self._now())

    def _limited(self) -> list[tuple[str, str]]:
        numbers = {"pin_of_caller": request.form.get("From", ""), "pin_at_number": request.form.get("To", "")}
        return [(action, self._keyed(number)) for action, number in numbers.items()]

    def _keyed(self, subject: str) -> str:
        key = b"telephony-attempts\x00" + self._settings.stream_secret.encode()
        return hmac.new(key, subject.encode(), hashlib.sha256).hexdigest()
