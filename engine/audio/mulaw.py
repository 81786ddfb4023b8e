"""G.711 mu-law, the line's own format: one byte a sample, 8 kHz.

The C implementation of `audioop` does the work. It left the standard library in Python 3.13, where the same module
comes from audioop-lts.
"""

import array
import audioop
import functools
from math import tanh
from typing import Final

SILENCE: Final = 0xFF
"""The code of a zero sample. Padding with 0x00 would be full-scale negative: a loud pop."""


def encode(pcm: bytes) -> bytes:
    """mu-law codes of 16-bit little-endian mono samples; half as many bytes.

    Only the upper 14 bits of a sample count, as G.711 lays down. Raises ValueError for half a sample.
    """
    if len(pcm) & 1:
        raise ValueError(f"{len(pcm)} bytes are no whole number of 16-bit samples")
    return audioop.lin2ulaw(pcm, 2)


def decode(mulaw: bytes) -> bytes:
    """16-bit little-endian mono samples of mu-law codes; twice as many bytes. Every byte is a valid code."""
    return audioop.ulaw2lin(mulaw, 2)


def silence(samples: int) -> bytes:
    """That many samples of mu-law silence."""
    return b"\xff" * samples


_LARGEST: Final = 32_124
"""The largest sample that mu-law can carry."""


def louder(mulaw: bytes, gain_db: float) -> bytes:
    """The same sound louder or quieter. Peaks that would be cut off are rounded instead."""
    return mulaw.translate(_louder_codes(gain_db)) if gain_db else mulaw


@functools.lru_cache(maxsize=16)
def _louder_codes(gain_db: float) -> bytes:
    factor = 10 ** (gain_db / 20)
    samples = array.array("h", decode(bytes(range(256))))
    loud = [factor * sample for sample in samples]
    if factor > 1:
        loud = [_LARGEST * tanh(sample / _LARGEST) for sample in loud]
    return encode(array.array("h", map(round, loud)).tobytes())
