"""Links in messages: bound to one purpose and one appointment, signed, expiring, and hard to break.

A token is written in the letters a-z and the digits 2-7 alone, so it survives what mail programs do to addresses:
line wraps, capital letters, a full stop or bracket taken for part of it, ampersands written as entities.
"""

import base64
import binascii
import hashlib
import hmac
import re
import struct
import uuid
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from engine.errors import LinkRejected

_KEY_PURPOSE: Final = b"candidate-link\x00"
_BODY: Final = struct.Struct(">B16sHI")
_SIGNATURE_BYTES: Final = 17
"""136 bits; body and signature together fill 64 letters exactly."""
TOKEN_LETTERS: Final = 64
_NEVER: Final = 0xFFFFFFFF
_STRAY: Final = re.compile(r"&(?:amp|#38|gt|quot|#x?[0-9a-f]+);|%[0-9a-f]{2}|=\r?\n|[^a-z2-7]")


class Purpose(IntEnum):
    """What a link is for; a token of one purpose is nothing to another."""

    PICK = 1
    MOVE = 2
    CANCEL = 3
    DECLINE = 4
    """No more calls, or no more messages."""
    FEED = 5
    """A user's calendar."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a valid token says."""

    purpose: Purpose
    subject: uuid.UUID
    """The appointment, or for a calendar the user."""
    edition: int
    """The appointment's edition for which the link was made (a calendar's generation); 0 to 65,535."""
    expires_at_s: int | None
    """Seconds since 1970; None for a link that stays good."""


def make(secret: str, ticket: Ticket) -> str:
    """The token: 64 letters. Raises ValueError for an edition that does not fit."""
    if not 0 <= ticket.edition <= 0xFFFF:
        raise ValueError("an edition lies from 0 to 65535")
    expires = _NEVER if ticket.expires_at_s is None else ticket.expires_at_s
    body = _BODY.pack(ticket.purpose, ticket.subject.bytes, ticket.edition, expires)
    return base64.b32encode(body + _signature(secret, body)).decode().rstrip("=").lower()


def read(secret: str, token: str, purposes: frozenset[Purpose], now_s: float) -> Ticket:
    """The ticket a token stands for, whatever a mail program did to it.

    Raises LinkRejected: cut off, forged, expired, or made for something else than `purposes`.
    """
    letters = cleaned(token)
    try:
        raw = base64.b32decode(letters.upper())
        body, signature = raw[: _BODY.size], raw[_BODY.size :]
        number, subject, edition, expires = _BODY.unpack(body)
        purpose = Purpose(number)
    except (binascii.Error, struct.error, ValueError) as error:
        raise LinkRejected("This link is not complete. Open it from the message again, or copy all of it.") from error
    if not hmac.compare_digest(signature, _signature(secret, body)):
        raise LinkRejected("This link is not complete. Open it from the message again, or copy all of it.")
    if purpose not in purposes:
        raise LinkRejected("This link was made for another page. Open it from the message again.")
    if expires != _NEVER and now_s >= expires:
        raise LinkRejected("This link has run out. Ask the person who invited you for a new one.")
    return Ticket(purpose, uuid.UUID(bytes=subject), edition, None if expires == _NEVER else expires)


def cleaned(token: str) -> str:
    """A token as it was made, from one that a mail program wrapped, capitalised or lengthened."""
    return _STRAY.sub("", token.lower())[:TOKEN_LETTERS]


def _signature(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), _KEY_PURPOSE + body, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
