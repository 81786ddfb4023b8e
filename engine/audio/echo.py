"""Is what comes from the line our own voice on its way back? A speakerphone returns it, quieter, later and coloured.

Both sides lie on the same sample clock. The last stretch of the candidate's side is laid over what we played in the
second before: an echo fits at one delay, a person at none. Speech over the echo of ours fits badly too, so that a
candidate who breaks in is heard.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio import mulaw as codec
from engine.clock import FRAME_SAMPLES, ms_to_samples

WINDOW_SAMPLES: Final = ms_to_samples(256)
"""Of the candidate's side that is compared."""
LONGEST_DELAY_SAMPLES: Final = ms_to_samples(700)
"""Of an echo through two networks and a room."""
ALIKE: Final = 0.28
"""How well an echo fits, 0 to 1, over several looks; what two voices have in common moves from look to look."""
ALIKE_AGAIN: Final = 0.2
"""How well it fits, at a single look, at the delay at which an echo was found before."""
_LOOKS: Final = 0.6
"""How much of the looks before counts in the next."""
_FEWEST_LOOKS: Final = 2
_SAME_DELAY_SAMPLES: Final = 24
_EVERY_FRAMES: Final = 3
_KEPT_SAMPLES: Final = ms_to_samples(4_000)
_FFT: Final = 8192
_QUIET: Final = 200.0
"""Root mean square below which nothing of ours can be heard back."""

_Samples = NDArray[np.float32]


class EchoGuard:
    """Knows what was played and what came back. Positions are samples of the line's clock."""

    def __init__(self) -> None:
        self._played = bytearray()
        self._played_from = 0
        self._heard = bytearray()
        self._is_echo = False
        self._frames = 0
        self._looks = 0
        self._fits = np.zeros(LONGEST_DELAY_SAMPLES + 1)
        self._delay: int | None = None
        """Where in the stretch that is compared, once an echo was found: the nearer to its end, the shorter."""

    def write_agent(self, position: int, mulaw: bytes) -> None:
        """Audio of ours that will be heard from this position on."""
        end = self._played_from + len(self._played)
        if not self._played or position > end + _KEPT_SAMPLES:
            self._played_from, self._played = position, bytearray()
            end = position
        if position < end:
            del self._played[max(0, position - self._played_from) :]
        else:
            self._played += codec.silence(position - end)
        self._played += mulaw

    def drop_agent_after(self, position: int) -> None:
        """What was to play from here on is not heard."""
        del self._played[max(0, position - self._played_from) :]

    def is_echo(self, frame: bytes, position: int, *, is_speech: bool) -> bool:
        """Whether this 20 ms frame of the candidate's side, at this position, is our own voice."""
        self._heard += frame
        del self._heard[:-WINDOW_SAMPLES]
        end = position + FRAME_SAMPLES
        if not is_speech or not self._may_return(end):
            self._is_echo = False
            self._frames = self._looks = 0
            return False
        if self._frames % _EVERY_FRAMES == 0:
            self._is_echo = self._fits_ours(self._look(end))
        self._frames += 1
        return self._is_echo

    def _may_return(self, end: int) -> bool:
        """Whether anything of ours was on the line lately."""
        since = end - LONGEST_DELAY_SAMPLES
        self._forget(since - WINDOW_SAMPLES - FRAME_SAMPLES)
        return len(self._heard) == WINDOW_SAMPLES and self._played_from + len(self._played) > since

    def _forget(self, before: int) -> None:
        if before - self._played_from > _KEPT_SAMPLES:
            del self._played[: before - self._played_from]
            self._played_from = before

    def _fits_ours(self, fits: NDArray[np.float64]) -> bool:
        """From this look and those before it in the same stretch of sound."""
        if self._delay is not None:
            around = fits[max(0, self._delay - _SAME_DELAY_SAMPLES) : self._delay + _SAME_DELAY_SAMPLES]
            if float(around.max()) >= ALIKE_AGAIN:
                return True
        kept = _LOOKS if self._looks else 0.0
        self._fits = kept * self._fits + (1 - kept) * fits
        self._looks += 1
        delay = int(self._fits.argmax())
        if self._looks < _FEWEST_LOOKS or self._fits[delay] < ALIKE:
            return False
        self._delay = delay
        return True

    def _look(self, end: int) -> NDArray[np.float64]:
        """How well what was heard fits what was played, 0 to 1, at each place where that may have been."""
        begin = end - WINDOW_SAMPLES - LONGEST_DELAY_SAMPLES
        ours = _sharpened(self._stretch(begin, end))
        theirs = _sharpened(bytes(self._heard))
        energy = float(theirs @ theirs)
        if energy <= 0 or float(ours @ ours) <= WINDOW_SAMPLES * _QUIET:
            return np.zeros(LONGEST_DELAY_SAMPLES + 1)
        products = np.fft.irfft(np.fft.rfft(ours, _FFT) * np.conj(np.fft.rfft(theirs, _FFT)), _FFT)
        delays = LONGEST_DELAY_SAMPLES + 1
        sums = np.concatenate(([0.0], np.cumsum(np.square(ours, dtype=np.float64))))
        energies = sums[WINDOW_SAMPLES : WINDOW_SAMPLES + delays] - sums[:delays]
        floor = float(energies.max()) / 100
        return np.asarray(np.abs(products[:delays]) / np.sqrt(energy * np.maximum(energies, floor)))

    def _stretch(self, begin: int, end: int) -> bytes:
        """What was played between two positions, silence where nothing was."""
        first, last = begin - self._played_from, end - self._played_from
        inside = bytes(self._played[max(0, first) : max(0, last)])
        return codec.silence(min(max(0, -first), end - begin)) + inside.ljust(last - max(0, first), b"\xff")


def _sharpened(mulaw: bytes) -> _Samples:
    """Samples with their high tones raised: what two voices have in common lies in the low ones."""
    samples = np.frombuffer(codec.decode(mulaw), dtype="<i2").astype(np.float32)
    return np.asarray(np.append(samples[:1], samples[1:] - 0.95 * samples[:-1]), dtype=np.float32)
