"""Change of sample rate in a stream: 8, 16 and 24 kHz among one another, and 22.05, 44.1 and 48 kHz down to the line.

A polyphase low-pass FIR filter, Kaiser-windowed. The filter's delay is taken out, so the first sample out stands at the
time of the first sample in. Coefficients are whole numbers small enough for sums to stay exact in a double; therefore
the output does not depend, by a single bit, on how the input was cut into chunks.
"""

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_ZERO_CROSSINGS = 24
"""Half the filter's length, in samples of the lower rate: 3 ms of delay at 8 kHz."""
_CUTOFF = 0.4625
"""Middle of the transition, in parts of the lower rate: flat to 3.4 kHz and shut at 4 kHz on an 8 kHz line."""
_KAISER_BETA = 5.65
"""Gives 60 dB of stop-band attenuation."""
_COEFFICIENT_ONE = 1 << 20
"""16-bit samples times 20-bit coefficients, summed over a few hundred taps, stay below 2**53."""


class Resampler:
    """A stream of 16-bit little-endian mono samples from one rate to another.

    The whole output, flush included, has ceil(input samples * to_hz / from_hz) samples.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"sample rates must be positive, not {from_hz} and {to_hz}")
        common = gcd(from_hz, to_hz)
        self._up, self._down = to_hz // common, from_hz // common
        self._is_same = from_hz == to_hz
        self._filter, self._lead = _polyphase(self._up, self._down)
        self._reset()

    def _reset(self) -> None:
        """The state: samples still needed, the position of the first one, and counts of samples in and out."""
        taps = self._filter.shape[1]
        self._held: NDArray[np.float64] = np.zeros(taps - 1)
        self._held_from = 1 - taps
        self._taken = 0
        self._given = 0

    def push(self, pcm: bytes) -> bytes:
        """Take the next samples and return all output that they complete. Raises ValueError for half a sample."""
        if len(pcm) & 1:
            raise ValueError(f"{len(pcm)} bytes are no whole number of 16-bit samples")
        if self._is_same:
            return pcm
        samples = np.frombuffer(pcm, dtype="<i2")
        self._taken += len(samples)
        return self._advance(samples, self._ready(self._taken))

    def flush(self) -> bytes:
        """The rest of the output, as if silence followed; the resampler is as new afterwards."""
        if self._is_same:
            return b""
        total = -(-self._taken * self._up // self._down)
        tail = np.zeros(self._lead // self._up + self._filter.shape[1] + 1)
        rest = self._advance(tail, total)
        self._reset()
        return rest

    def _ready(self, taken: int) -> int:
        """How many output samples the first `taken` input samples determine."""
        return max(0, (taken * self._up - 1 - self._lead) // self._down + 1)

    def _advance(self, samples: NDArray[np.generic], until: int) -> bytes:
        held = np.concatenate((self._held, samples))
        output = self._filtered(held, until) if until > self._given else np.empty(0, dtype="<i2")
        self._given = max(self._given, until)
        taps = self._filter.shape[1]
        first_needed = (self._given * self._down + self._lead) // self._up - (taps - 1)
        spent = min(max(0, first_needed - self._held_from), len(held))
        self._held = held[spent:].copy()
        self._held_from += spent
        return output.tobytes()

    def _filtered(self, held: NDArray[np.float64], until: int) -> NDArray[np.int16]:
        taps = self._filter.shape[1]
        windows = sliding_window_view(held, taps)
        output = np.empty(until - self._given)
        # Every `up`-th output shares one phase of the filter, and its window moves on by `down` samples.
        for offset in range(min(self._up, len(output))):
            place = (self._given + offset) * self._down + self._lead
            first = place // self._up - (taps - 1) - self._held_from
            mine = output[offset :: self._up]
            mine[:] = windows[first :: self._down][: len(mine)] @ self._filter[place % self._up]
        scaled = np.floor(output / _COEFFICIENT_ONE + 0.5)
        return np.clip(scaled, -32768, 32767).astype("<i2")


@lru_cache(maxsize=32)
def _polyphase(up: int, down: int) -> tuple[NDArray[np.float64], int]:
    """The filter as a table of phases, each with its taps oldest sample first, and its delay in steps of `up`."""
    steps_per_low_sample = max(up, down)
    lead = _ZERO_CROSSINGS * steps_per_low_sample
    steps = np.arange(-lead, lead + 1)
    cutoff = 2 * _CUTOFF / steps_per_low_sample
    prototype = np.sinc(steps * cutoff) * np.kaiser(len(steps), _KAISER_BETA)
    taps = -(-len(prototype) // up)
    padded = np.zeros(taps * up)
    padded[: len(prototype)] = prototype
    phases = padded.reshape(taps, up).T[:, ::-1]
    # Each phase on its own must pass a constant unchanged, or a tone at the old rate would remain.
    phases = phases / phases.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(np.round(phases * _COEFFICIENT_ONE)), lead


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """A whole recording at another rate."""
    resampler = Resampler(from_hz, to_hz)
    return resampler.push(pcm) + resampler.flush()
