"""`make bench-voice DATA=folder`: does the gate before the voice network, or judging many calls at once, cost accuracy?

DATA is a folder as `make bench-turns` takes it. The same turns go through the detector as it is shipped, sixteen calls
at a time so that their windows are judged in one go, and through the network alone on every frame of one call after the
other. Truth are the labels: speech from the first word to the end of the turn, but for the pauses; frames within 100 ms
of an edge do not count, since labels and ears differ by as much. Conditions are told apart where the labels name them.

The last line is one JSON object. The exit status is 2, with a reason, when the benchmark cannot run.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.turn_data import CannotRun, LabelledTurn, read_turns
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio import mulaw
from engine.audio.voice import GatedDetector, VoiceSettings
from engine.clock import FRAME_MS, FRAME_SAMPLES
from engine.errors import VivavoceError

CALLS_AT_ONCE = 16
EDGE_MS = 100
LAG_MS = 40
"""A detector tells of the moment before; its windows are longer than a frame."""
_NEVER_CLOSED = VoiceSettings(margin_db=-1000.0)
"""Every frame is louder than the floor by that."""


class OpenGate:
    """A gate that takes everything for speech: the network hears every frame."""

    def is_speech(self, pcm: bytes) -> bool:
        return True


@dataclass(slots=True)
class Score:
    """Frames counted against the labels."""

    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    rests: int = 0

    def add(self, turn: LabelledTurn, opinions: Sequence[bool]) -> None:
        for at_ms, truth in _labelled(turn, len(opinions)):
            index = (at_ms + LAG_MS) // FRAME_MS
            if index >= len(opinions):
                return
            if truth:
                self.hits += opinions[index]
                self.misses += not opinions[index]
            else:
                self.false_alarms += opinions[index]
                self.rests += not opinions[index]

    def as_data(self) -> dict[str, float]:
        f1 = 2 * self.hits / max(1, 2 * self.hits + self.misses + self.false_alarms)
        return {
            "f1": round(f1, 4),
            "missed": round(self.misses / max(1, self.hits + self.misses), 4),
            "false_alarms": round(self.false_alarms / max(1, self.false_alarms + self.rests), 4),
        }


def _labelled(turn: LabelledTurn, frames: int) -> Iterable[tuple[int, bool]]:
    """Frames that the labels are sure of: audio time, and whether it is speech."""
    if not turn.words:
        return
    start_ms = turn.words[0][1]
    edges = [start_ms, turn.end_ms, *(edge for pause in turn.pauses for edge in pause)]
    for index in range(frames):
        at_ms = index * FRAME_MS
        if all(abs(at_ms + FRAME_MS // 2 - edge) > EDGE_MS for edge in edges):
            within = start_ms <= at_ms < turn.end_ms
            yield at_ms, within and not any(begin <= at_ms < end for begin, end in turn.pauses)


def _frames(turn: LabelledTurn) -> list[bytes]:
    pcm = mulaw.decode(mulaw.encode(turn.pcm()))
    size = 2 * FRAME_SAMPLES
    return [pcm[start : start + size] for start in range(0, len(pcm) - size + 1, size)]


def together(turns: Sequence[LabelledTurn]) -> list[list[bool]]:
    """What the shipped detector makes of each turn, all of them being calls of one process."""
    model = SileroModel()
    calls = [(GatedDetector(WebRtcGate(), SileroJudge(model)), _frames(turn)) for turn in turns]
    opinions: list[list[bool]] = [[] for _ in turns]
    for index in range(max(len(frames) for _, frames in calls)):
        for (detector, frames), found in zip(calls, opinions, strict=True):
            if index < len(frames):
                found.append(detector.is_speech(frames[index]))
    return opinions


def alone(turn: LabelledTurn) -> list[bool]:
    """What the network makes of it when it hears every frame, and nothing but this call."""
    detector = GatedDetector(OpenGate(), SileroJudge(SileroModel()), _NEVER_CLOSED)
    return [detector.is_speech(frame) for frame in _frames(turn)]


def compared(turns: Sequence[LabelledTurn], conditions: Sequence[str]) -> dict[str, Any]:
    """Both ways of listening, by condition and over all."""
    shipped = {name: Score() for name in (*conditions, "all")}
    every_frame = {name: Score() for name in (*conditions, "all")}
    for start in range(0, len(turns), CALLS_AT_ONCE):
        batch = turns[start : start + CALLS_AT_ONCE]
        for offset, (turn, opinions) in enumerate(zip(batch, together(batch), strict=True)):
            by_itself = alone(turn)
            for name in (conditions[start + offset], "all"):
                shipped[name].add(turn, opinions)
                every_frame[name].add(turn, by_itself)
    return {
        "shipped": {name: score.as_data() for name, score in shipped.items()},
        "every_frame": {name: score.as_data() for name, score in every_frame.items()},
        "turns": len(turns),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench-voice", description="Measures the voice detector.")
    parser.add_argument("data", type=Path, help="folder with labels.tsv and 8 kHz WAV files")
    parser.add_argument("--turns", type=int, default=None, help="only the first so many")
    options = parser.parse_args(arguments)
    try:
        turns = read_turns(options.data)[: options.turns]
        if not any(turn.words for turn in turns):
            raise CannotRun("the labels time no words, so where speech begins is not known")
        with (options.data / "labels.tsv").open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            conditions = [row.get("condition") or "any" for row in rows][: len(turns)]
        print(json.dumps(compared(turns, conditions)))
    except VivavoceError as error:
        print(f"The voice benchmark cannot run: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
