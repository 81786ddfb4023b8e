"""Twilio Media Streams messages as values, in both directions. No sockets: the caller moves the text.

Source: Twilio, "Media Streams - WebSocket Messages". Numbers arrive as strings; integers are accepted too.
"""

import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.clock import SAMPLE_RATE_HZ
from engine.errors import ProtocolError

_ENCODING: Final = "audio/x-mulaw"
_SID: Final = re.compile(r"[A-Za-z0-9]{2,64}")
_MOST_DIGITS: Final = 15
_DIGITS: Final = frozenset("0123456789*#ABCD")


class UnusableStart(ProtocolError):
    """The stream announced itself in a way that no call can go on from."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The socket speaks Media Streams; the first message of all."""

    protocol: str
    version: str


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """A call's audio begins: 8 kHz mu-law, one channel. Sids are letters and digits only."""

    stream_sid: str
    sequence: int
    call_sid: str
    account_sid: str
    custom_parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MediaReceived:
    """Audio of the caller.

    at_ms: stream time of its first sample, by Twilio's stamp. chunk: counts from 1.
    missing: samples that the line lost just before; `decode` leaves it 0, StreamProtocol fills it in.
    """

    mulaw: bytes
    at_ms: int
    chunk: int
    stream_sid: str
    sequence: int
    missing: int = 0


@dataclass(frozen=True, slots=True)
class DtmfReceived:
    """A key of the caller's phone was pressed."""

    digit: str
    stream_sid: str
    sequence: int


@dataclass(frozen=True, slots=True)
class MarkReceived:
    """Everything sent before this mark was played, or thrown away by a clear."""

    name: str
    stream_sid: str
    sequence: int


@dataclass(frozen=True, slots=True)
class StreamStopped:
    """The call, or its stream, is over."""

    call_sid: str
    stream_sid: str
    sequence: int


StreamEvent = Connected | StreamStarted | MediaReceived | DtmfReceived | MarkReceived | StreamStopped


def decode(text: str) -> StreamEvent | None:
    """The event that one message carries; None for a kind, or a track, that does not concern us.

    Raises ProtocolError naming what is wrong with the message, UnusableStart where that is its `start`.
    """
    try:
        message = orjson.loads(text)
    except (orjson.JSONDecodeError, TypeError) as error:
        raise ProtocolError("the message is not JSON text") from error
    if not isinstance(message, dict):
        raise ProtocolError("the message is not a JSON object")
    kind = message.get("event")
    if kind == "media":
        return _media(message)
    if not isinstance(kind, str):
        raise ProtocolError("the message has no event name")
    reader = _READERS.get(kind)
    return reader(message) if reader else None


def encode_media(stream_sid: str, mulaw: bytes) -> str:
    """Audio to be played after all audio sent before: mu-law, 8 kHz, any length, no file header.

    stream_sid: as decoded from `start`, which makes it safe to stand in JSON unquoted.
    """
    payload = binascii.b2a_base64(mulaw, newline=False).decode("ascii")
    return f'{{"event":"media","streamSid":"{stream_sid}","media":{{"payload":"{payload}"}}}}'


def encode_mark(stream_sid: str, name: str) -> str:
    """A mark that comes back when everything sent before it was played or cleared."""
    return f'{{"event":"mark","streamSid":"{stream_sid}","mark":{{"name":{orjson.dumps(name).decode()}}}}}'


def encode_clear(stream_sid: str) -> str:
    """Throw away all audio not yet played; every pending mark comes back at once."""
    return f'{{"event":"clear","streamSid":"{stream_sid}"}}'


def _media(message: dict[str, Any]) -> MediaReceived | None:
    media = _part(message, "media")
    if media.get("track", "inbound") not in ("inbound", "inbound_track"):
        return None
    payload = media.get("payload")
    if not isinstance(payload, str):
        raise ProtocolError("media holds no payload")
    try:
        mulaw = binascii.a2b_base64(payload, strict_mode=True)
    except ValueError as error:
        raise ProtocolError("the payload of media is not base64") from error
    return MediaReceived(
        mulaw,
        _number(media, "timestamp"),
        _number(media, "chunk"),
        _text(message, "streamSid"),
        _number(message, "sequenceNumber"),
    )


def _connected(message: dict[str, Any]) -> Connected:
    return Connected(_text(message, "protocol"), _text(message, "version"))


def _started(message: dict[str, Any]) -> StreamStarted:
    try:
        start = _part(message, "start")
        _check_format(_part(start, "mediaFormat"))
        stream_sid = _sid(message, "streamSid")
        if start.get("streamSid", stream_sid) != stream_sid:
            raise ProtocolError("start names two different streams")
        return StreamStarted(
            stream_sid=stream_sid,
            sequence=_number(message, "sequenceNumber"),
            call_sid=_sid(start, "callSid"),
            account_sid=_sid(start, "accountSid"),
            custom_parameters=_parameters(start.get("customParameters", {})),
        )
    except ProtocolError as error:
        raise UnusableStart(str(error)) from error


def _check_format(media_format: dict[str, Any]) -> None:
    encoding, channels = media_format.get("encoding"), _number(media_format, "channels")
    rate_hz = _number(media_format, "sampleRate")
    if (encoding, rate_hz, channels) != (_ENCODING, SAMPLE_RATE_HZ, 1):
        raise ProtocolError(f"the stream must be {_ENCODING}, {SAMPLE_RATE_HZ} Hz, one channel")


def _parameters(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ProtocolError("customParameters is not an object of strings")
    return value


def _dtmf(message: dict[str, Any]) -> DtmfReceived:
    digit = _text(_part(message, "dtmf"), "digit")
    if digit not in _DIGITS:
        raise ProtocolError("dtmf names no key of a telephone")
    return DtmfReceived(digit, _text(message, "streamSid"), _number(message, "sequenceNumber"))


def _mark(message: dict[str, Any]) -> MarkReceived:
    name = _text(_part(message, "mark"), "name")
    return MarkReceived(name, _text(message, "streamSid"), _number(message, "sequenceNumber"))


def _stopped(message: dict[str, Any]) -> StreamStopped:
    call_sid = _text(_part(message, "stop"), "callSid")
    return StreamStopped(call_sid, _text(message, "streamSid"), _number(message, "sequenceNumber"))


_READERS: Final[dict[str, Callable[[dict[str, Any]], StreamEvent]]] = {
    "connected": _connected,
    "start": _started,
    "dtmf": _dtmf,
    "mark": _mark,
    "stop": _stopped,
}


def _part(message: dict[str, Any], name: str) -> dict[str, Any]:
    part = message.get(name)
    if not isinstance(part, dict):
        raise ProtocolError(f"{name} is missing or not an object")
    return part


def _text(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise ProtocolError(f"{name} is missing or not a string")
    return value


def _sid(message: dict[str, Any], name: str) -> str:
    value = _text(message, name)
    if not _SID.fullmatch(value):
        raise ProtocolError(f"{name} is not made of letters and digits")
    return value


def _number(message: dict[str, Any], name: str) -> int:
    value = message.get(name)
    if isinstance(value, str) and len(value) <= _MOST_DIGITS and value.isascii() and value.isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**_MOST_DIGITS:
        return value
    raise ProtocolError(f"{name} is missing or not a whole number")
