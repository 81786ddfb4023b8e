"""Is the candidate's turn over? Decided frame by frame on the audio clock, by exchangeable policies."""

from dataclasses import dataclass
from typing import Protocol

from engine.audio.levels import FULL_SCALE, rms
from engine.clock import FRAME_MS

WINDOW_MS = 100
"""Loudness is judged over stretches of this length."""


@dataclass(frozen=True, slots=True)
class EndOfTurn:
    ended_ms: int
    """When the candidate stopped speaking; the decision comes later by the silence that it needed."""


class EndpointPolicy(Protocol):
    """Hears everything the candidate does and says once, for each turn, that it is over."""

    def begin(self, at_ms: int) -> None:
        """The floor is the candidate's from this audio time on; what came before does not count."""

    def push(self, pcm: bytes, at_ms: int, is_speech: bool) -> EndOfTurn | None:
        """Take one 20 ms frame, its audio time and the voice detector's opinion of it."""

    def read(self, text: str, at_ms: int) -> None:
        """What the recogniser makes of the turn so far, known at this audio time."""


class FixedEndpoint:
    """A turn is over after a fixed time of silence.

    A stretch of 100 ms is silent when it is below the threshold or the voice detector finds no speech in it, so that
    steady noise does not hold a turn. The deadline counts from the end of the last speech; frames missing from the
    line count as silence. A turn in which nothing was said never ends here.
    """

    def __init__(self, silence_ms: int = 1500, threshold_dbfs: float = -50.0) -> None:
        """silence_ms: 100 or more. Raises ValueError otherwise."""
        if silence_ms < WINDOW_MS:
            raise ValueError(f"a turn cannot end after {silence_ms} ms of silence: {WINDOW_MS} ms is the least")
        self._silence_ms = silence_ms
        self._threshold_power = (FULL_SCALE * 10 ** (threshold_dbfs / 20)) ** 2
        self._speech_ended_ms: int | None = None
        self._start_window(0)

    def _start_window(self, at_ms: int) -> None:
        self._window_ends_ms = at_ms + WINDOW_MS
        self._power_sum = 0.0
        self._frames = 0
        self._window_speech_ended_ms: int | None = None

    def begin(self, at_ms: int) -> None:
        self._speech_ended_ms = None
        self._start_window(at_ms)

    def push(self, pcm: bytes, at_ms: int, is_speech: bool) -> EndOfTurn | None:
        if at_ms >= self._window_ends_ms:
            self._start_window(at_ms)
        self._power_sum += rms(pcm) ** 2
        self._frames += 1
        now_ms = at_ms + FRAME_MS
        if is_speech:
            self._window_speech_ended_ms = now_ms
        if now_ms >= self._window_ends_ms:
            self._close_window()
        return self._decided(now_ms)

    def read(self, text: str, at_ms: int) -> None:
        """Words do not move a fixed deadline."""

    def _close_window(self) -> None:
        is_loud = self._power_sum >= self._threshold_power * self._frames
        if is_loud and self._window_speech_ended_ms is not None:
            self._speech_ended_ms = self._window_speech_ended_ms
        self._start_window(self._window_ends_ms)

    def _decided(self, now_ms: int) -> EndOfTurn | None:
        ended_ms = self._speech_ended_ms
        # Speech in the window that is still open may yet count: its loudness is known within 100 ms.
        if ended_ms is None or self._window_speech_ended_ms is not None or now_ms - ended_ms < self._silence_ms:
            return None
        self._speech_ended_ms = None
        return EndOfTurn(ended_ms)
