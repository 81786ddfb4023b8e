"""`python -m benchmarks.fit_endpoint FOLDER`: the weights of the adaptive endpoint policy, from FOLDER/train alone.

1. Every silence that the voice detector finds in a training turn is one observation: the end of the turn, or a pause
   and its length; with the kind of question, the ending of the words so far and their number.
2. A logistic regression (with a small ridge) gives the log odds of an end. Each observation also counts once, with less
   weight, as one whose words are not known.
3. A linear regression of the logarithm of the pauses gives their medians and spread; the share of the variance that
   lies between turns gives how fast a candidate's habit is believed.
4. Thinking makes the tail of the pauses longer than a log-normal one: the spread is widened as far as that lowers the
   dead air at 5 % cut-offs on the training turns.
5. The price of a cut-off is the one at which 5 % of the training pauses are cut off.

The weights for hints, votes, corrections and what seems over are not fitted: such data cannot be generated. They are
set to count little, and named in the file.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.turn_data import CannotRun, read_turns
from benchmarks.turn_evidence import Evidence
from benchmarks.turn_replay import Point, dead_air_at
from benchmarks.turns import adaptive_curve, fixed_curve, listened
from engine.audio.adaptive_endpoint import are_known, end_of_speech
from engine.audio.endpoint import Ending, WordClues
from engine.audio.endpoint_weights import DEFAULT_WEIGHTS, KINDS, EndpointWeights
from engine.audio.pauses import PauseBegan, PauseTracker
from engine.clock import FRAME_MS
from engine.dialogue.endings import clues_of

WORDS_WAIT_MS = 700
"""Words that are known so soon after the end of speech count as known in that silence."""
END_TOLERANCE_MS = 400
UNKNOWN_WEIGHT = 0.3
RIDGE = 1.0
WIDER = (1.0, 1.2, 1.4)
COARSE = tuple(step / 4 for step in range(-4, 5))
"""Biases between which the price is looked for."""
ENDINGS = tuple(Ending)
NOT_FITTED = "correction, corrections, vote, seems, hint_eager_end, hint_end, shortest, longest, thinking, aside"

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Silence:
    turn: int
    kind: str
    clues: WordClues
    is_end: bool
    pause_ms: int
    """0 for an end."""


def silences_of(evidence: Evidence, number: int) -> list[Silence]:
    """Every silence of a turn up to its end."""
    tracker = PauseTracker()
    ended_ms: int | None = None
    found = []
    for index, is_speech in enumerate(evidence.speech):
        change = tracker.push(index * FRAME_MS, is_speech)
        if isinstance(change, PauseBegan):
            ended_ms = change.ended_ms
        elif change is not None and ended_ms is not None:
            if ended_ms < evidence.turn.end_ms - END_TOLERANCE_MS:
                found.append(_silence(evidence, number, ended_ms, change.began_ms))
            ended_ms = None
        if ended_ms is not None and ended_ms >= evidence.turn.end_ms - END_TOLERANCE_MS:
            return [*found, _silence(evidence, number, ended_ms, 0)]
    return found


def _silence(evidence: Evidence, number: int, ended_ms: int, began_ms: int) -> Silence:
    known = [each for each in evidence.known if each.at_ms <= ended_ms + WORDS_WAIT_MS]
    clues = clues_of(known[-1].text) if known else WordClues(Ending.UNKNOWN, 0)
    if not known or not are_known(ended_ms, known[-1].at_ms, known[-1].covers_ms):
        clues = WordClues(Ending.UNKNOWN, clues.words)
    else:
        ended_ms = end_of_speech(ended_ms, known[-1].covers_ms)
    return Silence(number, evidence.turn.kind, clues, began_ms == 0, max(0, began_ms - ended_ms))


def end_model(silences: Sequence[Silence]) -> Mapping[str, Mapping[str, float]]:
    """The log odds that a silence is the end."""
    unknown = [replace(each, clues=WordClues(Ending.UNKNOWN, each.clues.words)) for each in silences]
    rows = [*silences, *unknown]
    weight = np.array([1.0] * len(silences) + [UNKNOWN_WEIGHT] * len(silences))
    features = np.array([_end_features(each) for each in rows])
    found = _logistic(features, np.array([each.is_end for each in rows], dtype=float), weight)
    k, e = len(KINDS), len(ENDINGS)
    return {
        "kind": dict(zip(KINDS, found[:k], strict=True)),
        "words": dict(zip(KINDS, found[k : 2 * k], strict=True)),
        "ending": dict(zip((each.value for each in ENDINGS), found[2 * k : 2 * k + e], strict=True)),
    }


def _end_features(silence: Silence) -> list[float]:
    kinds = [float(silence.kind == kind) for kind in KINDS]
    amount = float(np.log1p(silence.clues.words))
    return [*kinds, *(amount * each for each in kinds), *(float(silence.clues.ending is each) for each in ENDINGS)]


def _logistic(features: Matrix, ends: Matrix, weight: Matrix) -> list[float]:
    """Newton's method; the ridge also settles the overlap between kinds and endings."""
    found = np.zeros(features.shape[1])
    for _ in range(50):
        share = 1 / (1 + np.exp(-features @ found))
        slope = features.T @ (weight * (ends - share)) - RIDGE * found
        curve = (features * (weight * share * (1 - share))[:, None]).T @ features + RIDGE * np.eye(len(found))
        step = np.linalg.solve(curve, slope)
        found += step
        if float(np.abs(step).max()) < 1e-9:
            break
    return [round(float(value), 4) for value in found]


def pause_model(silences: Sequence[Silence]) -> dict[str, Any]:
    """Median and spread of the pauses, and how much of it is habit."""
    pauses = [each for each in silences if each.pause_ms > 0]
    features = np.array(
        [
            [float(each.kind == kind) for kind in KINDS] + [float(each.clues.ending is ending) for ending in ENDINGS]
            for each in pauses
        ]
    )
    lengths = np.log([max(100, each.pause_ms) for each in pauses])
    # A ridge on the endings alone: a kind is a level, an ending a difference from it.
    ridge = np.diag([0.01] * len(KINDS) + [2.0] * len(ENDINGS))
    found = np.linalg.solve(features.T @ features + ridge, features.T @ lengths)
    rest = lengths - features @ found
    k = len(KINDS)
    return {
        "pause_kind": dict(zip(KINDS, np.round(found[:k], 4).tolist(), strict=True)),
        "pause_ending": dict(zip((each.value for each in ENDINGS), np.round(found[k:], 4).tolist(), strict=True)),
        "pause_spread": round(float(np.sqrt(np.mean(rest**2))), 4),
        "habit_inertia": round(_inertia(rest, np.array([each.turn for each in pauses])), 2),
    }


def _inertia(rest: Matrix, turns: NDArray[np.int64]) -> float:
    """Variance within turns over variance between them."""
    groups = [rest[turns == turn] for turn in np.unique(turns) if np.sum(turns == turn) > 1]
    within = sum(float(np.sum((group - group.mean()) ** 2)) for group in groups) / sum(len(each) - 1 for each in groups)
    between = float(np.mean([group.mean() ** 2 - within / len(group) for group in groups]))
    return within / max(between, within / 20)


def fitted(evidence: Sequence[Evidence]) -> tuple[EndpointWeights, list[Point]]:
    """The weights, and the trade-off on the turns that they were fitted to."""
    silences = [each for number, one in enumerate(evidence) for each in silences_of(one, number)]
    weights = EndpointWeights(
        **end_model(silences),  # type: ignore[arg-type]  # three mappings by name
        **pause_model(silences),
        price=8.0,
        correction=0.35,
        corrections=3,
        vote=0.15,
        seems=0.4,
        hint_eager_end=1.0,
        hint_end=2.0,
        shortest_ms=200,
        longest_ms=4000,
        thinking_ms=10_000,
        aside_ms=1000,
    )
    curves = {
        factor: adaptive_curve(evidence, replace(weights, pause_spread=round(weights.pause_spread * factor, 4)), COARSE)
        for factor in WIDER
    }
    factor = min(curves, key=lambda each: dead_air_at(curves[each], 0.05) or inf)
    cheapest = min(curves[factor], key=lambda point: (point.false_cutoffs > 0.05, point.dead_air_ms))
    price = round(weights.price + cheapest.setting, 4)
    weights = replace(weights, price=price, pause_spread=round(weights.pause_spread * factor, 4))
    fine = adaptive_curve(evidence, weights, np.arange(-0.5, 0.3, 0.05).round(2).tolist())
    cheapest = min(fine, key=lambda point: (point.false_cutoffs > 0.05, point.dead_air_ms))
    return replace(weights, price=round(weights.price + cheapest.setting, 4)), fine


def as_toml(weights: EndpointWeights, provenance: Mapping[str, Any]) -> str:
    """The file that engine.audio.endpoint_weights reads."""
    lines = ["# Written by `python -m benchmarks.fit_endpoint`; see docs/turn-taking.md. Not to be edited by hand.", ""]
    lines += ["[provenance]", *(f"{name} = {json.dumps(value)}" for name, value in provenance.items())]
    values = {field.name: getattr(weights, field.name) for field in fields(weights)}
    tables = {name: value for name, value in values.items() if isinstance(value, Mapping)}
    lines += ["", "[weights]", *(f"{name} = {value}" for name, value in values.items() if name not in tables)]
    for name, table in tables.items():
        lines += ["", f"[weights.{name}]", *(f"{key} = {value}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="fit-endpoint", description="Fits the adaptive endpoint policy.")
    parser.add_argument("data", type=Path, help="folder that make_turns wrote")
    parser.add_argument("--date", required=True, help="goes into the provenance, such as 2026-11-23")
    parser.add_argument("--output", type=Path, default=DEFAULT_WEIGHTS)
    options = parser.parse_args(arguments)
    try:
        turns = read_turns(options.data / "train")
        recipe = json.loads((options.data / "recipe.json").read_text(encoding="utf-8"))
    except (CannotRun, OSError, ValueError) as error:
        print(f"The fit cannot run: {error}", file=sys.stderr)
        return 2
    evidence = listened(turns, is_recognised=False)
    weights, points = fitted(evidence)
    provenance = {
        "recipe": recipe["recipe"],
        "seed": recipe["seed"],
        "bank": recipe["bank"],
        "date": options.date,
        "split": "train",
        "turns": len(evidence),
        "words": "from the labels, 300 ms after their end",
        "not_fitted": NOT_FITTED,
        "train_dead_air_ms_at_5pct": round(dead_air_at(points, 0.05) or -1),
        "train_fixed_dead_air_ms_at_5pct": round(dead_air_at(fixed_curve(evidence), 0.05) or -1),
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(as_toml(weights, provenance), encoding="utf-8")
    print(json.dumps(provenance))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
