"""`make bench-voice DATA=folder`: is the voice detector as shipped any worse than its network on every frame?

DATA is a folder as `make bench-turns` takes it. The same turns go through the detector as it is shipped, sixteen calls
at a time so that their windows are judged in one go, and through the network alone on every frame of one call after the
other. Conditions are told apart where the labels name them. For each way of listening:

- frames: truth are the labels, speech from the first word to the end of the turn, but for the pauses; frames within
  100 ms of an edge do not count, since labels and ears differ by as much (`f1`, `missed`, `false_alarms`);
- beginnings and ends as the call's tracker tells them, against the labelled ones; a pause under 300 ms is none
  (`stretches`, `onsets_missed`, `onset_ms`, `ends_missed`, `end_ms`: when they are told after the truth, and
  `spurious` beginnings);
- what the endpoint policy makes of it, with words as in `make bench-turns` (`false_cutoffs`, `dead_air_ms`).

The last line is one JSON object. The exit status is 2, with a reason, when the benchmark cannot run.
"""

import argparse
import csv
import functools
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.turn_data import CannotRun, LabelledTurn, read_turns
from benchmarks.turn_evidence import Ears, Evidence
from benchmarks.turn_replay import measure
from benchmarks.voice_edges import EdgeScore
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio import mulaw
from engine.audio.adaptive_endpoint import AdaptiveEndpoint
from engine.audio.endpoint_weights import load_weights
from engine.audio.voice import GatedDetector, VoiceSettings
from engine.clock import FRAME_MS
from engine.dialogue.endings import clues_of
from engine.errors import VivavoceError
from telephony.simulator.voices import with_level

CALLS_AT_ONCE = 16
EDGE_MS = 100
LAG_MS = 40
"""A detector tells of the moment before; its windows are longer than a frame."""
_NEVER_CLOSED = VoiceSettings(margin_db=-1000.0)
"""Every frame is louder than the floor by that."""


class OpenGate:
    """A gate that takes everything for speech: the network decides alone."""

    def is_speech(self, pcm: bytes) -> bool:
        return True


@dataclass(slots=True)
class FrameScore:
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


@dataclass(slots=True)
class Listened:
    """One way of listening, and how it fared in one condition."""

    frames: FrameScore = field(default_factory=FrameScore)
    edges: EdgeScore = field(default_factory=EdgeScore)
    evidence: list[Evidence] = field(default_factory=list)

    def add(self, evidence: Evidence) -> None:
        self.frames.add(evidence.turn, evidence.speech)
        self.edges.add(evidence.turn, evidence.speech)
        self.evidence.append(evidence)

    def as_data(self) -> dict[str, float]:
        weights, read_words = load_weights(), functools.cache(clues_of)
        point = measure(self.evidence, lambda: AdaptiveEndpoint(weights, read_words), 0.0)
        endpoint = {"false_cutoffs": round(point.false_cutoffs, 4), "dead_air_ms": round(point.dead_air_ms)}
        return {**self.frames.as_data(), **self.edges.as_data(), **endpoint}


def together(turns: Sequence[Sequence[bytes]]) -> list[list[bool]]:
    """What the shipped detector makes of each turn's frames, all of them being calls of one process."""
    model = SileroModel()
    calls = [(GatedDetector(WebRtcGate(), SileroJudge(model)), frames) for frames in turns]
    opinions: list[list[bool]] = [[] for _ in turns]
    for index in range(max(len(frames) for frames in turns)):
        for (detector, frames), found in zip(calls, opinions, strict=True):
            if index < len(frames):
                found.append(detector.is_speech(frames[index]))
    return opinions


def alone(frames: Sequence[bytes]) -> list[bool]:
    """What the network makes of them when it decides alone, and nothing but this call."""
    detector = GatedDetector(OpenGate(), SileroJudge(SileroModel()), _NEVER_CLOSED)
    return [detector.is_speech(frame) for frame in frames]


def at_level(evidence: Evidence, quieter_db: float, gain_db: float) -> Evidence:
    """The turn from a quieter caller, and made louder again as the detector would get it."""
    frames = (with_level(mulaw.encode(frame), -quieter_db) for frame in evidence.frames)
    return replace(evidence, frames=tuple(mulaw.decode(mulaw.louder(frame, gain_db)) for frame in frames))


def compared(
    turns: Sequence[LabelledTurn], conditions: Sequence[str], quieter_db: float = 0.0, gain_db: float = 0.0
) -> dict[str, Any]:
    """Both ways of listening, by condition and over all."""
    names = dict.fromkeys((*conditions, "all"))
    shipped = {name: Listened() for name in names}
    every_frame = {name: Listened() for name in names}
    ears = Ears()
    for start in range(0, len(turns), CALLS_AT_ONCE):
        batch = [at_level(ears.listen(turn), quieter_db, gain_db) for turn in turns[start : start + CALLS_AT_ONCE]]
        for offset, (each, opinions) in enumerate(zip(batch, together([each.frames for each in batch]), strict=True)):
            by_itself = alone(each.frames)
            for name in (conditions[start + offset], "all"):
                shipped[name].add(replace(each, speech=tuple(opinions)))
                every_frame[name].add(replace(each, speech=tuple(by_itself)))
    return {
        "shipped": {name: listened.as_data() for name, listened in shipped.items()},
        "every_frame": {name: listened.as_data() for name, listened in every_frame.items()},
        "turns": len(turns),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench-voice", description="Measures the voice detector.")
    parser.add_argument("data", type=Path, help="folder with labels.tsv and 8 kHz WAV files")
    parser.add_argument("--turns", type=int, default=None, help="only the first so many")
    parser.add_argument("--quieter-db", type=float, default=0.0, help="play every turn so much quieter")
    parser.add_argument("--gain-db", type=float, default=0.0, help="and make it so much louder before it is judged")
    options = parser.parse_args(arguments)
    try:
        turns = read_turns(options.data)[: options.turns]
        if not all(turn.words for turn in turns):
            raise CannotRun("the labels do not time every turn's words, so where speech begins is not known")
        with (options.data / "labels.tsv").open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            conditions = [row.get("condition") or "any" for row in rows][: len(turns)]
        print(json.dumps(compared(turns, conditions, options.quieter_db, options.gain_db)))
    except VivavoceError as error:
        print(f"The voice benchmark cannot run: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
