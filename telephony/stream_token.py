"""The ticket with which a call may open its media socket: bound to the call, signed, short-lived, spent once.

The webhook writes it into the TwiML, Twilio hands it back in `start`. That it is spent only once is kept in the
database (`CallRepository.spend_stream_token`), by its nonce.
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import Final

from engine.errors import VivavoceError

LIFETIME_S: Final = 60
_PURPOSE: Final = b"media-stream-ticket\x00"


class TokenRejected(VivavoceError):
    """The token opens no media socket; the message says why and never holds the token."""


@dataclass(frozen=True, slots=True)
class StreamTicket:
    """What a valid token says."""

    call_sid: str
    interview_id: uuid.UUID
    nonce: str
    expires_at_s: int
    """Seconds since 1970."""


def make(secret: str, call_sid: str, interview_id: uuid.UUID, nonce: str, expires_at_s: int) -> str:
    """The token: about 150 characters (a TwiML parameter holds fewer than 500).

    Raises ValueError for a call sid or nonce with a full stop in it, which separates the token's fields.
    """
    if "." in call_sid or "." in nonce:
        raise ValueError("neither call sid nor nonce may hold a full stop")
    body = f"{call_sid}.{interview_id.hex}.{nonce}.{expires_at_s}"
    return f"{body}.{_signature(secret, body)}"


def check(secret: str, token: str, call_sid: str, now_s: float) -> StreamTicket:
    """The ticket that the token stands for. Raises TokenRejected: malformed, forged, expired, or of another call."""
    body, _, signature = token.rpartition(".")
    fields = body.split(".")
    if len(fields) != 4:
        raise TokenRejected("the stream token is missing or malformed")
    if not hmac.compare_digest(signature.encode(), _signature(secret, body).encode()):
        raise TokenRejected("the stream token was not signed here")
    ticket = StreamTicket(fields[0], uuid.UUID(hex=fields[1]), fields[2], int(fields[3]))
    if ticket.call_sid != call_sid:
        raise TokenRejected("the stream token belongs to another call")
    if now_s >= ticket.expires_at_s:
        raise TokenRejected("the stream token has expired")
    return ticket


def _signature(secret: str, body: str) -> str:
    return hmac.new(secret.encode(), _PURPOSE + body.encode(), hashlib.sha256).hexdigest()[:40]
