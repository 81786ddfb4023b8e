"""The codec against the G.711 formula, for every code and every sample there is."""

import struct

import pytest

from engine.audio import mulaw


def g711_decode(code: int) -> int:
    inverted = ~code & 0xFF
    magnitude = ((((inverted & 0x0F) << 3) + 0x84) << ((inverted >> 4) & 7)) - 0x84
    return -magnitude if inverted & 0x80 else magnitude


def g711_encode(sample: int) -> int:
    """On the 14 upper bits of the sample, as the recommendation's tables have it."""
    value = sample >> 2
    sign = 0x80 if value < 0 else 0
    magnitude = min(-value if value < 0 else value, 8158) + 33
    segment = magnitude.bit_length() - 6
    return ~(sign | segment << 4 | (magnitude >> (segment + 1)) & 0x0F) & 0xFF


def test_all_256_codes_decode_as_g711_says() -> None:
    decoded = struct.unpack("<256h", mulaw.decode(bytes(range(256))))
    assert list(decoded) == [g711_decode(code) for code in range(256)]


def test_all_65536_samples_encode_as_g711_says() -> None:
    samples = range(-32768, 32768)
    encoded = mulaw.encode(struct.pack("<65536h", *samples))
    assert list(encoded) == [g711_encode(sample) for sample in samples]


def test_a_decoded_code_encodes_to_itself_but_for_negative_zero() -> None:
    codes = bytes(range(256))
    changed = [code for code, again in zip(codes, mulaw.encode(mulaw.decode(codes)), strict=True) if code != again]
    assert changed == [0x7F]


def test_silence_is_what_a_zero_sample_encodes_to() -> None:
    assert mulaw.encode(b"\0\0") == bytes([mulaw.SILENCE]) == mulaw.silence(1)
    assert mulaw.decode(mulaw.silence(160)) == b"\0" * 320


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="no whole number"):
        mulaw.encode(b"\0\0\0")
