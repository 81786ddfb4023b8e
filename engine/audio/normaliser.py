"""Quiet callers made as loud as others, for those who listen: the voice detector and the recogniser.

Recordings, the echo guard and the figures of the line hear what the line brought.
"""

from typing import Final

from engine.audio import mulaw as codec

NORMAL_DBFS: Final = -24.0
"""As loud as people are on the telephone."""
MOST_DB: Final = 24
"""Beyond this it is more noise than voice."""
_STEP_DB: Final = 6
_WORTH_DB: Final = 9.0
"""A voice nearer than this to what it should be stays as it is: a level that is changed all the time helps nobody."""


class LevelNormaliser:
    """The gain of one call. It changes only when it is told how loud the speech so far was: between two stretches."""

    def __init__(self) -> None:
        self.gain_db = 0

    def settle(self, loudness_dbfs: float | None) -> None:
        """Take the level of the latest speech as the line brought it; None while it is not known."""
        if loudness_dbfs is None:
            return
        wanted_db = NORMAL_DBFS - loudness_dbfs
        if abs(wanted_db - self.gain_db) >= _WORTH_DB:
            self.gain_db = _STEP_DB * round(min(MOST_DB, max(0.0, wanted_db)) / _STEP_DB)

    def louder(self, mulaw: bytes) -> bytes:
        """The audio as those who listen should have it. Peaks are rounded, never cut off."""
        return codec.louder(mulaw, float(self.gain_db))
