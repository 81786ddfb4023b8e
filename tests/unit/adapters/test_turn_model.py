"""The end-of-turn model: what it is given of the voice, and what becomes of a file that is none."""

from pathlib import Path

import numpy as np
import pytest

from engine.adapters.log_mel import BANDS, HOP, RATE_HZ, log_mel
from engine.adapters.turn_model import OnnxTurnModel
from engine.errors import UpstreamUnavailable
from tests.fakes.tiny_onnx import write_turn_model


def tone(hz: float, seconds: float = 1.0, rate_hz: int = RATE_HZ) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz).astype(np.float32)


def test_a_tone_lies_in_its_band_and_higher_tones_in_higher_bands() -> None:
    loudest = [int(log_mel(tone(hz)).mean(axis=1).argmax()) for hz in (200, 500, 1000, 2000, 3400)]
    assert loudest == sorted(set(loudest))
    # 15 mels at 1 kHz of 45.2 at 8 kHz, over 80 bands.
    assert loudest[2] == pytest.approx(15 / 45.2456 * 81 - 1, abs=1)


def test_levels_are_those_of_power_and_nothing_is_lower_than_eight_decades_below_the_loudest() -> None:
    loud, soft = log_mel(tone(1000)), log_mel(0.1 * tone(1000))
    assert loud.shape == (BANDS, RATE_HZ // HOP)
    assert loud.max() - soft.max() == pytest.approx(2 / 4, abs=1e-3), "a tenth of the amplitude is two decades"
    assert loud.max() - loud.min() <= 8 / 4 + 1e-6


def test_an_opinion_is_the_same_for_the_last_eight_seconds_whatever_came_before(tmp_path: Path) -> None:
    model = OnnxTurnModel(write_turn_model(tmp_path / "turn.onnx"))
    line = (8000 * tone(300, 8, 8000)).astype("<i2").tobytes()
    share = model.score(line)
    assert 0 < share < 1
    assert model.score(b"\x10\x20" * 16_000 + line) == share
    assert model.score(b"") != share
    assert 0 <= model.score(line[: 2 * 4000]) <= 1


def test_a_file_that_is_no_such_model_is_refused_with_its_name(tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"not a model")
    with pytest.raises(UpstreamUnavailable, match=r"TURN_MODEL: .*other\.onnx is no model"):
        OnnxTurnModel(other)
    with pytest.raises(UpstreamUnavailable, match="takes audio, not input_features"):
        OnnxTurnModel(write_turn_model(other, takes="audio"))
