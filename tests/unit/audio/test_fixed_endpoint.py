"""The end of a turn by silence: loudness and voice detector together, on the audio clock."""

from collections.abc import Iterable

import numpy as np
import pytest

from engine.audio.endpoint import EndOfTurn, FixedEndpoint
from engine.clock import FRAME_MS

SILENT = b"\0" * 320


def noise(dbfs: float) -> bytes:
    samples = np.random.default_rng(1).standard_normal(160)
    samples *= 32768 * 10 ** (dbfs / 20) / np.sqrt(np.mean(samples**2))
    return samples.astype("<i2").tobytes()


SPEECH = noise(-20)
HUM = noise(-40)
CLICK = b"\xff\x7f" * 8 + b"\0" * 304

Frame = tuple[bytes, bool]


def ends(frames: Iterable[Frame], policy: FixedEndpoint | None = None) -> list[tuple[int, int]]:
    """Each decision: the time at which it fell, and the end of speech that it names."""
    policy = policy or FixedEndpoint()
    found = []
    for index, (pcm, is_speech) in enumerate(frames):
        decision = policy.push(pcm, index * FRAME_MS, is_speech)
        if decision is not None:
            found.append(((index + 1) * FRAME_MS, decision.ended_ms))
    return found


def said(ms: int) -> list[Frame]:
    return [(SPEECH, True)] * (ms // FRAME_MS)


def quiet(ms: int, pcm: bytes = SILENT) -> list[Frame]:
    return [(pcm, False)] * (ms // FRAME_MS)


def test_a_turn_ends_after_its_silence_counted_from_the_end_of_speech() -> None:
    assert ends(quiet(500) + said(1000) + quiet(3000)) == [(3000, 1500)]


def test_any_speech_starts_the_silence_anew() -> None:
    assert ends(said(1000) + quiet(1400) + said(100) + quiet(3000)) == [(4000, 2500)]


def test_silence_before_the_first_word_ends_nothing() -> None:
    assert ends(quiet(20_000)) == []


def test_steady_noise_does_not_hold_a_turn() -> None:
    assert ends(said(1000) + quiet(3000, HUM)) == [(2500, 1000)]


def test_what_the_detector_takes_for_speech_does_not_count_below_the_threshold() -> None:
    murmur = [(noise(-60), True)] * 200
    assert ends(said(1000) + murmur) == [(2500, 1000)]


def test_a_click_without_voice_does_not_hold_a_turn() -> None:
    assert ends(said(1000) + quiet(700) + [(CLICK, False)] + quiet(3000)) == [(2500, 1000)]


def test_threshold_and_duration_are_settings() -> None:
    patient = FixedEndpoint(silence_ms=3000, threshold_dbfs=-50)
    assert ends(said(1000) + quiet(5000), patient) == [(4000, 1000)]
    deaf = FixedEndpoint(threshold_dbfs=-10)
    assert ends(said(1000) + quiet(5000), deaf) == []


def test_the_decision_falls_at_most_half_a_second_late_wherever_speech_ends() -> None:
    for ms in range(20, 400, 20):
        (decision,) = ends(quiet(200) + said(ms) + quiet(3000))
        at_ms, ended_ms = decision
        assert ended_ms == 200 + ms
        assert 1500 <= at_ms - ended_ms <= 2000


def test_each_turn_ends_once_and_a_new_one_begins_without_memory() -> None:
    assert ends(said(1000) + quiet(9000) + said(500) + quiet(9000)) == [(2500, 1000), (12_000, 10_500)]


def test_frames_lost_on_the_line_count_as_silence() -> None:
    policy = FixedEndpoint()
    for index in range(50):
        assert policy.push(SPEECH, index * FRAME_MS, True) is None
    assert policy.push(SILENT, 4000, False) == EndOfTurn(1000)


def test_a_silence_shorter_than_a_window_is_refused() -> None:
    with pytest.raises(ValueError, match="100 ms"):
        FixedEndpoint(silence_ms=50)
