"""How loud a stretch of audio is. Samples are 16-bit little-endian mono; levels are dB below full scale (dBFS)."""

import audioop
from collections.abc import Sequence
from math import log10
from typing import Final

import numpy as np

QUIETEST_DBFS: Final = -100.0
"""Stands for digital silence, whose level has no number."""
FULL_SCALE: Final = 32768.0
_CLIPPED = 32000
"""mu-law's largest code decodes to 32124: from here on a sample has most likely been cut off."""


def rms(pcm: bytes) -> int:
    """Root mean square of the samples, 0 to 32768, rounded down; 0 for no samples."""
    return audioop.rms(pcm, 2)


def dbfs(root_mean_square: float) -> float:
    """The level of a root mean square; QUIETEST_DBFS at the least."""
    if root_mean_square <= 0:
        return QUIETEST_DBFS
    return max(QUIETEST_DBFS, 20 * log10(root_mean_square / FULL_SCALE))


def rms_dbfs(pcm: bytes) -> float:
    """The level of the samples. A full-scale sine lies at -3 dBFS, a full-scale square at 0."""
    return dbfs(audioop.rms(pcm, 2))


def clipping_share(pcm: bytes) -> float:
    """Share of samples, 0 to 1, that stand at the end of the scale."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.int32)
    return float(np.mean(np.abs(samples) >= _CLIPPED)) if len(samples) else 0.0


def flat_top_share(pcm: bytes) -> float:
    """Share of samples, 0 to 1, within a tenth of the largest magnitude. A wave that was cut off at whatever level, and
    made quieter since, has a flat top: speech has 0.01 at the median and 0.1 in one frame of 20 ms in a hundred.
    """
    magnitudes = np.abs(np.frombuffer(pcm, dtype="<i2").astype(np.int32))
    return float(np.mean(magnitudes * 10 >= magnitudes.max() * 9)) if len(magnitudes) else 0.0


def peaks(pcm: bytes, count: int) -> Sequence[float]:
    """The outline of a waveform: the largest magnitude, 0 to 1, in each of `count` stretches of equal length.

    Fewer samples than stretches give as many peaks as samples. Raises ValueError for a count below 1.
    """
    if count < 1:
        raise ValueError(f"a waveform needs at least one peak, not {count}")
    samples = np.abs(np.frombuffer(pcm, dtype="<i2").astype(np.int32))
    if not len(samples):
        return []
    edges = np.linspace(0, len(samples), min(count, len(samples)), endpoint=False).astype(np.int64)
    return [float(value) for value in np.minimum(1.0, np.maximum.reduceat(samples, edges) / FULL_SCALE)]
