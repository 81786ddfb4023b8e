import pytest

from telephony.sound_meter import SoundMeter, verdict

LOUD = (8000).to_bytes(2, "little", signed=True) * 160
CLIPPED = (32124).to_bytes(2, "little", signed=True) * 160
QUIET = (20).to_bytes(2, "little", signed=True) * 160


def test_speech_and_noise_are_measured_apart():
    meter = SoundMeter()
    for _ in range(10):
        meter.frame(LOUD, True)
        meter.frame(QUIET, False)
    meter.frame(CLIPPED, True)
    data = meter.as_data()
    assert data["noise_dbfs"] == pytest.approx(-64.3, abs=0.1)
    assert -12.3 < data["loudness_dbfs"] < -8.0
    assert data["clipped_percent"] == pytest.approx(100 / 11, abs=0.1)


def test_a_call_without_sound_has_no_levels():
    assert SoundMeter().as_data() == {}


@pytest.mark.parametrize(
    ("quality", "word"),
    [
        ({"loudness_dbfs": -20.0, "noise_dbfs": -60.0}, "good"),
        ({}, "good"),
        ({"loudness_dbfs": -20.0, "noise_dbfs": -40.0}, "fair"),
        ({"loudness_dbfs": -20.0, "noise_dbfs": -30.0}, "poor"),
        ({"filled_ms": 1500}, "fair"),
        ({"filled_ms": 6000}, "poor"),
        ({"loudness_dbfs": -48.0, "noise_dbfs": -90.0}, "poor"),
        ({"clipped_percent": 3.0}, "fair"),
    ],
)
def test_the_worst_figure_decides(quality, word):
    assert verdict(quality, 100_000) == word
