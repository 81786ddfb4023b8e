"""`make bench-speech DATA=folder`: how well and how fast the local recogniser understands telephone speech.

DATA holds transcripts.tsv (header row, at least `file` and `transcript`) and 8 kHz mono 16-bit WAV files. Every clip
goes through mu-law and then the whole way of a call: voice detector, tracker, recognition stream, speech process. Audio
is handed over on a simulated clock, faster than real time, but never ahead of the engine: while a paused segment is
being transcribed the clock stands still. The latency is wall time from the moment at which the tracker reports the end
of a clip's last speech, when the last segment leaves, to the arrival of AllHeard.

All clips count as one caller's, whose level is made normal as in a call (`--as-it-comes`: it is not). `--quieter-db 30`
plays them so much quieter.

The last line is one JSON object. The exit status is 2, with a reason, when the benchmark cannot run.
"""

import argparse
import csv
import json
import queue
import statistics
import sys
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from engine.adapters.local_speech import LocalSpeechToText
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.speech_client import SpeechCommand, SpeechProcess
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio import mulaw
from engine.audio.normaliser import LevelNormaliser
from engine.audio.sound_meter import SoundMeter
from engine.audio.voice import Began, Ended, GatedDetector, SpeechTracker
from engine.clock import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, samples_to_ms
from engine.errors import UpstreamUnavailable, VivavoceError
from engine.evaluation.word_errors import word_error_rate, word_errors, words
from engine.ports import AllHeard, FinalHeard, RecognitionEvent, RecognitionFailed
from telephony.simulator.voices import with_level

_SILENCE_BEFORE = mulaw.silence(SAMPLE_RATE_HZ // 2)
_SILENCE_AFTER = mulaw.silence(SAMPLE_RATE_HZ)
_ANSWER_DEADLINE_S = 60.0


class CannotRun(VivavoceError):
    """The data or the engine is missing; the message says which."""


@dataclass(frozen=True, slots=True)
class Clip:
    name: str
    said: str
    mulaw: bytes


@dataclass(frozen=True, slots=True)
class Result:
    clip: Clip
    heard: str
    latency_ms: float | None
    """None where the detector found no speech."""


def read_clips(folder: Path) -> list[Clip]:
    """The clips of a data folder. Raises CannotRun."""
    listing = folder / "transcripts.tsv"
    if not listing.is_file():
        raise CannotRun(f"{listing} does not exist. Name a folder with transcripts.tsv and WAV files in DATA.")
    with listing.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows or not {"file", "transcript"} <= rows[0].keys():
        raise CannotRun(f"{listing} needs a header row with at least `file` and `transcript`, and rows below it.")
    return [Clip(row["file"], row["transcript"], _read_line_audio(folder / row["file"])) for row in rows]


def _read_line_audio(path: Path) -> bytes:
    try:
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, SAMPLE_RATE_HZ):
                raise CannotRun(f"{path} is not 8 kHz, mono, 16-bit.")
            return mulaw.encode(file.readframes(file.getnframes()))
    except (OSError, wave.Error, EOFError) as error:
        raise CannotRun(f"{path} cannot be read: {error}") from error


class Listener:
    """Plays clips to the recogniser as the stretches of one caller, whose level is made normal as in a call."""

    def __init__(self, process: SpeechProcess, *, normalises: bool = True) -> None:
        self._recogniser = LocalSpeechToText(process)
        self._process = process
        self._model = SileroModel()
        self._normalises = normalises
        self._level = LevelNormaliser()
        self._sound = SoundMeter()

    def hear(self, clip: Clip) -> Result:
        """One clip, with a recogniser and a detector of its own. Raises CannotRun when the engine fails."""
        events: queue.SimpleQueue[RecognitionEvent] = queue.SimpleQueue()
        stream = self._recogniser.open(events.put)
        detector = GatedDetector(WebRtcGate(), SileroJudge(self._model))
        tracker = SpeechTracker()
        paused_at: float | None = None
        for frame, at_ms in _frames(_SILENCE_BEFORE + clip.mulaw + _SILENCE_AFTER):
            level = self._level.louder(frame)
            stream.send(level, at_ms)
            is_speech = detector.is_speech(mulaw.decode(level))
            self._sound.frame(mulaw.decode(frame), is_speech)
            for change in tracker.push(is_speech, at_ms):
                if isinstance(change, Began):
                    self._wait_until_idle()
                    stream.speech_began(change.began_ms)
                elif isinstance(change, Ended):
                    self._wait_until_idle()
                    paused_at = time.perf_counter()
                    stream.speech_paused(change.ended_ms)
                    if self._normalises:
                        self._level.settle(self._sound.latest().loudness_dbfs)
        stream.finish(1)
        heard = list(_finals(events))
        latency_ms = (time.perf_counter() - paused_at) * 1000 if paused_at is not None else None
        stream.close()
        return Result(clip, " ".join(heard), latency_ms)

    def _wait_until_idle(self) -> None:
        while not self._process.is_idle("transcribe"):
            time.sleep(0.001)


def _frames(audio: bytes) -> Iterator[tuple[bytes, int]]:
    for start in range(0, len(audio) - len(audio) % FRAME_SAMPLES, FRAME_SAMPLES):
        yield audio[start : start + FRAME_SAMPLES], start // FRAME_SAMPLES * FRAME_MS


def _finals(events: "queue.SimpleQueue[RecognitionEvent]") -> Iterator[str]:
    while True:
        try:
            event = events.get(timeout=_ANSWER_DEADLINE_S)
        except queue.Empty:
            raise CannotRun("the recogniser gave no answer in a minute") from None
        match event:
            case FinalHeard(transcript):
                yield transcript.text
            case RecognitionFailed(reason):
                raise CannotRun(f"the recogniser failed: {reason}")
            case AllHeard():
                return


def used_cpu_s(process: SpeechProcess) -> float:
    """Processor time that the speech process has used since its start."""
    answers: queue.SimpleQueue[float] = queue.SimpleQueue()
    process.request(
        {"kind": "usage"}, b"", deadline_s=5.0, on_reply=lambda header, _body: answers.put(header.get("cpu_s", -1.0))
    )
    return answers.get(timeout=10.0)


def measure(
    clips: list[Clip], model_dir: Path | None, *, is_verbose: bool, normalises: bool = True
) -> dict[str, float | int]:
    """Every clip once. Raises CannotRun or UpstreamUnavailable."""
    process = SpeechProcess(SpeechCommand(text_to_speech=False, model_dir=model_dir))
    process.start()
    try:
        listener = Listener(process, normalises=normalises)
        used_before_s = used_cpu_s(process)
        results = []
        for clip in clips:
            result = listener.hear(clip)
            results.append(result)
            if is_verbose:
                errors = word_errors(words(clip.said), words(result.heard))
                print(f"{clip.name}\t{errors}\t{clip.said}\t{result.heard}", flush=True)
        used_s = used_cpu_s(process) - used_before_s
    finally:
        process.close()
    latencies_ms = sorted(result.latency_ms for result in results if result.latency_ms is not None)
    if len(latencies_ms) < 2:
        raise CannotRun("fewer than two clips hold speech")
    audio_s = sum(samples_to_ms(len(clip.mulaw)) for clip in clips) / 1000
    return {
        "wer": round(word_error_rate((result.clip.said, result.heard) for result in results), 4),
        "cpu_s_per_audio_s": round(used_s / audio_s, 4),
        "final_latency_ms_p50": round(statistics.median(latencies_ms), 1),
        "final_latency_ms_p95": round(statistics.quantiles(latencies_ms, n=20, method="inclusive")[-1], 1),
        "clips": len(clips),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench-speech", description="Measures the local recogniser.")
    parser.add_argument("data", type=Path, help="folder with transcripts.tsv and 8 kHz WAV files")
    parser.add_argument("--model-dir", type=Path, default=None, help="another CTranslate2 Whisper model")
    parser.add_argument("--verbose", action="store_true", help="show each clip: errors, what was said, what was heard")
    parser.add_argument("--quieter-db", type=float, default=0.0, help="play every clip so much quieter")
    parser.add_argument("--as-it-comes", action="store_true", help="leave the level as it is")
    options = parser.parse_args(arguments)
    try:
        clips = [replace(clip, mulaw=with_level(clip.mulaw, -options.quieter_db)) for clip in read_clips(options.data)]
        figures = measure(clips, options.model_dir, is_verbose=options.verbose, normalises=not options.as_it_comes)
    except (CannotRun, UpstreamUnavailable) as error:
        print(f"The speech benchmark cannot run: {error}", file=sys.stderr)
        return 2
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
