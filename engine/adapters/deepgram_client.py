"""Deepgram's SDK behind a few plain calls: the one module that imports it, and where its failures get their names.

The SDK offers sockets as context managers whose receiving end blocks without a time limit; who may wait how long is
decided in socket_recognition and voice_connection. Its messages become plain dicts here, since it builds them
unchecked and, for some types, with the wrong class.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from json import JSONDecodeError
from typing import Any, Final

import httpx
from deepgram import DeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from deepgram.listen.v1.socket_client import V1SocketClient
from deepgram.listen.v1.types import ListenV1Configure
from deepgram.listen.v2.socket_client import V2SocketClient
from deepgram.speak.v1.socket_client import V1SocketClient as AuraSocketClient
from deepgram.speak.v1.types import SpeakV1Text
from deepgram.speak.v2.socket_client import V2SocketClient as FluxVoiceSocketClient
from deepgram.speak.v2.types import SpeakV2Speak
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from engine.audio import mulaw
from engine.clock import SAMPLE_RATE_HZ
from engine.errors import RequestNotTaken, UpstreamBusy, UpstreamRefused, UpstreamUnavailable

SOCKET_URL: Final = "wss://api.deepgram.com"
_LINE: Final[dict[str, Any]] = {"encoding": "mulaw", "sample_rate": SAMPLE_RATE_HZ}
_FAILURES: Final = (ApiError, WebSocketException, OSError, JSONDecodeError)
_LONGEST_DETAIL: Final = 200
_KEEPING_SILENCE: Final = mulaw.silence(800)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Reading the list of authorities takes longer than all else that a client is made of."""
    return httpx.create_ssl_context()


class Deepgram:
    """One account at Deepgram. Built once, shared by all calls; thread-safe."""

    def __init__(self, api_key: str, *, socket_url: str = SOCKET_URL) -> None:
        rest_url = socket_url.replace("ws", "http", 1)  # asked for by the SDK; everything here goes over sockets
        self._http = httpx.Client(verify=_tls())
        environment = DeepgramClientEnvironment(
            base=rest_url, production=socket_url, agent=socket_url, agent_rest=rest_url
        )
        client = DeepgramClient(api_key=api_key, environment=environment, httpx_client=self._http)
        # The SDK loads its parts at first use, which takes over a second: not in the middle of a call.
        self._nova, self._flux = client.listen.v1, client.listen.v2
        self._aura, self._flux_voice = client.speak.v1, client.speak.v2

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
    def speak(self, options: Mapping[str, Any]) -> Iterator["AuraSocket"]:
        """A socket of the Aura voices, which sends bare mu-law audio. Otherwise as `listen`."""
        with _named_failures(), self._aura.connect(**_LINE, **options) as connection:
            yield AuraSocket(connection)

    @contextmanager
    def speak_in_turns(self, options: Mapping[str, Any]) -> Iterator["FluxVoiceSocket"]:
        """A socket of the Flux voices. Otherwise as `speak`."""
        with _named_failures(), self._flux_voice.connect(**_LINE, **options) as connection:
            yield FluxVoiceSocket(connection)

    def close(self) -> None:
        """Let go of what the SDK holds; sockets belong to whoever opened them. Safe to call twice."""
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


class AuraSocket:
    """An open socket of the Aura voices. Threads may share it; what breaks is raised as UpstreamUnavailable."""

    def __init__(self, connection: AuraSocketClient) -> None:
        self._connection = connection

    def speak(self, text: str) -> None:
        """Speak a text, and tell when all of it is sent."""
        with _named_failures():
            self._connection.send_text(SpeakV1Text(text=text))
            self._connection.send_flush()

    def stop(self) -> None:
        """Give up what is being spoken."""
        with _named_failures():
            self._connection.send_clear()

    def end(self) -> None:
        """Nothing more will be asked for."""
        self._connection.send_close()

    def receive(self) -> bytes | dict[str, Any] | None:
        """The next audio or message; None for a message that the SDK does not know."""
        with _named_failures():
            return _audio_or_message(self._connection.recv())


class FluxVoiceSocket:
    """An open socket of the Flux voices. As AuraSocket."""

    def __init__(self, connection: FluxVoiceSocketClient) -> None:
        self._connection = connection

    def speak(self, text: str) -> None:
        """Speak a text as one turn."""
        with _named_failures():
            self._connection.send_speak(SpeakV2Speak(text=text))
            self._connection.send_flush()

    def stop(self) -> None:
        """Give up what is being spoken. How much of it was heard is known from the line's marks, not from here."""
        with _named_failures():
            self._connection.send_interrupt()

    def end(self) -> None:
        """Nothing more will be asked for."""
        self._connection.send_close()

    def receive(self) -> bytes | dict[str, Any] | None:
        """As AuraSocket.receive."""
        with _named_failures():
            return _audio_or_message(self._connection.recv())


def _audio_or_message(received: object) -> bytes | dict[str, Any] | None:
    return received if isinstance(received, bytes) else _plain_message(received)


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
            return _refusal(error.status_code or 0, "", (error.headers or {}).get("retry-after"))
        case ConnectionClosed():
            reason = f"{error.rcvd.code} {error.rcvd.reason}".strip() if error.rcvd else "without a word"
            return UpstreamUnavailable(f"Deepgram closed the connection: {reason[:_LONGEST_DETAIL]}.")
        case TimeoutError():
            return UpstreamUnavailable("Deepgram did not answer in time.")
        case ConnectionRefusedError() | socket.gaierror():
            return UpstreamUnavailable("Deepgram cannot be reached: check the network and DEEPGRAM_SOCKET_URL.")
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
