"""What is wrong with a line while the call goes on: each trouble is named once, as soon as it can be judged."""

from typing import Any, Final

from engine.clock import FRAME_MS
from engine.dialogue.line_troubles import Trouble
from telephony.sound_meter import SoundMeter, verdict

LOOK_EVERY_FRAMES: Final = 50
LEAST_SPEECH_MS: Final = 3_000
LEAST_ECHO_MS: Final = 400
QUIET_DBFS: Final = -46.0
CLIPPED_PERCENT: Final = 10.0
NOISE_DISTANCE_DB: Final = 12.0


class LineWatch:
    """Looks at the figures of a call once a second."""

    def __init__(self, sound: SoundMeter) -> None:
        self._sound = sound
        self._frames = 0
        self.echo_ms = 0
        self.troubles: list[Trouble] = []
        """In the order in which they were noticed."""

    def frame(self, *, is_echo: bool) -> list[Trouble]:
        """One more frame of 20 ms; the troubles that are new."""
        self._frames += 1
        self.echo_ms += FRAME_MS if is_echo else 0
        if self._frames % LOOK_EVERY_FRAMES:
            return []
        new = [trouble for trouble in self._found() if trouble not in self.troubles]
        self.troubles += new
        return new

    def _found(self) -> list[Trouble]:
        found = [Trouble.ECHO] if self.echo_ms >= LEAST_ECHO_MS else []
        if self._sound.speech_ms < LEAST_SPEECH_MS:
            return found
        quality = self._sound.as_data()
        if quality["loudness_dbfs"] <= QUIET_DBFS:
            found.append(Trouble.QUIET)
        if quality["clipped_percent"] >= CLIPPED_PERCENT:
            found.append(Trouble.CLIPPING)
        distance_db = quality["loudness_dbfs"] - quality.get("noise_dbfs", -90.0)
        # A quiet voice is near any noise, and our own echo is no noise of theirs.
        if not {Trouble.QUIET, Trouble.ECHO} & {*found, *self.troubles} and distance_db <= NOISE_DISTANCE_DB:
            found.append(Trouble.NOISE)
        return found

    def measured(self, now_ms: int, *others: dict[str, Any]) -> dict[str, Any]:
        """The line in one word and in figures, for the report. others: what else was counted."""
        quality: dict[str, Any] = dict(self._sound.as_data())
        if self.troubles:
            quality["troubles"] = ", ".join(trouble.value for trouble in self.troubles)
        if self.echo_ms:
            quality["echo_ms"] = self.echo_ms
        for other in others:
            quality |= other
        return {"line": verdict(quality, now_ms), **quality}
