"""How a caller sounds: loudness and distortion of the speech, noise between it, lost audio. Shown, never scored.

Summed up over the whole call and over its latest stretch: the one is for the report, the other tells how the line is
now.
"""

import audioop
from array import array
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low
from typing import Final

from engine.audio.levels import dbfs, flat_top_share
from engine.audio.line_quality import LineFigures
from engine.clock import FRAME_MS

_CLIPPED: Final = 32_000
"""The largest code of mu-law decodes to 32124: a frame that reaches it was most likely cut off."""
LEAST_SPEECH_MS: Final = 400
"""So much speech tells how loud somebody is."""
_LEAST_FOR_CLIPPING: Final = 50
"""Frames of speech; a single loud syllable is no trouble."""
_FLAT_TOP: Final = 0.15
"""A frame with so large a flat top was cut off: 2 in 1000 of clean speech, 1 in 4 of speech cut 12 dB below its
peak."""
_EVERY_FRAMES: Final = 10
"""Of speech; the look costs ten times what all else does."""
_AUDIBLE: Final = 60
_LEAST_LOOKS: Final = 20
_LEAST_NOISE_FRAMES: Final = 50
_BLOCK_FRAMES: Final = 50
_LATEST_BLOCKS: Final = 9
"""The latest ten seconds of speech, the block under way among them."""
_LATEST_NOISE_FRAMES: Final = 200
_LATEST_SECONDS: Final = 15
"""Of lost audio."""
_EDGE_FRAMES: Final = 5
"""So close to speech a frame may hold some of it: the voice detector hears beginnings and ends late."""
_FEWEST_OF_A_SECOND: Final = 10


@dataclass(slots=True)
class _Speech:
    """Sums over some frames of speech."""

    frames: int = 0
    power: float = 0.0
    clipped: int = 0
    looks: int = 0
    """Frames that were looked at for a flat top."""
    distorted: int = 0

    def add(self, other: "_Speech") -> None:
        self.frames += other.frames
        self.power += other.power
        self.clipped += other.clipped
        self.looks += other.looks
        self.distorted += other.distorted


class SoundMeter:
    """Takes every frame of a call, at one or two microseconds each."""

    __slots__ = (
        "_block", "_blocks", "_earlier", "_latest_noise", "_lost_ms", "_lost_seconds", "_near_speech", "_noise",
        "_quiet_run", "_since_second", "lost_ms",
    )  # fmt: skip

    def __init__(self) -> None:
        self._block = _Speech()
        """The speech since the last whole block."""
        self._blocks: deque[_Speech] = deque(maxlen=_LATEST_BLOCKS)
        self._earlier = _Speech()
        """All whole blocks together."""
        self._near_speech: deque[int] = deque(maxlen=_EDGE_FRAMES)
        self._quiet_run = 0
        self._latest_noise: deque[int] = deque(maxlen=_LATEST_NOISE_FRAMES)
        self._since_second = 0
        self._noise = array("H")
        """Root mean square of the noise, one for each second that had some."""
        self.lost_ms = 0
        """Audio that never came, in the whole call."""
        self._lost_ms = 0
        self._lost_seconds: deque[int] = deque(maxlen=_LATEST_SECONDS)

    def frame(self, pcm: bytes, is_speech: bool) -> None:
        """One 20 ms frame and the voice detector's opinion of it."""
        root_mean_square = audioop.rms(pcm, 2)
        if is_speech:
            self._quiet_run = 0
            self._speech(pcm, root_mean_square)
            return
        self._quiet_run += 1
        if self._quiet_run > 2 * _EDGE_FRAMES:
            self._latest_noise.append(self._near_speech[0])
            self._since_second += 1
        self._near_speech.append(root_mean_square)

    def _speech(self, pcm: bytes, root_mean_square: int) -> None:
        block = self._block
        block.frames += 1
        block.power += root_mean_square * root_mean_square
        block.clipped += audioop.max(pcm, 2) >= _CLIPPED
        if block.frames % _EVERY_FRAMES == 0 and root_mean_square >= _AUDIBLE:
            block.looks += 1
            block.distorted += flat_top_share(pcm) >= _FLAT_TOP
        if block.frames == _BLOCK_FRAMES:
            self._blocks.append(block)
            self._earlier.add(block)
            self._block = _Speech()

    def lost(self, duration_ms: int) -> None:
        """So much audio did not come; silence stands in for it."""
        self.lost_ms += duration_ms
        self._lost_ms += duration_ms

    def second_over(self) -> None:
        """To be called once for each second of frames."""
        if self._since_second >= _FEWEST_OF_A_SECOND:
            newest = list(self._latest_noise)[-self._since_second :]
            self._noise.append(min(0xFFFF, median_low(newest)))
        self._since_second = 0
        self._lost_seconds.append(self._lost_ms)
        self._lost_ms = 0

    @property
    def speech_ms(self) -> int:
        """How much speech has been heard."""
        return (self._earlier.frames + self._block.frames) * FRAME_MS

    def latest(self) -> LineFigures:
        """How the line is now: the latest ten seconds of speech, four of noise, fifteen of lost audio."""
        lost_ms = self._lost_ms + sum(self._lost_seconds)
        noise = self._latest_noise if len(self._latest_noise) >= _LEAST_NOISE_FRAMES else ()
        return _figures((*self._blocks, self._block), noise, lost_ms / (_LATEST_SECONDS * 10))

    def whole(self, duration_ms: int) -> LineFigures:
        """The call as a whole; how long it has lasted in ms."""
        lost_percent = 100 * self.lost_ms / duration_ms if duration_ms else 0.0
        return _figures((self._earlier, self._block), self._noise, lost_percent)


def _figures(stretches: Iterable[_Speech], noise: Iterable[int], lost_percent: float) -> LineFigures:
    speech = _Speech()
    for stretch in stretches:
        speech.add(stretch)
    frames, noise = speech.frames, list(noise)
    return LineFigures(
        loudness_dbfs=round(dbfs((speech.power / frames) ** 0.5), 1) if frames * FRAME_MS >= LEAST_SPEECH_MS else None,
        noise_dbfs=round(dbfs(median_low(noise)), 1) if noise else None,
        clipped_percent=round(100 * speech.clipped / frames, 1) if frames >= _LEAST_FOR_CLIPPING else None,
        distorted_percent=round(100 * speech.distorted / speech.looks, 1) if speech.looks >= _LEAST_LOOKS else None,
        lost_percent=round(lost_percent, 1),
    )
