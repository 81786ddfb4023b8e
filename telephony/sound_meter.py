"""How the caller sounded: loudness of the speech, noise between it, clipping. Shown in the report, never scored."""

import audioop
from typing import Any

from engine.audio.levels import dbfs
from engine.clock import FRAME_MS

_CLIPPED = 32_000
"""The largest code of mu-law decodes to 32124: a frame that reaches it was most likely cut off."""


class SoundMeter:
    """Sums up every frame of a call at a microsecond each."""

    __slots__ = ("_clipped", "_frames", "_noise_frames", "_noise_power", "_speech_frames", "_speech_power")

    def __init__(self) -> None:
        self._frames = 0
        self._clipped = 0
        self._speech_frames = 0
        self._speech_power = 0.0
        self._noise_frames = 0
        self._noise_power = 0.0

    def frame(self, pcm: bytes, is_speech: bool) -> None:
        """One 20 ms frame and the voice detector's opinion of it."""
        self._frames += 1
        root_mean_square = audioop.rms(pcm, 2)
        if is_speech:
            self._speech_frames += 1
            self._speech_power += root_mean_square * root_mean_square
            self._clipped += audioop.max(pcm, 2) >= _CLIPPED
        else:
            self._noise_frames += 1
            self._noise_power += root_mean_square * root_mean_square

    @property
    def speech_ms(self) -> int:
        """How much speech has been heard."""
        return self._speech_frames * FRAME_MS

    def as_data(self) -> dict[str, Any]:
        """Levels in dB below full scale, and the share of speech frames that were clipped."""
        data: dict[str, Any] = {}
        if self._speech_frames:
            data["loudness_dbfs"] = round(dbfs((self._speech_power / self._speech_frames) ** 0.5), 1)
            data["clipped_percent"] = round(100 * self._clipped / self._speech_frames, 1)
        if self._noise_frames:
            data["noise_dbfs"] = round(dbfs((self._noise_power / self._noise_frames) ** 0.5), 1)
        return data


def verdict(quality: dict[str, Any], duration_ms: int) -> str:
    """The line in one word: good, fair or poor, by its worst figure. Lost audio, noise and level all count."""
    lost_percent = 100 * quality.get("filled_ms", 0) / duration_ms if duration_ms else 0.0
    distance_db = quality.get("loudness_dbfs", -20.0) - quality.get("noise_dbfs", -90.0)
    marks = (
        _mark(lost_percent, 1.0, 5.0),
        _mark(quality.get("clipped_percent", 0.0), 2.0, 10.0),
        _mark(-distance_db, -25.0, -12.0),
        _mark(-quality.get("loudness_dbfs", -20.0), 38.0, 46.0),
    )
    return ("good", "fair", "poor")[max(marks)]


def _mark(value: float, fair_from: float, poor_from: float) -> int:
    return 2 if value >= poor_from else 1 if value >= fair_from else 0
