import json
import socket
import struct

import pytest

from engine.adapters.speech_messages import receive_message, send_message
from engine.errors import ProtocolError


def test_messages_arrive_whole_in_order_with_their_bytes() -> None:
    left, right = socket.socketpair()
    with left, right:
        send_message(left, {"kind": "audio", "id": 1}, b"\x00\xff" * 5000)
        send_message(left, {"kind": "spoken", "id": 1})
        assert receive_message(right) == ({"kind": "audio", "id": 1}, b"\x00\xff" * 5000)
        assert receive_message(right) == ({"kind": "spoken", "id": 1}, b"")


@pytest.mark.parametrize("length", [0, 3, 8, 12])
def test_a_connection_that_closes_within_a_message_ends_the_stream(length: int) -> None:
    left, right = socket.socketpair()
    header = json.dumps({"id": 1}).encode()
    with right:
        with left:
            left.sendall((struct.pack(">II", len(header), 100) + header)[:length])
        assert receive_message(right) is None


@pytest.mark.parametrize(
    "content",
    [
        struct.pack(">II", 1 << 30, 0),
        struct.pack(">II", 0, 1 << 30),
        struct.pack(">II", 2, 0) + b"{]",
        struct.pack(">II", 2, 0) + b"[]",
    ],
)
def test_what_is_no_message_is_refused(content: bytes) -> None:
    left, right = socket.socketpair()
    with left, right:
        left.sendall(content)
        with pytest.raises(ProtocolError):
            receive_message(right)
