"""Deepgram's SDK behind a few plain calls: the one module that imports it, and where its failures get their names.

The SDK offers sockets as context managers whose receiving end blocks without a time limit; who may wait how long is
decided in socket_recognition. Its messages become plain dicts here, since it builds them unchecked and, for some
types, with the wrong class.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, Final

import httpx
from deepgram import DeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from deepgram.listen.v1.socket_client import V1SocketClient
from deepgram.listen.v1.types import ListenV1Configure
from deepgram.listen.v2.socket_client import V2SocketClient
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from engine.audio import mulaw
from engine.clock import SAMPLE_RATE_HZ
from engine.errors import RequestNotTaken, UpstreamBusy, UpstreamRefused, UpstreamUnavailable

REST_URL: Final = "https://api.deepgram.com"
SOCKET_URL: Final = "wss://api.deepgram.com"
_LINE: Final[dict[str, Any]] = {"encoding": "mulaw", "sample_rate": SAMPLE_RATE_HZ}
_FAILURES: Final = (ApiError, WebSocketException, OSError, httpx.HTTPError, httpx.StreamError, JSONDecodeError)
_LONGEST_DETAIL: Final = 200
_IDLE_S: Final = 30.0
"""How long an unused connection is kept: from one sentence of a call to the next, no time goes into a new one."""
_KEEPING_SILENCE: Final = mulaw.silence(800)


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Seconds that one step of a plain request may take."""

    connect_s: float = 2.0
    read_s: float = 5.0


class Deepgram:
    """One account at Deepgram. Built once, shared by all calls; thread-safe."""

    def __init__(
        self,
        api_key: str,
        *,
        rest_url: str = REST_URL,
        socket_url: str = SOCKET_URL,
        limits: RequestLimits | None = None,
    ) -> None:
        limits = limits or RequestLimits()
        self._thread = threading.local()
        self._http = httpx.Client(
            timeout=httpx.Timeout(limits.read_s, connect=limits.connect_s),
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=20, keepalive_expiry=_IDLE_S),
            event_hooks={"response": [self._answered]},
        )
        environment = DeepgramClientEnvironment(
            base=rest_url, production=socket_url, agent=socket_url, agent_rest=rest_url
        )
        client = DeepgramClient(api_key=api_key, environment=environment, httpx_client=self._http)
        # The SDK loads its parts at first use, which takes over a second: not in the middle of a call.
        self._nova, self._flux, self._aura = client.listen.v1, client.listen.v2, client.speak.v1.audio

    @contextmanager
    def listen(self, options: Mapping[str, Any]) -> Iterator["NovaSocket"]:
        """A recognition socket of the first kind (nova models). options: as the SDK names them, without the audio's.

        Raises UpstreamUnavailable, also from within when the connection breaks there.
        """
        with _named_failures(), self._nova.connect(**_LINE, channels=1, **options) as connection:
            yield NovaSocket(connection)

    @contextmanager
    def listen_for_turns(self, options: Mapping[str, Any]) -> Iterator["FluxSocket"]:
        """A recognition socket of the second kind (Flux models), which tells turns. Otherwise as `listen`."""
        with _named_failures(), self._flux.connect(**_LINE, **options) as connection:
            yield FluxSocket(connection)

    @contextmanager
    def speak(
        self, text: str, options: Mapping[str, Any], cut_with: Callable[[Callable[[], None]], None]
    ) -> Iterator[Iterator[bytes]]:
        """A text as bare mu-law audio, in chunks as they come. Leaving early ends the connection.

        cut_with: is given, once an answer begins, what ends the connection under whoever reads from it.
        Raises UpstreamUnavailable, also between chunks.
        """
        request = self._aura.with_raw_response.generate(text=text, **_LINE, container="none", **options)
        self._thread.cut_with = cut_with
        with _named_failures(), request as response:
            kind = response.headers.get("content-type", "")
            if not kind.startswith("audio/"):
                raise UpstreamUnavailable(f"Deepgram sent {kind[:40] or 'something unnamed'} instead of audio.")
            yield response.data

    def _answered(self, response: httpx.Response) -> None:
        """Called on the thread that made the request; the SDK does not let its user at the connection."""
        connection = response.extensions["network_stream"].get_extra_info("socket")
        self._thread.cut_with(lambda: _cut(connection))

    def close(self) -> None:
        """Give back the connections that are kept open between requests. Safe to call twice."""
        self._http.close()


class NovaSocket:
    """An open socket of the first kind. One thread may send while another receives."""

    def __init__(self, connection: V1SocketClient) -> None:
        self._connection = connection

    def send_audio(self, audio: bytes) -> None:
        """audio: mu-law, not empty; an empty message would end the stream."""
        self._connection.send_media(audio)

    def keep_alive(self) -> int:
        """Deepgram closes a connection on which nothing comes for 10 s. No audio is sent: 0 samples."""
        self._connection.send_keep_alive()
        return 0

    def finish(self) -> None:
        """Ask for the final of everything sent so far."""
        self._connection.send_finalize()

    def set_terms(self, terms: Sequence[str]) -> None:
        self._connection.send_configure(ListenV1Configure(keyterms=list(terms)))

    def end(self) -> None:
        """Nothing more will be sent."""
        self._connection.send_close_stream()

    def receive(self) -> dict[str, Any] | None:
        """The next message; None for one that the SDK does not know. Raises UpstreamUnavailable at the end."""
        with _named_failures():
            return _plain_message(self._connection.recv())


class FluxSocket:
    """An open socket of the second kind."""

    def __init__(self, connection: V2SocketClient) -> None:
        self._connection = connection

    def send_audio(self, audio: bytes) -> None:
        """audio: mu-law, not empty."""
        self._connection.send_media(audio)

    def keep_alive(self) -> int:
        """There is no message for it: some silence goes out, and its samples are returned."""
        self._connection.send_media(_KEEPING_SILENCE)
        return len(_KEEPING_SILENCE)

    def finish(self) -> None:
        """End the turn now."""
        self._connection.send_force_end_turn()

    def set_terms(self, terms: Sequence[str]) -> None:
        self._connection.send_configure({"type": "Configure", "keyterms": list(terms)})

    def end(self) -> None:
        """Nothing more will be sent."""
        self._connection.send_close_stream()

    def receive(self) -> dict[str, Any] | None:
        """As NovaSocket.receive."""
        with _named_failures():
            return _plain_message(self._connection.recv())


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already


def _plain_message(message: object) -> dict[str, Any] | None:
    plain = _plain(message)
    return plain if isinstance(plain, dict) else None


def _plain(value: Any) -> Any:
    """An SDK model as dicts and lists, whatever types it really holds."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if hasattr(value, "model_dump"):
        return {name: _plain(field) for name, field in value}
    return value


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        raise named(error) from error


def named(error: Exception) -> UpstreamUnavailable:
    """What went wrong, in words that tell a person what to do about it."""
    match error:
        case InvalidStatus():
            headers = error.response.headers
            return _refusal(error.response.status_code, headers.get("dg-error", ""), headers.get("retry-after"))
        case ApiError():
            return _refusal(error.status_code or 0, _detail(error.body), (error.headers or {}).get("retry-after"))
        case ConnectionClosed():
            reason = f"{error.rcvd.code} {error.rcvd.reason}".strip() if error.rcvd else "without a word"
            return UpstreamUnavailable(f"Deepgram closed the connection: {reason[:_LONGEST_DETAIL]}.")
        case httpx.TimeoutException() | TimeoutError():
            return UpstreamUnavailable("Deepgram did not answer in time.")
        case ConnectionRefusedError() | httpx.ConnectError():
            return UpstreamUnavailable("Deepgram cannot be reached: check the network and the Deepgram addresses.")
        case httpx.RemoteProtocolError():
            return UpstreamUnavailable("Deepgram broke off in the middle of its answer.")
        case JSONDecodeError():
            return UpstreamUnavailable("Deepgram sent something that is not JSON.")
    return UpstreamUnavailable(f"The connection to Deepgram failed ({type(error).__name__}).")


def _refusal(status: int, detail: str, retry_after: str | None) -> UpstreamUnavailable:
    said = f": {detail[:_LONGEST_DETAIL]}" if detail else ""
    match status:
        case 401 | 403:
            return UpstreamRefused(f"Deepgram refused the key ({status}): check DEEPGRAM_API_KEY.")
        case 402:
            return UpstreamRefused("Deepgram's account has no credit left (402): add some, or choose another engine.")
        case 429:
            seconds = float(retry_after) if retry_after and retry_after.isdecimal() else None
            return UpstreamBusy("Deepgram asks for fewer requests (429).", retry_after_s=seconds)
        case 400 | 413 | 422:
            return RequestNotTaken(f"Deepgram did not accept the request ({status}){said}.")
        case _ if 400 <= status < 500 and status != 408:
            return UpstreamRefused(f"Deepgram did not accept the request ({status}){said}.")
    return UpstreamUnavailable(f"Deepgram answered with a failure ({status or 'no status'}){said}.")


def _detail(body: object) -> str:
    if isinstance(body, dict):
        return str(body.get("err_msg") or body.get("message") or body.get("reason") or "")
    return ""
