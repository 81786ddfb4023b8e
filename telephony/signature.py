"""Proof that a request comes from Twilio: X-Twilio-Signature on webhooks and on the media socket's upgrade.

Source: Twilio, "Webhooks security", and the request validator of its Python library.
"""

from collections.abc import Mapping
from typing import Final, Protocol

# twilio ships no type information
from twilio.request_validator import RequestValidator, get_signature_algorithm  # type: ignore[import-untyped]

SIGNATURE_HEADER: Final = "X-Twilio-Signature"
SETTINGS_HEADER: Final = "X-Twilio-Webhooks-Signature-Settings"


class Headers(Protocol):
    """The headers of a request, whoever parsed them."""

    def get(self, name: str, default: str, /) -> str:
        """The header's value, or the default where it is missing."""


def sign(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """The signature that Twilio puts on a POST of these fields to this address; no fields for a websocket upgrade."""
    return str(RequestValidator(auth_token).compute_signature(url, dict(form)))


def public_url(public_base_url: str, full_path: str) -> str:
    """The address as Twilio called it, whatever proxy stands between.

    full_path: path and query as Flask's `request.full_path` has them, with its lone question mark where there is no
    query.
    """
    return public_base_url + full_path.removesuffix("?")


def is_signed(auth_token: str, url: str, form: Mapping[str, str], headers: Headers) -> bool:
    """Whether Twilio signed this request.

    form: the POST fields; a MultiDict keeps fields that came more than once. headers: as Flask has them.
    """
    algorithm = get_signature_algorithm(headers.get(SETTINGS_HEADER, ""))
    signature = headers.get(SIGNATURE_HEADER, "")
    return bool(RequestValidator(auth_token).validate(url, form, signature, algorithm))


def is_signed_upgrade(auth_token: str, media_url: str, headers: Headers) -> bool:
    """Whether Twilio signed the upgrade to this websocket address (ws or wss, as the TwiML gave it).

    Some deployments sign the address with a slash at its end, others without: either counts.
    """
    bare = media_url.rstrip("/")
    return any(is_signed(auth_token, url, {}, headers) for url in (bare, bare + "/"))
