"""What Twilio asks us over HTTP: whose call this is, what comes after the conversation, how calls went.

Every request must carry Twilio's signature. All are POST: a GET would put phone numbers and PINs into addresses, and
from there into access logs; so a GET is answered with 405. Twilio repeats a request that it got no answer to, and
sends callbacks in any order: each of these can be asked twice without harm.
"""

import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, abort, request
from sqlalchemy.orm import Session, sessionmaker

from engine.config import Settings
from telephony import signature
from telephony.after_stream import AfterStream
from telephony.call_news import CallNews
from telephony.front_desk import FrontDesk
from telephony.putting_through import PuttingThrough

log = logging.getLogger(__name__)

_NAMES: Final = (
    "voice", "pin", "begin", "after", "whisper", "put_through", "status", "answered_by", "stream_status",
)  # fmt: skip
ENDPOINTS: Final = frozenset(f"telephony.{name}" for name in _NAMES)
"""Open to callers without a login: each request must carry Twilio's signature."""


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
    desk = FrontDesk(settings, sessions, lines_free, prepare_call, now)
    news = CallNews(sessions, now)
    routes = Blueprint("telephony", __name__, url_prefix="/telephony")
    routes.before_request(lambda: check_signature(settings))
    routes.post("/voice")(desk.voice)
    routes.post("/pin")(desk.pin)
    routes.post("/begin")(desk.begin)
    routes.post("/after")(AfterStream(settings, sessions, prepare_call, now, wait).after)
    person = PuttingThrough(settings, sessions, now)
    routes.post("/whisper")(person.whisper)
    routes.post("/put-through")(person.put_through)
    routes.post("/status")(news.status)
    routes.post("/answered-by")(news.answered_by)
    routes.post("/stream-status")(news.stream_status)
    return routes


def check_signature(settings: Settings) -> None:
    """Let Twilio in and nobody else."""
    url = signature.public_url(settings.public_base_url, request.full_path)
    if not signature.is_signed(settings.twilio_auth_token, url, request.form, request.headers):
        log.warning("webhook without a valid signature", extra={"path": request.path})
        abort(403)
    if not request.form.get("CallSid"):
        abort(400, "CallSid is missing.")
