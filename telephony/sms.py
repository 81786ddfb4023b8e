"""Text messages through Twilio.

Source: Twilio, "Messages resource" and "Message status callback".
"""

from engine.config import Settings
from engine.errors import DeliveryUnknown, MessageDelayed, MessageRefused
from engine.ports import OutgoingMessage
from telephony.twilio_rest import TIMEOUT_S, Meaning, TwilioFailure, ask, close_client, make_client

_ERRORS = {Meaning.NEVER: MessageRefused, Meaning.NOT_NOW: MessageDelayed, Meaning.UNKNOWN: DeliveryUnknown}


class TwilioSms:
    """Sends from our own number. Twilio reports back to /telephony/message-status."""

    name = "twilio"

    def __init__(self, settings: Settings, timeout_s: float = TIMEOUT_S) -> None:
        self._from = settings.phone_number
        self._status_url = f"{settings.public_base_url}/telephony/message-status"
        self._client = make_client(settings, timeout_s)

    def send(self, message: OutgoingMessage) -> str | None:
        """Hand the text over; returns Twilio's MessageSid."""
        try:
            sent = ask(
                lambda: self._client.messages.create(
                    to=message.recipient,
                    from_=self._from,
                    body=message.text,
                    # Our own id goes along: news may come before the reply to this request does.
                    status_callback=f"{self._status_url}?message={message.id}",
                )
            )
        except TwilioFailure as failure:
            raise _ERRORS[failure.meaning](str(failure)) from failure
        return str(sent.sid)

    def close(self) -> None:
        """Close the connections that are kept."""
        close_client(self._client)
