"""The server's side of RFC 6455 after the handshake: bytes in, messages out, and frames to send. No sockets.

Only what one Media Streams peer needs: no extensions, text in both directions. The general libraries spend three
times as long on a frame as everything else that a call does with it (docs/decisions/0005-media-path.md).
"""

from dataclasses import dataclass
from typing import Final

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

PROTOCOL_ERROR: Final = 1002
NO_STATUS: Final = 1005
NOT_UTF8: Final = 1007
TOO_BIG: Final = 1009

_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
_LONGEST_CONTROL: Final = 125
_LONGEST_REASON_BYTES: Final = 123


@dataclass(frozen=True, slots=True)
class BinaryCame:
    """A whole binary message; what was in it is not kept."""


@dataclass(frozen=True, slots=True)
class PingCame:
    """Answer with a pong of the same payload."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class CloseCame:
    """The peer closes; 1005 when it gave no code. Answer with a close of the same code."""

    code: int


@dataclass(frozen=True, slots=True)
class Broken:
    """The peer broke the protocol: close with this code. Nothing that follows is read."""

    code: int
    reason: str


Came = str | BinaryCame | PingCame | CloseCame | Broken
"""A str is a whole text message."""


def encode(opcode: int, payload: bytes) -> bytes:
    """One unmasked, unfragmented frame. Raises ValueError for a control frame of more than 125 bytes."""
    length = len(payload)
    if opcode >= CLOSE and length > _LONGEST_CONTROL:
        raise ValueError(f"a control frame carries at most {_LONGEST_CONTROL} bytes, not {length}")
    head = _FINAL | opcode
    if length < 126:
        return bytes((head, length)) + payload
    if length < 1 << 16:
        return bytes((head, 126)) + length.to_bytes(2, "big") + payload
    return bytes((head, 127)) + length.to_bytes(8, "big") + payload


def encode_close(code: int, reason: str = "") -> bytes:
    """A close frame. A code that may not be sent (1005) leaves the payload empty; a long reason is cut."""
    if code == NO_STATUS:
        return encode(CLOSE, b"")
    cut = reason.encode()[:_LONGEST_REASON_BYTES].decode(errors="ignore").encode()
    return encode(CLOSE, code.to_bytes(2, "big") + cut)


class FrameReader:
    """Takes a client's bytes in any portions and gives the messages in them, in order.

    most_bytes: the largest message, over all its fragments; a larger one is refused before it is read.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._buffer = b""
        self._fragments: list[bytes] = []
        self._fragments_bytes = 0
        self._fragments_opcode = 0
        self._is_over = False

    def feed(self, data: bytes) -> list[Came]:
        """Everything that is complete with these bytes. After Broken or CloseCame nothing more comes."""
        if self._buffer:
            data = self._buffer + data
        came: list[Came] = []
        position = 0
        while not self._is_over and len(data) - position >= 2:
            first, second = data[position], data[position + 1]
            length, payload_at = second & 0x7F, position + 6
            if length == 126:
                length, payload_at = int.from_bytes(data[position + 2 : position + 4], "big"), position + 8
            elif length == 127:
                length, payload_at = int.from_bytes(data[position + 2 : position + 10], "big"), position + 14
            fault = self._fault(first, second, length)
            if fault is not None:
                self._end(came, fault)
                break
            end = payload_at + length
            if len(data) < end:
                break
            payload = _unmasked(data[payload_at:end], data[payload_at - 4 : payload_at]) if length else b""
            position = end
            self._take(first, payload, came)
        self._buffer = b"" if self._is_over else data[position:]
        return came

    def _fault(self, first: int, second: int, length: int) -> Broken | None:
        opcode = first & 0x0F
        if first & _RESERVED:
            return Broken(PROTOCOL_ERROR, "reserved bits are set")
        if not second & _MASKED:
            return Broken(PROTOCOL_ERROR, "a client's frame must be masked")
        if opcode >= CLOSE:
            if opcode > PONG or not first & _FINAL or length > _LONGEST_CONTROL:
                return Broken(PROTOCOL_ERROR, "an impossible control frame")
            return None
        if opcode > BINARY or (opcode == CONTINUATION) != bool(self._fragments_opcode):
            return Broken(PROTOCOL_ERROR, "a frame out of place")
        if length + self._fragments_bytes > self._most_bytes:
            return Broken(TOO_BIG, f"a message of more than {self._most_bytes} bytes")
        return None

    def _take(self, first: int, payload: bytes, came: list[Came]) -> None:
        if first == _FINAL | TEXT:
            self._text(payload, came)
        elif first & 0x0F >= CLOSE:
            self._control(first & 0x0F, payload, came)
        else:
            self._fragment(first, payload, came)

    def _text(self, payload: bytes, came: list[Came]) -> None:
        try:
            came.append(payload.decode())
        except UnicodeDecodeError:
            self._end(came, Broken(NOT_UTF8, "a text message that is not UTF-8"))

    def _fragment(self, first: int, payload: bytes, came: list[Came]) -> None:
        if first & 0x0F:
            self._fragments_opcode = first & 0x0F
        self._fragments.append(payload)
        self._fragments_bytes += len(payload)
        if not first & _FINAL:
            return
        whole, opcode = b"".join(self._fragments), self._fragments_opcode
        self._fragments, self._fragments_bytes, self._fragments_opcode = [], 0, 0
        if opcode == TEXT:
            self._text(whole, came)
        else:
            came.append(BinaryCame())

    def _control(self, opcode: int, payload: bytes, came: list[Came]) -> None:
        if opcode == PING:
            came.append(PingCame(payload))
        elif opcode == CLOSE:
            if len(payload) == 1:
                self._end(came, Broken(PROTOCOL_ERROR, "half a close code"))
            else:
                self._end(came, CloseCame(int.from_bytes(payload[:2], "big") if payload else NO_STATUS))

    def _end(self, came: list[Came], last: Broken | CloseCame) -> None:
        self._is_over = True
        came.append(last)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    """The payload XORed with the mask, all bytes at once as one large number."""
    length = len(payload)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(length, "little")
