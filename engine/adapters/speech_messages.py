"""Messages between the web process and its speech process: a JSON header and bytes, both with their length in front.

Works on any blocking stream socket; under gevent the socket module is the patched one.
"""

import json
import socket
import struct
from typing import Any, Final

from engine.errors import ProtocolError

_LENGTHS: Final = struct.Struct(">II")
_HEADER_LIMIT: Final = 1 << 20
_BODY_LIMIT: Final = 8 << 20
"""A thousand seconds of line audio: far more than any request holds."""

Header = dict[str, Any]


def send_message(connection: socket.socket, header: Header, body: bytes = b"") -> None:
    """Send one message whole. Raises OSError when the other side is gone."""
    encoded = json.dumps(header, separators=(",", ":")).encode()
    connection.sendall(_LENGTHS.pack(len(encoded), len(body)) + encoded + body)


def receive_message(connection: socket.socket) -> tuple[Header, bytes] | None:
    """The next message; None when the other side has closed, even in the middle of one.

    Raises ProtocolError for what is no message, OSError for a broken socket.
    """
    lengths = _receive_exactly(connection, _LENGTHS.size)
    if lengths is None:
        return None
    header_length, body_length = _LENGTHS.unpack(lengths)
    if header_length > _HEADER_LIMIT or body_length > _BODY_LIMIT:
        raise ProtocolError("a message between web and speech process is too long")
    content = _receive_exactly(connection, header_length + body_length)
    if content is None:
        return None
    try:
        header = json.loads(content[:header_length])
    except ValueError as error:
        raise ProtocolError("a message between web and speech process is malformed") from error
    if not isinstance(header, dict):
        raise ProtocolError("a message between web and speech process has no header")
    return header, content[header_length:]


def _receive_exactly(connection: socket.socket, length: int) -> bytes | None:
    received = bytearray()
    while len(received) < length:
        chunk = connection.recv(min(65536, length - len(received)))
        if not chunk:
            return None
        received += chunk
    return bytes(received)
