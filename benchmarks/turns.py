"""`make bench-turns DATA=folder`: how often an endpoint policy cuts people off, and how long it keeps them waiting.

DATA holds labels.tsv (file, question_kind, pauses as `start-end,start-end` in ms, end_ms, text; optionally words as
`text@start-end text@start-end`) and 8 kHz mono 16-bit WAV files. Every turn goes through mu-law and the product's own
two-stage voice detector. Where the labels time the words, they come from the labels as from a streaming recogniser:
300 ms after their end, and again every 240 ms. Otherwise they come from the local recogniser as in a call, at the wall
time that it took.

A false cut-off is a pause within a turn in which the policy declares the turn over; its rate is the share of all such
pauses. Dead air is the mean time from the labelled end of the turn to the decision. Each policy's trade-off is swept
over one setting: `fixed` over its silence, `adaptive` over the price of a cut-off.

The last line is one JSON object. The exit status is 2, with a reason, when the benchmark cannot run.
"""

import argparse
import functools
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.turn_data import CannotRun, LabelledTurn, read_turns
from benchmarks.turn_evidence import GIVEN_WORDS_LATENCY_MS, Ears, Evidence
from benchmarks.turn_replay import (
    Point,
    dead_air_at,
    false_cutoffs_at,
    measure,
)
from engine.adapters.speech_client import SpeechCommand, SpeechProcess
from engine.adapters.turn_model import OnnxTurnModel
from engine.audio.adaptive_endpoint import AdaptiveEndpoint
from engine.audio.endpoint import FixedEndpoint
from engine.audio.endpoint_weights import DEFAULT_WEIGHTS, EndpointWeights, load_weights
from engine.dialogue.endings import clues_of
from engine.errors import UpstreamUnavailable, VivavoceError
from engine.ports import TurnModel

SILENCES_MS = (
    100,
    150,
    200,
    250,
    300,
    400,
    500,
    600,
    700,
    800,
    900,
    1000,
    1150,
    1300,
    1500,
    1700,
    2000,
    2300,
    2700,
    3200,
)
BIASES = (
    -5.0,
    -4.5,
    -4.0,
    -3.5,
    -3.0,
    -2.5,
    -2.0,
    -1.6,
    -1.3,
    -1.0,
    -0.75,
    -0.5,
    -0.25,
    0.0,
    0.25,
    0.5,
    0.75,
    1.0,
    1.5,
    2.0,
)
THRESHOLD_DBFS = -50.0
QUICK_READER_S = 20.0
DEAD_AIRS_MS = (300, 600, 800, 1000)


def listened(
    turns: Sequence[LabelledTurn], *, is_recognised: bool, turn_model: TurnModel | None = None
) -> list[Evidence]:
    """The evidence of every turn. Raises CannotRun or UpstreamUnavailable."""
    if not is_recognised:
        ears = Ears(turn_model=turn_model)
        return [ears.listen(turn) for turn in turns]
    process = SpeechProcess(SpeechCommand(text_to_speech=False))
    process.start()
    try:
        if not process.wait_for_offer("partial", timeout_s=QUICK_READER_S):
            print("There is no quick reader: words come when a stretch of speech is over.", file=sys.stderr)
        ears = Ears(process, turn_model)
        return [ears.listen(turn) for turn in turns]
    finally:
        process.close()


def fixed_curve(evidence: Sequence[Evidence]) -> list[Point]:
    """Dead air and cut-offs of the plain timer, over its silence."""
    return [measure(evidence, lambda ms=ms: FixedEndpoint(ms, THRESHOLD_DBFS), ms) for ms in SILENCES_MS]


def adaptive_curve(
    evidence: Sequence[Evidence], weights: EndpointWeights, biases: Sequence[float] = BIASES
) -> list[Point]:
    """Dead air and cut-offs of the adaptive policy, over the price of a cut-off."""
    read_words = functools.cache(clues_of)
    return [
        measure(evidence, lambda bias=bias: AdaptiveEndpoint(weights, read_words, bias=bias), bias) for bias in biases
    ]


def figures(points: Sequence[Point], at_work: float) -> dict[str, Any]:
    """The keys of the contract, and how the policy stands with the setting that the product comes with."""
    working = next((point for point in points if point.setting == at_work), None)
    return {
        "false_cutoffs_at_ms": {str(ms): _rounded(false_cutoffs_at(points, ms), 4) for ms in DEAD_AIRS_MS},
        "dead_air_ms_at_5pct": _rounded(dead_air_at(points, 0.05), 0),
        "dead_air_ms_at_10pct": _rounded(dead_air_at(points, 0.10), 0),
        "as_shipped": None if working is None else {key: round(value, 4) for key, value in asdict(working).items()},
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits) if digits else round(value)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench-turns", description="Measures the endpoint policies.")
    parser.add_argument("data", type=Path, help="folder with labels.tsv and 8 kHz WAV files")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="weights of the adaptive policy")
    parser.add_argument("--recognise", action="store_true", help="use the recogniser even where words are timed")
    parser.add_argument("--turn-model", type=Path, help="an end-of-turn model that has a vote, as TURN_MODEL names it")
    parser.add_argument("--curves", action="store_true", help="print every setting measured")
    options = parser.parse_args(arguments)
    try:
        turns = read_turns(options.data)
        weights = load_weights(options.weights)
        is_recognised = options.recognise or not all(turn.words for turn in turns)
        if options.recognise:
            turns = [_without_word_times(turn) for turn in turns]
        model = OnnxTurnModel(options.turn_model) if options.turn_model else None
        evidence = listened(turns, is_recognised=is_recognised, turn_model=model)
    except (CannotRun, UpstreamUnavailable, VivavoceError) as error:
        print(f"The turn benchmark cannot run: {error}", file=sys.stderr)
        return 2
    fixed, adaptive = fixed_curve(evidence), adaptive_curve(evidence, weights)
    if options.curves:
        for name, points in (("fixed", fixed), ("adaptive", adaptive)):
            for point in points:
                print(name, json.dumps({key: round(value, 4) for key, value in asdict(point).items()}))
    print(json.dumps({"fixed": figures(fixed, 1500), "adaptive": figures(adaptive, 0.0), **_about(evidence)}))
    return 0


def _without_word_times(turn: LabelledTurn) -> LabelledTurn:
    return LabelledTurn(turn.path, turn.kind, turn.pauses, turn.end_ms, turn.text, ())


def _about(evidence: Sequence[Evidence]) -> dict[str, Any]:
    given = sum(bool(each.turn.words) for each in evidence)
    words: dict[str, Any] = {
        "turns_with_given_words": given,
        "given_words_latency_ms": GIVEN_WORDS_LATENCY_MS if given else None,
        "recogniser": "local" if given < len(evidence) else None,
    }
    for kind, name in (("partial", "words_so_far"), ("transcribe", "final_text")):
        waits_ms = [wait_ms for each in evidence for asked, wait_ms in each.word_waits_ms if asked == kind]
        words[f"{name}_ms_p50"] = round(float(np.percentile(waits_ms, 50))) if waits_ms else None
        words[f"{name}_ms_p95"] = round(float(np.percentile(waits_ms, 95))) if waits_ms else None
    return {"turns": len(evidence), "pauses": sum(len(each.turn.pauses) for each in evidence), "words": words}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
