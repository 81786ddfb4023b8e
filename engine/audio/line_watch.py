"""How the line is while the call goes on: what is new about it, and no more often than it truly changes."""

from dataclasses import dataclass, replace
from typing import Any, Final

from engine.audio.line_quality import LineFigures, LineState, Quality, Trouble, judged
from engine.audio.sound_meter import SoundMeter
from engine.clock import FRAME_MS

LOOK_EVERY_FRAMES: Final = 50
LEAST_ECHO_MS: Final = 400
FIRST_LOOK_SPEECH_MS: Final = 2_000
"""Whoever speaks without a pause is judged after so long."""
LEAST_SPEECH_OF_HOPELESS_MS: Final = 1_000
"""No line is given up for less than that."""
_LOOKS_TO_WORSEN: Final = 3
_LOOKS_TO_IMPROVE: Final = 15
"""Looks in a row that must agree before a change is believed."""
_ORDER: Final = (Quality.GOOD, Quality.FAIR, Quality.POOR)


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a look at the line brought to light."""

    state: LineState | None
    """The line as it is from now on; None: no change."""
    troubles: tuple[Trouble, ...]
    """What is wrong with it for the first time in the call."""
    hopeless: Trouble | None
    """Why nobody can be understood, when that is so for the first time in the call."""


class LineWatch:
    """Looks at the figures of a call once a second, and for the first time as soon as the candidate has spoken."""

    def __init__(self) -> None:
        self.sound = SoundMeter()
        self.state: LineState | None = None
        """The line as it is held to be; None until enough was heard."""
        self.echo_ms = 0
        self.troubles: list[Trouble] = []
        """In the order in which they were noticed."""
        self._frames = 0
        self._other: LineState | None = None
        """What the latest looks found instead, and how often in a row."""
        self._looks = 0
        self._was_hopeless = False
        self._seconds = dict.fromkeys(_ORDER, 0)

    def frame(self, pcm: bytes, *, is_speech: bool, is_echo: bool) -> Noticed | None:
        """One more frame of 20 ms; once a second, what is new."""
        self._frames += 1
        if is_echo:
            self.echo_ms += FRAME_MS
        else:
            self.sound.frame(pcm, is_speech)
        if self._frames % LOOK_EVERY_FRAMES:
            return None
        self.sound.second_over()
        if self.state is not None:
            self._seconds[self.state.quality] += 1
        is_due = self.state is not None or self.sound.speech_ms >= FIRST_LOOK_SPEECH_MS
        return self._look(is_due=is_due)

    def speech_over(self) -> Noticed | None:
        """The candidate pauses: the first time that this is so, the line is judged at once."""
        return self._look(is_due=True) if self.state is None else None

    def _look(self, *, is_due: bool) -> Noticed | None:
        state = self._change() if is_due else None
        found = [Trouble.ECHO] if self.echo_ms >= LEAST_ECHO_MS else []
        if state is not None and state.quality is Quality.POOR:
            found += state.reasons
        new = tuple(trouble for trouble in found if trouble not in self.troubles)
        self.troubles += new
        hopeless = state.reasons[0] if state is not None and state.is_hopeless and not self._was_hopeless else None
        self._was_hopeless = self._was_hopeless or hopeless is not None
        return Noticed(state, new, hopeless) if state is not None or new else None

    def _change(self) -> LineState | None:
        """The line as it is from now on, if that is another than before."""
        figures = self.sound.latest()
        if figures.loudness_dbfs is None:
            return None
        found = judged(figures)
        if self.sound.speech_ms < LEAST_SPEECH_OF_HOPELESS_MS:
            found = replace(found, is_hopeless=False)
        self._looks = self._looks + 1 if found == self._other else 1
        self._other = found
        if found == self.state or self._looks < self._looks_needed(found):
            return None
        self.state = found
        return found

    def _looks_needed(self, found: LineState) -> int:
        if self.state is None:
            return 1
        is_better = _ORDER.index(found.quality) < _ORDER.index(self.state.quality)
        return _LOOKS_TO_IMPROVE if is_better else _LOOKS_TO_WORSEN

    def measured(self, now_ms: int, *others: dict[str, Any]) -> dict[str, Any]:
        """The line in one word and in figures, for the report. others: what else was counted."""
        figures = self.sound.whole(now_ms)
        state = judged(figures)
        quality: dict[str, Any] = {"line": state.quality.value}
        if state.reasons:
            quality["because"] = ", ".join(reason.value for reason in state.reasons)
        quality |= _known(figures)
        quality |= {f"time_{name.value}_s": seconds for name, seconds in self._seconds.items() if seconds}
        if self.troubles:
            quality["troubles"] = ", ".join(trouble.value for trouble in self.troubles)
        if self.echo_ms:
            quality["echo_ms"] = self.echo_ms
        for other in others:
            quality |= other
        return quality


def _known(figures: LineFigures) -> dict[str, float]:
    values = {
        "loudness_dbfs": figures.loudness_dbfs,
        "clipped_percent": figures.clipped_percent,
        "distorted_percent": figures.distorted_percent,
        "noise_dbfs": figures.noise_dbfs,
        "lost_percent": figures.lost_percent or None,
    }
    return {name: value for name, value in values.items() if value is not None}
