"""`make bench-scenarios`: callers of a catalogue with recorded voices, heard by the real local recogniser in real time.

The suite holds the whole catalogue on the virtual clock, with a recogniser that knows what was said. Here the entries
whose callers are recordings are held as a call would be: each frame takes its 20 ms, and the words come when the
recogniser has them. NAME picks the entries whose names contain it. Each takes about a minute.

The last line is one JSON object: `rehearsals`, `faults` (name -> what was not as expected), `cut_ins`, `long_silences`,
`gap_ms_p50`, `wer` (over the answers) and `load`. The exit status is 1 with faults, 2 when it cannot run.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.rehearsal import Engines, Outcome, RecordedVoice, Rehearsal, faults_of, hold, load_catalogue
from engine.adapters.local_speech import LocalSpeechToText
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.speech_client import SpeechCommand, SpeechProcess
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio.voice import GatedDetector
from engine.clock import FRAME_MS
from engine.errors import UpstreamUnavailable
from engine.evaluation.word_errors import word_error_rate
from telephony.simulator.virtual import VirtualSocket
from telephony.simulator.voices import read_wav

_ROOT: Final = Path(__file__).parents[1]
_CATALOGUE: Final = _ROOT / "tests" / "scenarios" / "catalogue.toml"
_OUR_VOICE: Final = _ROOT / "telephony" / "simulator" / "recordings" / "databases-transactions.wav"


class InRealTime:
    """A virtual line on which each frame takes its time."""

    def __init__(self, socket: VirtualSocket) -> None:
        self._socket = socket
        self._began_s = time.monotonic()

    def receive(self) -> str | None:
        text = self._socket.receive()
        ahead_s = self._socket.now_s - (time.monotonic() - self._began_s)
        if ahead_s > FRAME_MS / 1000:
            time.sleep(ahead_s)
        return text

    def send(self, text: str) -> None:
        self._socket.send(text)

    def close(self, code: int, reason: str) -> None:
        self._socket.close(code, reason)


def answered_pairs(rehearsal: Rehearsal, outcome: Outcome) -> list[tuple[str, str]]:
    """What was said and what was understood, answer by answer."""
    said = [reply.text for reply in outcome.socket.leg.caller.spoken if reply.label.startswith("ask:")]
    return list(zip(said, [text for _, text in outcome.answers], strict=False))


def measure(rehearsals: list[Rehearsal], process: SpeechProcess) -> dict[str, object]:
    """Hold them one after the other."""
    model = SileroModel()
    faults: dict[str, list[str]] = {}
    gaps_ms: list[int] = []
    pairs: list[tuple[str, str]] = []
    cut_ins = long_silences = 0
    for rehearsal in rehearsals:
        engines = Engines(
            neural_detector=lambda: GatedDetector(WebRtcGate(), SileroJudge(model)),
            recorded_voice=RecordedVoice(read_wav(_OUR_VOICE)),
            recogniser=LocalSpeechToText(process),
            wrap=InRealTime,
            pause=time.sleep,
            clock=time.monotonic,
        )
        with tempfile.TemporaryDirectory() as folder:
            outcome = hold(rehearsal, Path(folder), engines)
            totals = outcome.timeline.totals()
            found = faults_of(rehearsal, outcome)
        cut_ins += totals["cut_ins"]
        long_silences += totals["long_silences"]
        gaps_ms += [turn.gap_ms for turn in outcome.timeline.turns if turn.gap_ms is not None]
        pairs += answered_pairs(rehearsal, outcome)
        print(f"{rehearsal.name}: {'; '.join(found) or 'as expected'}", flush=True)
        if found:
            faults[rehearsal.name] = found
    return {
        "rehearsals": len(rehearsals),
        "faults": faults,
        "cut_ins": cut_ins,
        "long_silences": long_silences,
        "gap_ms_p50": round(statistics.median(gaps_ms)) if gaps_ms else None,
        "wer": round(word_error_rate(pairs), 4) if pairs else None,
        "load": round(os.getloadavg()[0], 1),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench-scenarios", description="Holds recorded callers with real engines.")
    parser.add_argument("--name", default="", help="only entries whose names contain this")
    options = parser.parse_args(arguments)
    rehearsals = [each for each in load_catalogue(_CATALOGUE) if each.hears == "neural" and options.name in each.name]
    if not rehearsals:
        print(f"No recorded caller of {_CATALOGUE.name} has {options.name!r} in its name.", file=sys.stderr)
        return 2
    process = SpeechProcess(SpeechCommand(text_to_speech=False))
    try:
        process.start()
        figures = measure(rehearsals, process)
    except UpstreamUnavailable as error:
        print(f"The scenarios cannot be held: {error}", file=sys.stderr)
        return 2
    finally:
        process.close()
    print(json.dumps(figures))
    return 1 if figures["faults"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
