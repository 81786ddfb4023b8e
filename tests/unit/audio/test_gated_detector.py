"""How gate and judge share the work, with detectors that do as they are told."""

import numpy as np
import pytest

from engine.audio.voice import FRAME_BYTES, JUDGE_WINDOW_BYTES, GatedDetector, NoiseFloor, VoiceSettings

LOUD = (3000 * np.sin(np.arange(160))).astype("<i2").tobytes()
FAINT = (20 * np.sin(np.arange(160))).astype("<i2").tobytes()


class OpenGate:
    def is_speech(self, pcm: bytes) -> bool:
        return True


class ShutGate:
    def is_speech(self, pcm: bytes) -> bool:
        return False


class Opinion:
    """A judge that holds one opinion and remembers what it was given."""

    def __init__(self, probability: float = 1.0) -> None:
        self.value = probability
        self.heard: list[bytes] = []
        self.waiting = 0

    def hear(self, pcm: bytes) -> None:
        self.heard.append(pcm)
        self.waiting += 1

    def opinions(self) -> list[float]:
        opinions, self.waiting = [self.value] * self.waiting, 0
        return opinions


def test_nothing_is_speech_while_the_gate_is_shut() -> None:
    detector = GatedDetector(ShutGate(), Opinion())
    assert [detector.is_speech(LOUD) for _ in range(100)] == [False] * 100


@pytest.mark.parametrize("gate", [OpenGate(), ShutGate()])
def test_the_judge_hears_every_sample_once_whatever_the_gate_does(gate: OpenGate | ShutGate) -> None:
    judge = Opinion()
    detector = GatedDetector(gate, judge)
    frames = [np.full(160, 10 + index).astype("<i2").tobytes() for index in range(40)]
    for frame in frames:
        detector.is_speech(frame)
    heard = b"".join(judge.heard)
    assert heard == b"".join(frames)[: len(heard)]
    assert len(b"".join(frames)) - len(heard) < JUDGE_WINDOW_BYTES


def test_the_judge_has_the_last_word_while_the_gate_is_open() -> None:
    judge = Opinion(0.1)
    detector = GatedDetector(OpenGate(), judge)
    assert not any(detector.is_speech(LOUD) for _ in range(50))
    judge.value = 0.9
    assert any(detector.is_speech(LOUD) for _ in range(3))


def test_an_opinion_counts_one_frame_after_the_judge_heard() -> None:
    judge = Opinion(0.97)
    detector = GatedDetector(OpenGate(), judge)
    assert [detector.is_speech(LOUD) for _ in range(4)] == [False, False, True, True]


def test_speech_needs_more_certainty_to_begin_than_to_go_on() -> None:
    judge = Opinion(0.4)
    detector = GatedDetector(OpenGate(), judge)
    assert not any(detector.is_speech(LOUD) for _ in range(20))
    judge.value = 0.6
    assert any(detector.is_speech(LOUD) for _ in range(5))
    judge.value = 0.4
    assert all(detector.is_speech(LOUD) for _ in range(20))
    judge.value = 0.3
    assert not all(detector.is_speech(LOUD) for _ in range(5))


def test_the_gate_stays_open_for_a_while_and_then_speech_is_over() -> None:
    detector = GatedDetector(OpenGate(), Opinion(), VoiceSettings(gate_hold_frames=10))
    for _ in range(5):
        detector.is_speech(LOUD)
    after = [detector.is_speech(b"\0" * FRAME_BYTES) for _ in range(30)]
    assert after == [True] * 9 + [False] * 21


def test_a_gate_that_opens_late_lets_the_judges_opinion_through_at_once() -> None:
    judge = Opinion()
    detector = GatedDetector(OpenGate(), judge, VoiceSettings(gate_hold_frames=2))
    for _ in range(20):
        assert not detector.is_speech(b"\0" * FRAME_BYTES)
    assert detector.is_speech(LOUD)


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="320 bytes"):
        GatedDetector(OpenGate(), Opinion()).is_speech(b"\0" * 100)


def test_the_noise_floor_falls_quickly_and_rises_a_decibel_a_second() -> None:
    floor = NoiseFloor(0.02)
    for _ in range(50):
        floor.push(-60.0)
    settled = floor.dbfs
    for _ in range(50):
        floor.push(-20.0)
    assert floor.dbfs == pytest.approx(settled + 1.0)
    for _ in range(10):
        floor.push(-80.0)
    assert floor.dbfs < -78


def test_digital_silence_says_nothing_about_the_noise_floor() -> None:
    detector = GatedDetector(ShutGate(), Opinion())
    detector.is_speech(FAINT)
    before = detector.noise_floor_dbfs
    for _ in range(50):
        detector.is_speech(b"\0" * FRAME_BYTES)
    assert detector.noise_floor_dbfs == before
