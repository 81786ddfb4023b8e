"""What quick readings make of the stretches of speech that have no final text yet. Values in, values out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    text: str
    covers_ms: int
    """Audio time up to which it was read."""


class WordsSoFar:
    """One call's. A stretch is named by the audio time at which it began."""

    def __init__(self) -> None:
        self._readings: dict[int, Reading] = {}
        self._settled_until_ms = -1

    def read(self, began_ms: int, reading: Reading) -> bool:
        """Take a reading; false when it comes too late, or says less than what is known."""
        before = self._readings.get(began_ms)
        if began_ms <= self._settled_until_ms or (before is not None and before.covers_ms >= reading.covers_ms):
            return False
        self._readings[began_ms] = reading
        return True

    def settle(self, began_ms: int) -> None:
        """The stretch has its final text, and so do those before it."""
        self._settled_until_ms = max(self._settled_until_ms, began_ms)
        self._readings = {began: each for began, each in self._readings.items() if began > self._settled_until_ms}

    def forget(self, began_ms: int) -> None:
        """The stretch was no speech."""
        self._readings.pop(began_ms, None)

    @property
    def all(self) -> Reading:
        """The readings of all stretches that are open, one after the other."""
        readings = [self._readings[began] for began in sorted(self._readings)]
        return Reading(
            " ".join(each.text for each in readings if each.text), max((each.covers_ms for each in readings), default=0)
        )
