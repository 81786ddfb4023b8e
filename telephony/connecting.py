"""Joining a call to its conversation: the document that opens the media socket, with a fresh one-use token."""

import secrets
import uuid
from datetime import datetime

from engine.config import Settings
from telephony import stream_token, twiml


def conversation(settings: Settings, interview_id: uuid.UUID, call_sid: str, now: datetime) -> str:
    """The TwiML that joins this call to its interview; when the socket closes, Twilio asks /telephony/after."""
    token = stream_token.make(
        settings.stream_secret,
        call_sid,
        interview_id,
        secrets.token_urlsafe(16),
        int(now.timestamp()) + stream_token.LIFETIME_S,
    )
    status_url = settings.public_base_url + "/telephony/stream-status"
    stream = twiml.StreamAddress(settings.media_url, status_url, {"token": token})
    return twiml.connect_stream(stream, settings.public_base_url + "/telephony/after")
