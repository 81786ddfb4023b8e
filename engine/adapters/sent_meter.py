"""How much audio a call has sent to a recogniser, told in pieces while it goes on: the bill grows before the end."""

from collections.abc import Callable
from typing import Final

from engine.clock import SAMPLE_RATE_HZ, samples_to_ms

_TOLD_EVERY_SAMPLES: Final = 10 * SAMPLE_RATE_HZ

OnSent = Callable[[int, bool, bool], None]
"""Milliseconds more than were told before, whether they are the last, and whether the stream failed."""


class SentMeter:
    """The pieces add up to all that was sent, to the millisecond."""

    def __init__(self, on_sent: OnSent) -> None:
        self._on_sent = on_sent
        self._told_samples = 0

    def sent(self, samples: int) -> None:
        """So much has been sent in all."""
        if samples - self._told_samples >= _TOLD_EVERY_SAMPLES:
            self._tell(samples, is_last=False, has_failed=False)

    def ended(self, samples: int, *, has_failed: bool) -> None:
        """Nothing more will be sent; told once."""
        self._tell(samples, is_last=True, has_failed=has_failed)

    def _tell(self, samples: int, *, is_last: bool, has_failed: bool) -> None:
        more_ms = samples_to_ms(samples) - samples_to_ms(self._told_samples)
        self._told_samples = samples
        self._on_sent(more_ms, is_last, has_failed)
