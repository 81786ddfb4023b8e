"""The simulated account: signs requests as Twilio does and posts them to the server under test."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit

from telephony import signature
from telephony.simulator.twiml_reader import CarrierError

_TIMEOUT_S = 15.0
"""Twilio gives a webhook about as long."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the requests come from and where they go.

    url: where the server is reached. public_url: the address it believes to have, which is what gets signed.
    """

    account_sid: str
    auth_token: str
    url: str
    public_url: str

    def absolute(self, reference: str, base: str) -> str:
        """A link of a TwiML document, relative to the document's own address."""
        return urljoin(base, reference)

    def reachable(self, public: str) -> str:
        """The address under which the server answers for one of its public addresses, http or websocket."""
        for ours, theirs in ((self.url, self.public_url), (_websocket(self.url), _websocket(self.public_url))):
            if public.startswith(theirs):
                return ours + public.removeprefix(theirs)
        return public

    def post(self, public: str, form: Mapping[str, str]) -> str:
        """POST a form to a public address and return the body of the answer.

        Raises CarrierError when the server is away or answers with anything but 2xx.
        """
        address = urlsplit(self.reachable(public))
        maker = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = maker(address.netloc, timeout=_TIMEOUT_S)
        path = address.path + (f"?{address.query}" if address.query else "")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            signature.SIGNATURE_HEADER: signature.sign(self.auth_token, public, form),
        }
        try:
            connection.request("POST", path, urlencode(form), headers)
            response = connection.getresponse()
            body = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise CarrierError(f"{self.url} did not answer {address.path}: {error or type(error).__name__}") from error
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            raise CarrierError(f"{address.path} answered with status {response.status}{_hint(response.status)}")
        return body

    def upgrade_headers(self, public: str) -> dict[str, str]:
        """What Twilio adds to the request that opens a websocket."""
        return {signature.SIGNATURE_HEADER: signature.sign(self.auth_token, public, {})}


def _websocket(url: str) -> str:
    return "ws" + url.removeprefix("http")


def _hint(status: int) -> str:
    if status == http.client.FORBIDDEN:
        return ": the signature was not accepted. TWILIO_AUTH_TOKEN and PUBLIC_BASE_URL must be the server's own"
    return ""
