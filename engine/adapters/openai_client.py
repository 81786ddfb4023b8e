"""The one place that knows OpenAI's package: the client, its errors in our words, and a way to cut a connection."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, Protocol

import httpx2
import openai

from engine.errors import RequestNotTaken, UpstreamBusy, UpstreamRefused, UpstreamUnavailable

Client = openai.OpenAI
Timeout = httpx2.Timeout

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"
CONNECT_S: Final = 2.0
_IDLE_CONNECTIONS: Final = 20
_IDLE_S: Final = 30.0
"""How long an unused connection is kept: from one reply in a call to the next, no time goes into a new one."""
_PERMANENT: Final = frozenset(
    {"insufficient_quota", "model_not_found", "invalid_api_key", "billing_hard_limit_reached"}
)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Reading the list of authorities takes longer than all else that a client is made of."""
    return httpx2.create_ssl_context()


def build_client(api_key: str, *, base_url: str = DEFAULT_BASE_URL, max_retries: int = 0) -> Client:
    """A client for OpenAI or any server that speaks its protocol; threads may share it. Build it after a fork.

    The address is always given, so that no variable of the environment turns calls elsewhere. Each request sets its
    own time limit; no retry happens unless asked for, since a caller on the line cannot wait for it.
    """
    client = openai.OpenAI(
        api_key=api_key or "none",  # a local server asks for none, and the package insists on one
        base_url=base_url,
        max_retries=max_retries,
        timeout=Timeout(10.0, connect=CONNECT_S),
        http_client=openai.DefaultHttpxClient(
            verify=_tls(),
            limits=httpx2.Limits(
                max_connections=200, max_keepalive_connections=_IDLE_CONNECTIONS, keepalive_expiry=_IDLE_S
            ),
        ),
    )
    # The package loads its parts at first use, which takes a third of a second: not in the middle of a call.
    _ = client.responses, client.audio
    return client


def request_timeout(whole_s: float) -> Timeout:
    """Limits of a request that may take so long: on the connection, and on each wait for more bytes."""
    return Timeout(whole_s, connect=min(CONNECT_S, whole_s))


@contextmanager
def our_errors(provider: str, model: str) -> Iterator[None]:
    """Errors of the package and of the wire leave this block as ours. Replies and keys are never quoted in them."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _of_status(error, provider, model) from error
    except openai.APITimeoutError as error:
        raise UpstreamUnavailable(f"{provider} did not answer in time.") from error
    except openai.APIConnectionError as error:
        raise UpstreamUnavailable(f"{provider} could not be reached, or broke the connection.") from error
    except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError) as error:
        raise UpstreamUnavailable(f"{provider} answered with a failure ({type(error).__name__}).") from error
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        # The package hands on whatever JSON came, unchecked; a server that sends another form ends up here.
        raise UpstreamUnavailable(f"{provider} sent a reply of an unknown form ({type(error).__name__}).") from error


def _of_status(error: openai.APIStatusError, provider: str, model: str) -> UpstreamUnavailable:
    place = f"HTTP {error.status_code}, request {error.request_id or 'without id'}"
    if error.code in _PERMANENT or error.status_code in (401, 403, 404):
        return UpstreamRefused(f"{provider} refused: {_reason(error, model)} ({place}).")
    if error.status_code == 429:
        return UpstreamBusy(f"{provider} takes no more requests just now ({place}).", retry_after_s=_retry_after(error))
    if error.status_code < 500 and error.status_code not in (408, 409):
        return RequestNotTaken(f"{provider} does not accept such a request ({place}, {error.code or 'no code'}).")
    return UpstreamUnavailable(f"{provider} failed ({place}).")


def _reason(error: openai.APIStatusError, model: str) -> str:
    if error.code == "insufficient_quota" or error.code == "billing_hard_limit_reached":
        return "the account's quota is used up"
    if error.status_code == 401 or error.code == "invalid_api_key":
        return "the key is not valid"
    if error.code == "model_not_found":
        return f"it does not know the model {model!r}, or this account may not use it"
    return "the key lacks the permission" if error.status_code == 403 else "there is nothing at this address"


def _retry_after(error: openai.APIStatusError) -> float | None:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None


class HasWire(Protocol):
    """A reply of the package that can tell which connection it is read from."""

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What the HTTP layer knows about the reply."""


def cut(reply: HasWire) -> None:
    """End a reply that another thread may be reading: that thread's read returns at once, with an error."""
    stream = reply.extensions.get("network_stream")
    wire = stream.get_extra_info("socket") if stream is not None else None
    if wire is not None:
        try:
            wire.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already, which is what was wanted


def models_offered(client: Client, provider: str = "OpenAI") -> dict[str, str | None]:
    """The models that this key may use, each with the day it shuts down (ISO date) where one is announced.

    Empty where a server lists none. Raises UpstreamRefused for a key that is not valid, and UpstreamUnavailable.
    """
    with our_errors(provider, ""):
        try:
            listed = client.with_options(timeout=request_timeout(10.0)).models.list()
        except openai.NotFoundError:
            return {}
        return {str(model.id): model.shutdown_date for model in listed.data}
