"""Delivering events to users' own systems: signed, tried again ever more slowly, given up in the end."""

import asyncio
import hashlib
import hmac
import logging
import uuid
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.webhook_http import WebhookSender
from engine.errors import AddressForbidden, UpstreamUnavailable
from engine.store.webhooks import Attempt, Outcome, WebhookRepository

PAUSES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
"""Between one try and the next: six tries in some nine hours."""
MOST_FAILURES: Final = 20
"""So many tries may fail one after the other before nothing more is sent to an endpoint."""
GONE: Final = 410
SIGNATURE_HEADER: Final = "Vivavoce-Signature"

logger = logging.getLogger(__name__)


def signature_of(secret: str, timestamp: int, body: str) -> str:
    """The signature header: the time of sending, and HMAC-SHA256 over "<time>.<body>" with the endpoint's secret."""
    signed = hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={signed}"


async def deliver(
    sessions: sessionmaker[Session], sender: WebhookSender, delivery_id: uuid.UUID, now: datetime
) -> Outcome | None:
    """Try a delivery once, and arrange whatever follows; None when there was nothing to do.

    It may be sent twice: after a crash between the answer and its note. Receivers tell by the id.
    """
    attempt = await asyncio.to_thread(_next, sessions, delivery_id, now)
    if attempt is None:
        return None
    outcome, may_try_again = await _tried(sender, attempt, now)
    await asyncio.to_thread(_note, sessions, attempt, outcome, now, may_try_again)
    logger.info(
        "webhook tried",
        extra={
            "delivery_id": str(delivery_id),
            "status": outcome.status,
            "try": attempt.number,
            "event": attempt.event,
        },
    )
    return outcome


async def _tried(sender: WebhookSender, attempt: Attempt, now: datetime) -> tuple[Outcome, bool]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Vivavoce-Webhooks",
        "Vivavoce-Event": attempt.event,
        "Vivavoce-Delivery": str(attempt.delivery_id),
        SIGNATURE_HEADER: signature_of(attempt.secret, int(now.timestamp()), attempt.body),
    }
    try:
        answered = await sender.post(attempt.url, attempt.body.encode(), headers)
    except AddressForbidden as error:
        return Outcome(False, None, str(error)), False
    except UpstreamUnavailable as error:
        return Outcome(False, None, str(error)), True
    return Outcome(200 <= answered.status < 300, answered.status, answered.text), answered.status != GONE


def _next(sessions: sessionmaker[Session], delivery_id: uuid.UUID, now: datetime) -> Attempt | None:
    with sessions.begin() as session:
        return WebhookRepository(session).next_attempt(delivery_id, now)


def _note(
    sessions: sessionmaker[Session], attempt: Attempt, outcome: Outcome, now: datetime, may_try_again: bool
) -> None:
    is_last = attempt.number > len(PAUSES) or not may_try_again
    again_at = None if is_last else now + PAUSES[attempt.number - 1]
    with sessions.begin() as session:
        webhooks = WebhookRepository(session)
        endpoint = webhooks.note(attempt, outcome, now, again_at)
        if endpoint is None or endpoint.disabled_at is not None:
            return
        reason = ""
        if outcome.status == GONE:
            reason = "The other side answered that this address is gone for good (410)."
        elif endpoint.failures >= MOST_FAILURES:
            reason = f"{endpoint.failures} tries failed one after the other."
        if reason:
            webhooks.switch(endpoint, is_on=False, reason=reason, now=now)
            logger.warning("a webhook was turned off", extra={"endpoint_id": str(endpoint.id)})
