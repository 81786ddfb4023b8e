"""Where speech begins and ends, as a call's tracker tells it from a detector's frames, against the labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from benchmarks.turn_data import LabelledTurn
from engine.audio.voice import Began, Ended, SpeechTracker
from engine.clock import FRAME_MS

SHORTEST_PAUSE_MS: Final = 300
"""A shorter silence need not be told: the tracker ends speech after 200 ms of it."""
_EARLY_MS: Final = 250
_LATE_ONSET_MS: Final = 400
_LATE_END_MS: Final = 700
"""How far from the truth a beginning and an end still count as found."""


@dataclass(slots=True)
class EdgeScore:
    """Beginnings and ends counted against the labels; lags in ms from the truth to the moment of telling."""

    stretches: int = 0
    onsets: int = 0
    onset_lag_ms: int = 0
    ends: int = 0
    end_lag_ms: int = 0
    spurious: int = 0

    def add(self, turn: LabelledTurn, opinions: Sequence[bool]) -> None:
        began, ended = told(opinions)
        stretches = spoken(turn)
        self.stretches += len(stretches)
        for start_ms, end_ms in stretches:
            onset = next((at for place, at in began if -_EARLY_MS <= place - start_ms <= _LATE_ONSET_MS), None)
            if onset is not None:
                self.onsets += 1
                self.onset_lag_ms += onset - start_ms
            end = next((at for place, at in reversed(ended) if -_EARLY_MS <= place - end_ms <= _LATE_END_MS), None)
            if end is not None:
                self.ends += 1
                self.end_lag_ms += end - end_ms
        self.spurious += sum(
            not any(start_ms - _EARLY_MS <= place <= end_ms for start_ms, end_ms in stretches) for place, _ in began
        )

    def as_data(self) -> dict[str, float]:
        return {
            "stretches": self.stretches,
            "onsets_missed": round(1 - self.onsets / max(1, self.stretches), 4),
            "onset_ms": round(self.onset_lag_ms / max(1, self.onsets)),
            "ends_missed": round(1 - self.ends / max(1, self.stretches), 4),
            "end_ms": round(self.end_lag_ms / max(1, self.ends)),
            "spurious": self.spurious,
        }


def told(opinions: Sequence[bool]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Beginnings and ends: the time that each is said to have been at, and when that was said."""
    tracker = SpeechTracker()
    began: list[tuple[int, int]] = []
    ended: list[tuple[int, int]] = []
    for index, is_speech in enumerate(opinions):
        now_ms = (index + 1) * FRAME_MS
        for change in tracker.push(is_speech, index * FRAME_MS):
            if isinstance(change, Began):
                began.append((change.began_ms, now_ms))
            elif isinstance(change, Ended):
                ended.append((change.ended_ms, now_ms))
    return began, ended


def spoken(turn: LabelledTurn) -> list[tuple[int, int]]:
    """The stretches of speech between the pauses that are long enough to be told."""
    pauses = [pause for pause in turn.pauses if pause[1] - pause[0] >= SHORTEST_PAUSE_MS]
    silences = [(0, turn.words[0][1]), *pauses, (turn.end_ms, turn.end_ms)]
    return [(before[1], after[0]) for before, after in pairwise(silences)]
