"""How late frames are handled: the difference between when a frame was due on the line's clock and when it was read."""

from typing import Any

from engine.ports import MonotonicClock

MOST_LAG_MS = 200
"""Later frames all count as this late."""
SETTLING_S = 1.0
"""While a call is being set up its first frames wait in the socket; the line is measured from here on."""


class LagMeter:
    """Counts the lag of every frame of a call in whole milliseconds.

    The line gives no absolute time, so the promptest frame so far counts as in time. The figure holds the jitter of
    the network and of our own process.
    """

    __slots__ = ("_base_s", "_clock", "counts")

    def __init__(self, clock: MonotonicClock) -> None:
        self._clock = clock
        self._base_s = float("inf")
        self.counts = [0] * (MOST_LAG_MS + 1)

    def frame(self, line_s: float) -> float:
        """A frame that ends at `line_s` seconds of the line's clock is being handled; returns the present time."""
        now_s = self._clock()
        if line_s < SETTLING_S:
            return now_s
        offset_s = now_s - line_s
        if offset_s < self._base_s:
            self._base_s = offset_s
        lag_ms = int((offset_s - self._base_s) * 1000)
        self.counts[lag_ms if lag_ms < MOST_LAG_MS else MOST_LAG_MS] += 1
        return now_s

    def as_data(self) -> dict[str, Any]:
        """Median and 99th percentile, and the counts up to the last one that is not zero."""
        last = max((lag_ms for lag_ms, count in enumerate(self.counts) if count), default=0)
        return {
            "frame_lag_ms_p50": percentile_ms(self.counts, 0.50),
            "frame_lag_ms_p99": percentile_ms(self.counts, 0.99),
            "frame_lag_counts": self.counts[: last + 1],
        }


def percentile_ms(counts: list[int], share: float) -> int:
    """The lag in milliseconds that this share of the frames did not exceed; 0 when there were none."""
    wanted = share * sum(counts)
    seen = 0
    for lag_ms, count in enumerate(counts):
        seen += count
        if seen >= wanted:
            return lag_ms
    return 0
