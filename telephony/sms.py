"""Text messages through Twilio's REST API, by its own library.

Source: Twilio, "Messages resource" and "Message status callback".
"""

from typing import Final

import requests

# twilio ships no type information
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from engine.config import Settings
from engine.errors import DeliveryUnknown, MessageDelayed, MessageRefused
from engine.ports import OutgoingMessage

TIMEOUT_S: Final = 10.0
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_LOGIN_FAULTS: Final = (401, 403)


class TwilioSms:
    """Sends from our own number. Twilio reports back to /telephony/message-status."""

    name = "twilio"

    def __init__(self, settings: Settings, timeout_s: float = TIMEOUT_S) -> None:
        self._from = settings.phone_number
        self._status_url = f"{settings.public_base_url}/telephony/message-status"
        # No retries of its own: a POST that was repeated blindly would be a second text message.
        http = TwilioHttpClient(timeout=timeout_s, max_retries=0)
        self._client = Client(settings.twilio_account_sid, settings.twilio_auth_token, http_client=http)
        self._client.api.base_url = settings.messages.twilio_rest_url

    def send(self, message: OutgoingMessage) -> str | None:
        """Hand the text over; returns Twilio's MessageSid."""
        try:
            sent = self._client.messages.create(
                to=message.recipient,
                from_=self._from,
                body=message.text,
                # Our own id goes along: news may come before the reply to this request does.
                status_callback=f"{self._status_url}?message={message.id}",
            )
        except TwilioRestException as error:
            raise _translated(error) from error
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise MessageDelayed("Twilio could not be reached.") from error
        except requests.RequestException as error:
            if "Connection refused" in str(error) or "NewConnectionError" in str(error):
                raise MessageDelayed("Twilio could not be reached.") from error
            raise DeliveryUnknown("The connection to Twilio broke while a text message was handed over.") from error
        return str(sent.sid)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._client.http_client.session.close()


def _translated(error: TwilioRestException) -> MessageRefused | MessageDelayed | DeliveryUnknown:
    if error.status == _TOO_MANY:
        return MessageDelayed("Twilio asks for fewer text messages (429).")
    if error.status >= _SERVER_FAULT:
        return DeliveryUnknown(f"Twilio had a fault of its own ({error.status}).")
    if error.status in _LOGIN_FAULTS:
        return MessageDelayed("Twilio refuses the account's SID or token. See TWILIO_ACCOUNT_SID.")
    return MessageRefused(f"Twilio does not take this text message (error {error.code}).")
