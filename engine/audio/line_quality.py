"""How good a line is, and why: one judgement for the advice in the call, the live page and the report."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final


class Trouble(StrEnum):
    """What may be wrong with a line."""

    ONE_WAY = "one way"
    """Nothing was ever heard of the candidate."""
    QUIET = "too quiet"
    CLIPPING = "clipping"
    NOISE = "noise"
    LOSS = "lost audio"
    ECHO = "echo"
    """Our own voice comes back."""
    DEAD_LEG = "no frames"
    """The line sends nothing any more, not even silence."""


class Quality(StrEnum):
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class LineFigures:
    """What was measured of a stretch of a call; None where too little was heard to tell."""

    loudness_dbfs: float | None = None
    """Of the speech."""
    noise_dbfs: float | None = None
    """Between the speech."""
    clipped_percent: float | None = None
    """Of the frames of speech."""
    lost_percent: float = 0.0
    distorted_percent: float | None = None
    """Of the frames of speech: cut off at whatever level. Told and not judged: a pure tone looks like it."""


@dataclass(frozen=True, slots=True)
class LineState:
    quality: Quality = Quality.GOOD
    reasons: tuple[Trouble, ...] = ()
    """What keeps it from being better; empty for a good line."""
    is_hopeless: bool = False
    """Poor beyond what can be understood."""

    def as_data(self) -> dict[str, object]:
        """JSON-ready."""
        reasons = [reason.value for reason in self.reasons]
        return {"quality": self.quality.value, "reasons": reasons, "is_hopeless": self.is_hopeless}


_FROM: Final[dict[Trouble, tuple[float, float, float]]] = {
    Trouble.QUIET: (38.0, 46.0, 58.0),
    Trouble.CLIPPING: (2.0, 10.0, inf),
    Trouble.NOISE: (-25.0, -12.0, -4.0),
    Trouble.LOSS: (1.0, 5.0, 25.0),
}
"""From which value on each trouble makes a line fair, poor and hopeless, in the order in which they are named: dB that
the speech lies below full scale, % of frames, dB that it lies below the noise, % of the audio."""
_POOR: Final = 2
_HOPELESS: Final = 3


def judged(figures: LineFigures) -> LineState:
    """The line by its worst figure. What was not measured counts for nothing."""
    values: dict[Trouble, float | None] = {
        Trouble.CLIPPING: figures.clipped_percent,
        Trouble.LOSS: figures.lost_percent,
    }
    if figures.loudness_dbfs is not None:
        values[Trouble.QUIET] = -figures.loudness_dbfs
        if figures.noise_dbfs is not None:
            values[Trouble.NOISE] = figures.noise_dbfs - figures.loudness_dbfs
    steps = {trouble: _step(values.get(trouble), limits) for trouble, limits in _FROM.items()}
    is_hopeless = max(steps.values()) == _HOPELESS
    if steps[Trouble.QUIET] >= _POOR:
        steps[Trouble.NOISE] = 0  # a faint voice is near any noise: it is the voice that can be helped
    worst = min(_POOR, max(steps.values()))
    if not worst:
        return LineState()
    reasons = tuple(trouble for trouble, step in steps.items() if step >= worst)
    return LineState(Quality.POOR if worst == _POOR else Quality.FAIR, reasons, is_hopeless)


def _step(value: float | None, limits: tuple[float, float, float]) -> int:
    return 0 if value is None else sum(value >= limit for limit in limits)
