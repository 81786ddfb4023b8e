"""What Twilio tells about text messages: signed, in any order, more than once.

Source: Twilio, "Track outbound message status".
"""

import logging
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, Response, abort, request
from sqlalchemy.orm import Session, sessionmaker

from engine.config import Settings
from engine.store.outbox import OutboxRepository
from engine.store.schedule_models import OutboxMessage
from engine.vocabulary import MessageState
from telephony import signature

log = logging.getLogger(__name__)

ENDPOINTS: Final = frozenset({"message_status.news"})
"""Open to callers without a login: each request must carry Twilio's signature."""
_STATES: Final = {
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.FAILED,
    "failed": MessageState.FAILED,
}
_REASONS: Final = {
    "30003": "The telephone is switched off or out of reach.",
    "30004": "The recipient blocks our messages.",
    "30005": "There is no such number any more.",
    "30006": "This number takes no text messages; it may be a landline.",
    "30007": "The carrier took it for spam.",
    "21610": "The recipient answered STOP.",
}


def _now() -> datetime:
    return datetime.now(UTC)


def blueprint(settings: Settings, sessions: sessionmaker[Session], now: Callable[[], datetime] = _now) -> Blueprint:
    """The route under /telephony to which Twilio posts the fate of text messages."""
    routes = Blueprint("message_status", __name__, url_prefix="/telephony")

    @routes.post("/message-status")
    def news() -> Response:
        url = signature.public_url(settings.public_base_url, request.full_path)
        if not signature.is_signed(settings.twilio_auth_token, url, request.form, request.headers):
            log.warning("webhook without a valid signature", extra={"path": request.path})
            abort(403)
        to = _STATES.get(request.form.get("MessageStatus", ""))
        if to is None:
            return Response(status=204)  # queued, sending, accepted: no news for us
        with sessions() as session:
            outbox = OutboxRepository(session)
            message = _message(outbox)
            if message is None:
                log.info("news of a text message that we do not know")
                return Response(status=204)
            outbox.note_provider_id(message.id, "twilio", request.form["MessageSid"])
            outbox.move(message.id, to, **_values(to, now()))
            session.commit()
        return Response(status=204)

    return routes


def _message(outbox: OutboxRepository) -> OutboxMessage | None:
    """By Twilio's id, or by ours while Twilio's is not written down yet."""
    sid = request.form.get("MessageSid", "")
    known = outbox.by_provider_id(sid) if sid else None
    if known is not None or not sid:
        return known
    try:
        message = outbox.get(uuid.UUID(request.args.get("message", "")))
    except ValueError:
        return None
    return message if message is not None and message.provider_id is None else None


def _values(to: MessageState, at: datetime) -> dict[str, object]:
    if to is MessageState.DELIVERED:
        return {"delivered_at": at, "reason": None}
    if to is MessageState.FAILED:
        code = request.form.get("ErrorCode", "")
        return {"reason": _REASONS.get(code, f"The carrier did not deliver it (error {code or 'unknown'}).")}
    return {"sent_at": at}
