"""Where on the call's clock a recogniser's seconds lie. A stream counts the audio that it was sent, and nothing else:
it does not know when in the call its first sample was heard, nor of samples that were lost or put in."""

from bisect import bisect_left, bisect_right
from typing import Final

from engine.clock import SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms

_MOST_ANCHORS: Final = 512


class StreamClock:
    """The audio sent on one stream, and the call's time of each piece of it."""

    def __init__(self) -> None:
        self.sent = 0
        """Samples on the stream so far."""
        self._positions: list[int] = []
        self._times_ms: list[int] = []

    @property
    def now_ms(self) -> int:
        """The call's time at the end of what was sent."""
        return self.to_call_ms(self.sent / SAMPLE_RATE_HZ, is_end=True)

    def new_part(self, mulaw: bytes, at_ms: int) -> bytes:
        """What of a piece of audio lies after everything sent before: audio that comes twice is dropped."""
        overlap_ms = max(0, self.now_ms - at_ms) if self._positions else 0
        return mulaw[ms_to_samples(overlap_ms) :]

    def add(self, samples: int, ends_at_ms: int) -> None:
        """Samples went onto the stream; ends_at_ms: the call's time after the last of them."""
        starts_at_ms = ends_at_ms - samples_to_ms(samples)
        if not self._positions or abs(self.now_ms - starts_at_ms) > 1:
            self._positions.append(self.sent)
            self._times_ms.append(starts_at_ms)
            del self._positions[:-_MOST_ANCHORS], self._times_ms[:-_MOST_ANCHORS]
        self.sent += samples

    def to_call_ms(self, stream_s: float, *, is_end: bool = False) -> int:
        """The call's time of a place on the stream, given in the stream's own seconds.

        is_end: something ends there, so that a gap which follows is not part of it.
        """
        if not self._positions:
            return 0
        position = max(0, round(stream_s * SAMPLE_RATE_HZ))
        find = bisect_left if is_end else bisect_right
        index = max(0, find(self._positions, position) - 1)
        return self._times_ms[index] + samples_to_ms(max(0, position - self._positions[index]))
