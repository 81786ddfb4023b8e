"""Loudness, noise, clipping and loss of a call, over all of it and over its latest stretch."""

from dataclasses import replace

import numpy as np
import pytest

from engine.audio.line_quality import LineFigures
from engine.audio.sound_meter import SoundMeter


def level(sample: int) -> bytes:
    """20 ms of a square wave."""
    return b"".join((sample if number % 2 else -sample).to_bytes(2, "little", signed=True) for number in range(160))


LOUD, CLIPPED, QUIET = level(8000), level(32124), level(20)


def seconds(meter: SoundMeter, count: int, *, speech: bytes = LOUD, noise: bytes = QUIET, share: int = 30) -> None:
    """So many seconds, `share` frames of each being speech."""
    for _ in range(count):
        for number in range(50):
            meter.frame(speech if number < share else noise, number < share)
        meter.second_over()


def test_speech_and_noise_are_measured_apart() -> None:
    meter = SoundMeter()
    seconds(meter, 6)
    assert replace(meter.whole(6000), distorted_percent=None) == LineFigures(-12.2, -64.3, 0.0, 0.0)
    assert meter.whole(6000) == meter.latest()
    assert meter.speech_ms == 3600


def test_a_call_without_sound_has_no_levels() -> None:
    assert SoundMeter().whole(0) == SoundMeter().latest() == LineFigures()


def test_too_little_speech_says_nothing_and_a_single_loud_syllable_no_clipping() -> None:
    meter = SoundMeter()
    for _ in range(19):
        meter.frame(CLIPPED, True)
    assert meter.latest().loudness_dbfs is None
    for _ in range(11):
        meter.frame(CLIPPED, True)
    assert meter.latest().loudness_dbfs == pytest.approx(-0.2, abs=0.1)
    assert meter.latest().clipped_percent is None
    for _ in range(20):
        meter.frame(LOUD, True)
    assert meter.latest().clipped_percent == 60.0


def test_beginnings_and_ends_of_speech_that_the_detector_takes_for_none_are_no_noise() -> None:
    meter = SoundMeter()
    for _ in range(40):
        for number in range(50):
            # Three frames of speech before and after are taken for noise, as a detector does.
            meter.frame(LOUD if number < 26 else QUIET, 3 <= number < 23)
        meter.second_over()
    assert meter.whole(40_000).noise_dbfs == pytest.approx(-64.3, abs=0.1)
    assert meter.latest().noise_dbfs == pytest.approx(-64.3, abs=0.1)


def test_how_the_line_is_now_forgets_how_it_was_and_the_whole_call_does_not() -> None:
    meter = SoundMeter()
    seconds(meter, 60)
    seconds(meter, 20, speech=level(800), noise=level(200))
    assert meter.latest().loudness_dbfs == pytest.approx(-32.2, abs=0.1)
    assert meter.latest().noise_dbfs == pytest.approx(-44.3, abs=0.1)
    whole = meter.whole(80_000)
    assert -13.6 < (whole.loudness_dbfs or 0) < -13.0
    assert whole.noise_dbfs == pytest.approx(-64.3, abs=0.1)


def test_a_voice_that_was_cut_off_and_made_quieter_is_told_by_its_flat_tops() -> None:
    triangle = np.abs(np.arange(160) % 80 - 40) * 400 - 8000
    whole, cut = (wave.astype("<i2").tobytes() for wave in (triangle, np.clip(triangle, -3000, 3000)))
    for pcm, share in ((whole, 0.0), (cut, 100.0)):
        meter = SoundMeter()
        for number in range(600):
            meter.frame(pcm if number % 3 else bytes(320), True)
        assert meter.whole(12_000).distorted_percent == meter.latest().distorted_percent == share
        assert meter.whole(12_000).clipped_percent == 0.0


def test_lost_audio_counts_for_a_while_and_in_the_whole_call() -> None:
    meter = SoundMeter()
    meter.lost(300)
    seconds(meter, 5)
    assert meter.latest().lost_percent == 2.0
    seconds(meter, 15)
    assert meter.latest().lost_percent == 0.0
    assert meter.whole(20_000).lost_percent == 1.5
