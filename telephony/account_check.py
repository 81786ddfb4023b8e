"""Whether Twilio takes the account's SID and token: asked once, beside the start of the process that needs them."""

from collections.abc import Iterator
from functools import partial

from engine.adapters.key_checks import KeyCheck
from engine.config import Settings
from engine.errors import UpstreamRefused, UpstreamUnavailable
from telephony.twilio_rest import TwilioFailure, ask, close_client, make_client

_REFUSED = (401, 403)


def twilio_checks(settings: Settings) -> Iterator[KeyCheck]:
    """The question that makes sense with these settings: none where nothing goes out over Twilio."""
    if "twilio" in (settings.calls.provider, settings.messages.sms):
        engines = ("telephone/twilio",)
        yield KeyCheck("TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID", engines, partial(_account_fault, settings))


def _account_fault(settings: Settings) -> str | None:
    client = make_client(settings)
    try:
        account = ask(lambda: client.api.v2010.accounts(settings.twilio_account_sid).fetch())
    except TwilioFailure as error:
        if error.status in _REFUSED:
            raise UpstreamRefused(str(error)) from error
        raise UpstreamUnavailable(str(error)) from error
    finally:
        close_client(client)
    if account.status != "active":
        return f"TWILIO_ACCOUNT_SID names an account that is {account.status}: see the Twilio console."
    return None
