"""The websocket framing against an independent implementation of RFC 6455, and against bytes that nobody meant."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from telephony.websocket_frames import (
    BINARY,
    CLOSE,
    PING,
    TEXT,
    BinaryCame,
    Broken,
    CloseCame,
    FrameReader,
    PingCame,
    encode,
    encode_close,
)

MOST_BYTES = 70_000

texts = st.one_of(
    st.text(max_size=300), st.integers(120, 70_000).map("x".__mul__).filter(lambda text: len(text) <= MOST_BYTES)
)


def from_client(opcode: Opcode, payload: bytes, *, is_final: bool = True) -> bytes:
    return Frame(opcode, payload, fin=is_final).serialize(mask=True)


def portions(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


@given(st.lists(texts, max_size=6), st.lists(st.integers(0, 4000), max_size=12))
def test_messages_come_out_as_they_went_in_whatever_the_portions(messages, cuts):
    wire = b"".join(from_client(Opcode.TEXT, text.encode()) for text in messages)
    reader = FrameReader(MOST_BYTES)
    assert [came for portion in portions(wire, cuts) for came in reader.feed(portion)] == messages


@given(st.text(max_size=80), st.lists(st.integers(0, 80), max_size=4), st.binary(max_size=125))
def test_fragments_are_joined_and_a_ping_may_come_between_them(text, cuts, ping):
    pieces = portions(text.encode(), cuts) or [b""]
    wire = b""
    for number, piece in enumerate(pieces):
        opcode = Opcode.TEXT if number == 0 else Opcode.CONT
        wire += from_client(opcode, piece, is_final=number == len(pieces) - 1)
        if number == 0:
            wire += from_client(Opcode.PING, ping)
    came = FrameReader(MOST_BYTES).feed(wire)
    assert sorted(came, key=str) == sorted([text, PingCame(ping)], key=str)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
def test_no_bytes_whatever_raise_and_portions_change_nothing(data, cuts):
    whole = FrameReader(200).feed(data)
    reader = FrameReader(200)
    assert [came for portion in portions(data, cuts) for came in reader.feed(portion)] == whole


@given(st.binary(max_size=70_000), st.sampled_from([TEXT, BINARY]))
def test_what_we_send_is_read_by_another_implementation(payload, opcode):
    frame = read_by_websockets(encode(opcode, payload))
    assert (frame.opcode, frame.data, frame.fin) == (opcode, payload, True)


def read_by_websockets(wire: bytes) -> Frame:
    taken = bytearray(wire)

    def read_exact(count: int):
        piece = bytes(taken[:count])
        del taken[:count]
        return piece
        yield

    parsing = Frame.parse(read_exact, mask=False)
    with pytest.raises(StopIteration) as end:
        next(parsing)
    assert not taken
    return end.value.value


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (from_client(Opcode.CLOSE, b"\x03\xe8bye"), CloseCame(1000)),
        (from_client(Opcode.CLOSE, b""), CloseCame(1005)),
        (from_client(Opcode.CLOSE, b"\x03"), Broken(1002, "half a close code")),
        (from_client(Opcode.BINARY, b"\x00"), BinaryCame()),
        (from_client(Opcode.TEXT, b"\xff\xfe"), Broken(1007, "a text message that is not UTF-8")),
        (from_client(Opcode.CONT, b"x"), Broken(1002, "a frame out of place")),
        (b"\x81\x01x", Broken(1002, "a client's frame must be masked")),
        (b"\xc1\x81abcdx", Broken(1002, "reserved bits are set")),
        (b"\x8b\x80abcd", Broken(1002, "an impossible control frame")),
        (b"\x09\x80abcd", Broken(1002, "an impossible control frame")),
        (b"\x81\xff" + b"\x7f" * 8, Broken(1009, f"a message of more than {MOST_BYTES} bytes")),
    ],
    ids=lambda value: repr(value) if not isinstance(value, bytes) else "",  # a client's masks are random
)
def test_each_kind_of_frame_and_fault_is_told(wire, expected):
    reader = FrameReader(MOST_BYTES)
    assert reader.feed(wire) == [expected]
    if isinstance(expected, Broken | CloseCame):
        assert reader.feed(from_client(Opcode.TEXT, b"late")) == []


def test_fragments_together_may_not_be_larger_than_a_message():
    reader = FrameReader(100)
    assert reader.feed(from_client(Opcode.TEXT, b"x" * 60, is_final=False)) == []
    assert reader.feed(from_client(Opcode.CONT, b"x" * 60)) == [Broken(1009, "a message of more than 100 bytes")]


def test_a_long_reason_is_cut_between_characters():
    frame = encode_close(1011, "ü" * 100)
    assert len(frame) <= 127
    assert frame[4:].decode() == "ü" * 61
    assert encode_close(1005) == encode(CLOSE, b"")


def test_a_control_frame_has_its_limit():
    with pytest.raises(ValueError, match="at most 125"):
        encode(PING, b"x" * 126)
