"""What speech looks like to models of the Whisper family: 80 mel bands of its power, every 10 ms, on a log scale.

As in the Whisper paper (Radford et al. 2022, section 2.2) and its published code: 25 ms Hann windows at 16 kHz, the mel
scale of Slaney's Auditory Toolbox (linear to 1 kHz, logarithmic above) with triangles of equal area.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

RATE_HZ = 16_000
WINDOW = 400
HOP = 160
BANDS = 80
_LINEAR_TO_HZ = 1000.0
_MELS_AT_1_KHZ = 15.0
_HZ_PER_MEL = 200 / 3
_STEP = np.log(6.4) / 27
"""Of the logarithm of the frequency, for one mel above 1 kHz."""
_FLOOR = 1e-10
_RANGE = 8.0
"""Nothing counts as more than so many powers of ten below the loudest."""

Floats = NDArray[np.float32]


def log_mel(samples: Floats) -> Floats:
    """Bands by frames, (80, len(samples) // 160), about -1 to 1. samples: -1 to 1 at 16 kHz, at least one window."""
    padded = np.pad(samples.astype(np.float64), WINDOW // 2, mode="reflect")
    frames = sliding_window_view(padded, WINDOW)[::HOP][:-1]
    power = np.abs(np.fft.rfft(frames * _window(), axis=1)) ** 2
    levels = np.log10(np.maximum(_triangles() @ power.T, _FLOOR))
    levels = np.maximum(levels, levels.max() - _RANGE)
    scaled: Floats = ((levels + 4) / 4).astype(np.float32)
    return scaled


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float64]:
    return np.hanning(WINDOW + 1)[:-1]


@lru_cache(maxsize=1)
def _triangles() -> NDArray[np.float64]:
    """The weight of each frequency in each band, (80, 201)."""
    frequencies = np.linspace(0, RATE_HZ / 2, WINDOW // 2 + 1)
    corners = _to_hz(np.linspace(0, _to_mel(RATE_HZ / 2), BANDS + 2))
    widths = np.diff(corners)
    slopes = corners[:, None] - frequencies[None, :]
    rising = -slopes[:-2] / widths[:-1, None]
    falling = slopes[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return triangles * (2 / (corners[2:] - corners[:-2]))[:, None]


def _to_mel(hz: float) -> float:
    if hz < _LINEAR_TO_HZ:
        return hz / _HZ_PER_MEL
    return float(_MELS_AT_1_KHZ + np.log(hz / _LINEAR_TO_HZ) / _STEP)


def _to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _LINEAR_TO_HZ * np.exp(_STEP * (mels - _MELS_AT_1_KHZ))
    return np.where(mels < _MELS_AT_1_KHZ, mels * _HZ_PER_MEL, above)
