"""Properties of the audio part that must hold for whatever comes down a line."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio import mulaw
from engine.audio.endpoint import FixedEndpoint
from engine.audio.levels import rms_dbfs
from engine.audio.normaliser import MOST_DB, NORMAL_DBFS, LevelNormaliser
from engine.audio.resample import Resampler, resample
from engine.audio.voice import Began, Confirmed, Ended, SpeechTracker
from engine.clock import FRAME_MS

RATES = [(8000, 16000), (16000, 8000), (24000, 8000), (8000, 24000), (16000, 24000), (24000, 16000)]
DOWNWARDS = [(16000, 8000), (22050, 8000), (24000, 8000), (44100, 8000), (48000, 8000)]


def tone(frequency_hz: float, rate_hz: int, samples: int) -> bytes:
    return np.round(10_000 * np.sin(2 * np.pi * frequency_hz * np.arange(samples) / rate_hz)).astype("<i2").tobytes()


@given(
    rates=st.sampled_from(RATES + DOWNWARDS),
    samples=st.integers(0, 3000),
    seed=st.integers(0, 2**16),
    cuts=st.lists(st.integers(0, 3000), max_size=30),
)
@settings(max_examples=150, deadline=None)
def test_resampling_does_not_depend_on_how_the_input_is_cut(
    rates: tuple[int, int], samples: int, seed: int, cuts: list[int]
) -> None:
    from_hz, to_hz = rates
    pcm = np.random.default_rng(seed).integers(-32768, 32767, samples).astype("<i2").tobytes()
    resampler = Resampler(from_hz, to_hz)
    edges = [0, *sorted(min(cut, samples) for cut in cuts), samples]
    pieces = [resampler.push(pcm[2 * a : 2 * b]) for a, b in pairwise(edges)]
    output = b"".join(pieces) + resampler.flush()
    assert len(output) // 2 == -(-samples * to_hz // from_hz)
    assert output == resample(pcm, from_hz, to_hz)


@pytest.mark.parametrize("rates", RATES + DOWNWARDS)
def test_a_tone_keeps_its_phase(rates: tuple[int, int]) -> None:
    from_hz, to_hz = rates
    heard = np.frombuffer(resample(tone(1000, from_hz, from_hz), from_hz, to_hz), dtype="<i2").astype(float)
    expected = 10_000 * np.sin(2 * np.pi * 1000 * np.arange(len(heard)) / to_hz)
    assert np.abs(heard - expected)[400:-400].max() < 20


@given(rates=st.sampled_from(DOWNWARDS), share=st.floats(0.02, 0.98))
@settings(max_examples=60, deadline=None)
def test_what_the_lower_rate_cannot_carry_is_at_least_40_db_down(rates: tuple[int, int], share: float) -> None:
    from_hz, to_hz = rates
    frequency_hz = to_hz / 2 + share * (from_hz - to_hz) / 2
    heard = np.frombuffer(resample(tone(frequency_hz, from_hz, from_hz // 2), from_hz, to_hz), dtype="<i2")
    assert np.sqrt(np.mean(heard[400:-400].astype(float) ** 2)) < 7071 / 100


def test_a_flushed_resampler_is_as_new() -> None:
    resampler = Resampler(24000, 8000)
    first = resampler.push(tone(500, 24000, 2400)) + resampler.flush()
    assert resampler.push(tone(500, 24000, 2400)) + resampler.flush() == first


def test_half_a_sample_and_impossible_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="no whole number"):
        Resampler(8000, 16000).push(b"\0")
    with pytest.raises(ValueError, match="positive"):
        Resampler(0, 8000)


@given(st.binary(max_size=2000))
def test_mulaw_keeps_the_length_and_a_second_trip_changes_nothing(codes: bytes) -> None:
    once = mulaw.encode(mulaw.decode(codes))
    assert len(once) == len(codes)
    assert mulaw.encode(mulaw.decode(once)) == once


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=400))
def test_speech_always_begins_before_it_is_confirmed_and_then_ends(frames: list[tuple[bool, int]]) -> None:
    tracker = SpeechTracker()
    at_ms, last_ms, expected = 0, 0, {Began}
    for is_speech, step in frames:
        at_ms += step * FRAME_MS
        for change in tracker.push(is_speech, at_ms):
            assert type(change) in expected
            match change:
                case Began(began_ms):
                    assert last_ms <= began_ms <= at_ms
                    last_ms, expected = began_ms, {Confirmed, Ended}
                case Confirmed(began_ms):
                    assert began_ms == last_ms
                    expected = {Ended}
                case Ended(ended_ms):
                    assert last_ms <= ended_ms <= at_ms + FRAME_MS
                    last_ms, expected = ended_ms, {Began}
        assert tracker.is_speaking == (Began not in expected)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([-80, -55, -45, -20])), max_size=500))
@settings(deadline=None)
def test_a_turn_ends_only_after_the_full_silence_and_within_half_a_second_of_it(
    frames: list[tuple[bool, int]],
) -> None:
    policy = FixedEndpoint(silence_ms=600)
    loud_speech_ms, told_ms = None, None
    square = np.tile(np.array([1, -1]), 80)
    for index, (is_speech, dbfs) in enumerate(frames):
        now_ms = (index + 1) * FRAME_MS
        pcm = (square * 32768 * 10 ** (dbfs / 20)).astype("<i2").tobytes()
        if is_speech and dbfs == -20:
            loud_speech_ms, told_ms = now_ms, None
        decision = policy.push(pcm, index * FRAME_MS, is_speech)
        if decision is not None:
            told_ms = now_ms
            assert now_ms - decision.ended_ms >= 600
            assert loud_speech_ms is None or decision.ended_ms >= loud_speech_ms
        is_quiet_since = all(not speech for speech, _ in frames[max(0, index - 54) : index + 1])
        if loud_speech_ms is not None and index >= 54 and is_quiet_since:
            assert told_ms is not None


@given(levels=st.lists(st.floats(-80.0, 0.0), min_size=1, max_size=30), seed=st.integers(0, 2**16))
@settings(max_examples=100, deadline=None)
def test_a_voice_is_never_made_quieter_nor_louder_than_is_normal_nor_cut_off(levels: list[float], seed: int) -> None:
    normaliser = LevelNormaliser()
    for level in levels:
        normaliser.settle(level)
        assert 0 <= normaliser.gain_db <= MOST_DB
        assert level + normaliser.gain_db <= max(level, NORMAL_DBFS + 9.0)
        assert level + normaliser.gain_db >= min(NORMAL_DBFS - 9.0, level + MOST_DB)
    pcm = np.random.default_rng(seed).normal(0, 32768 * 10 ** (levels[-1] / 20), 160).clip(-32768, 32767)
    frame = mulaw.encode(pcm.astype("<i2").tobytes())
    before, after = mulaw.decode(frame), mulaw.decode(normaliser.louder(frame))
    ours, theirs = (np.frombuffer(each, dtype="<i2").astype(int) for each in (after, before))
    assert np.all(np.sign(ours) * np.sign(theirs) >= 0)
    assert np.all(np.abs(ours) >= np.abs(theirs) * 0.7)
    assert rms_dbfs(after) <= max(rms_dbfs(before), NORMAL_DBFS + 9.0) + 1.0


@given(level=st.floats(-32.0, 0.0), frame=st.binary(min_size=160, max_size=160))
def test_a_voice_of_a_usual_level_is_left_as_it_came(level: float, frame: bytes) -> None:
    normaliser = LevelNormaliser()
    normaliser.settle(level)
    normaliser.settle(None)
    assert normaliser.louder(frame) == frame
