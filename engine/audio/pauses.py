"""Where the candidate pauses and goes on, from the voice detector's frames; quicker to see a pause than the turn-taking
tracker, since a pause alone decides nothing yet."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from engine.clock import FRAME_MS

RELEASE_MS: Final = 100
"""So long without speech and a pause has begun."""
RELEASE_LAG_MS: Final = 100
ONSET_LAG_MS: Final = 40
"""How late the voice detector notices an end and a beginning (medians on recorded speech)."""
ONSET_FRAMES: Final = 3
ONSET_WINDOW_MS: Final = 120
"""Frames of speech, and the time within which they come, that end a pause: a click does not."""


@dataclass(frozen=True, slots=True)
class PauseBegan:
    ended_ms: int
    """Audio time at which speech ended, the detector's lag taken off."""


@dataclass(frozen=True, slots=True)
class WentOn:
    began_ms: int
    """Audio time at which speech began, again or for the first time."""


class PauseTracker:
    """The order is always WentOn, PauseBegan, WentOn ... Frames missing from the line count as silence."""

    def __init__(self) -> None:
        self._onsets: deque[int] = deque(maxlen=ONSET_FRAMES)
        self._last_speech_ms = 0
        self._began_ms = 0
        self.is_speaking = False

    def push(self, at_ms: int, is_speech: bool) -> PauseBegan | WentOn | None:
        """Take one 20 ms frame; at_ms is the audio time of its first sample and never goes back."""
        change = None
        silent_until_ms = at_ms if is_speech else at_ms + FRAME_MS
        if self.is_speaking and silent_until_ms - self._last_speech_ms >= RELEASE_MS:
            self.is_speaking = False
            change = PauseBegan(max(self._began_ms, self._last_speech_ms - RELEASE_LAG_MS))
        if not is_speech:
            return change
        if self.is_speaking:
            self._last_speech_ms = at_ms + FRAME_MS
            return None
        return self._knock(at_ms) or change

    def _knock(self, at_ms: int) -> WentOn | None:
        onsets = self._onsets
        onsets.append(at_ms)
        while onsets[0] <= at_ms - ONSET_WINDOW_MS:
            onsets.popleft()
        if len(onsets) < ONSET_FRAMES:
            return None
        self._began_ms = max(0, onsets[0] - ONSET_LAG_MS)
        self._last_speech_ms = at_ms + FRAME_MS
        self.is_speaking = True
        onsets.clear()
        return WentOn(self._began_ms)
