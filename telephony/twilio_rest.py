"""Twilio's REST API by its own library: the one place that knows it. What fails means one of three things.

Source: Twilio, "API responses" and "Error and warning dictionary"; requests' exceptions surface as they are.
"""

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeVar

import requests

# twilio ships no type information
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from engine.config import Settings

TIMEOUT_S: Final = 10.0
CONNECTIONS: Final = 16
"""Kept open to Twilio: as many requests may be under way at once."""
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_LOGIN_FAULTS: Final = (401, 403)
Made = TypeVar("Made")

_quiet_log = logging.getLogger("twilio.http_client")
_quiet_log.setLevel(logging.WARNING)  # the library writes addresses with telephone numbers in them to the log


class Meaning(StrEnum):
    """What a failure says about the thing that was asked for."""

    NEVER = "never"
    NOT_NOW = "not now"
    """Nothing was done."""
    UNKNOWN = "unknown"
    """It may have been done."""


class TwilioFailure(Exception):
    """A request failed: what that means, in words and with Twilio's code where it gave one."""

    def __init__(self, meaning: Meaning, words: str, code: int | None = None, status: int | None = None) -> None:
        self.meaning = meaning
        self.code = code
        self.status = status
        super().__init__(words)


def make_client(settings: Settings, timeout_s: float = TIMEOUT_S) -> Client:
    """A client of the account in the settings. It repeats nothing: a POST sent twice is a second call or text."""
    http = TwilioHttpClient(timeout=timeout_s, max_retries=0, logger=_quiet_log)
    for scheme in ("http://", "https://"):
        http.session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS, max_retries=0))
    client = Client(settings.twilio_account_sid, settings.twilio_auth_token, http_client=http)
    client.api.base_url = settings.messages.twilio_rest_url
    return client


def close_client(client: Client) -> None:
    """Close the connections that are kept."""
    client.http_client.session.close()


def ask(request: Callable[[], Made]) -> Made:
    """Carry out one request. Raises TwilioFailure."""
    try:
        return request()
    except TwilioRestException as error:
        raise _refusal(error) from error
    except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
        raise TwilioFailure(Meaning.NOT_NOW, "Twilio could not be reached.") from error
    except requests.RequestException as error:
        if "Connection refused" in str(error) or "NewConnectionError" in str(error):
            raise TwilioFailure(Meaning.NOT_NOW, "Twilio could not be reached.") from error
        raise TwilioFailure(Meaning.UNKNOWN, "The connection to Twilio broke in the middle of a request.") from error


def _refusal(error: TwilioRestException) -> TwilioFailure:
    code, status = error.code or None, error.status
    if status == _TOO_MANY:
        return TwilioFailure(Meaning.NOT_NOW, "Twilio asks for fewer requests (429).", code, status)
    if status >= _SERVER_FAULT:
        return TwilioFailure(Meaning.UNKNOWN, f"Twilio had a fault of its own ({status}).", code, status)
    if status in _LOGIN_FAULTS:
        words = "Twilio refuses the account's SID or token. See TWILIO_ACCOUNT_SID."
        return TwilioFailure(Meaning.NOT_NOW, words, code, status)
    return TwilioFailure(Meaning.NEVER, f"Twilio does not take this request (error {code}).", code, status)
