import numpy as np
import pytest

from engine.audio import levels


def sine(amplitude: float, samples: int = 8000) -> bytes:
    return (amplitude * np.sin(2 * np.pi * 440 * np.arange(samples) / 8000)).astype("<i2").tobytes()


def test_a_full_scale_square_lies_at_zero_and_a_sine_three_decibels_below() -> None:
    square = np.tile(np.array([32767, -32768], dtype="<i2"), 100).tobytes()
    assert levels.rms_dbfs(square) == pytest.approx(0.0, abs=0.01)
    assert levels.rms_dbfs(sine(32767)) == pytest.approx(-3.01, abs=0.05)


def test_half_the_amplitude_is_six_decibels_less() -> None:
    assert levels.rms_dbfs(sine(16000)) - levels.rms_dbfs(sine(8000)) == pytest.approx(6.02, abs=0.05)


def test_silence_has_the_quietest_level_and_so_has_nothing() -> None:
    assert levels.rms_dbfs(b"\0" * 320) == levels.rms_dbfs(b"") == levels.QUIETEST_DBFS


def test_clipping_share_counts_samples_at_the_end_of_the_scale() -> None:
    samples = np.array([0, 32767, -32768, 100], dtype="<i2").tobytes()
    assert levels.clipping_share(samples) == 0.5
    assert levels.clipping_share(sine(20000)) == 0.0
    assert levels.clipping_share(b"") == 0.0


def test_peaks_outline_the_waveform() -> None:
    pcm = b"\0" * 200 + sine(16384, 100) + b"\0" * 200
    assert levels.peaks(pcm, 3)[0] == 0.0
    assert levels.peaks(pcm, 3)[1] == pytest.approx(0.5, abs=0.01)
    assert len(levels.peaks(pcm, 7)) == 7


def test_a_waveform_never_has_more_peaks_than_samples() -> None:
    assert levels.peaks(b"\0\x40" * 2, 100) == [0.5, 0.5]
    assert levels.peaks(b"", 100) == []
    with pytest.raises(ValueError, match="at least one peak"):
        levels.peaks(b"\0\0", 0)
