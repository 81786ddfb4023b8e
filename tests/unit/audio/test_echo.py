"""Our own voice on its way back is told from the candidate's, with recorded speech."""

from pathlib import Path

import numpy as np
import pytest

from engine.audio import mulaw
from engine.audio.echo import EchoGuard
from engine.audio.levels import rms_dbfs
from engine.clock import FRAME_SAMPLES, ms_to_samples

RECORDINGS = Path(__file__).parents[3] / "telephony" / "simulator" / "recordings"
_HEADER_BYTES = 58


def speech(name: str) -> np.ndarray:
    audio = (RECORDINGS / f"{name}.wav").read_bytes()[_HEADER_BYTES:]
    return np.frombuffer(mulaw.decode(audio), dtype="<i2").astype(float)[: ms_to_samples(5000)]


OURS = speech("python-gil")
THEIRS = speech("databases-joins")


def returned(wave: np.ndarray, gain_db: float, delay_ms: int, room_ms: int) -> np.ndarray:
    """The wave as a speakerphone in a room gives it back."""
    random = np.random.default_rng(3)
    length = ms_to_samples(room_ms)
    tail = random.normal(size=length) * np.exp(-6.9 * np.arange(length) / length) * 0.2
    wet = np.convolve(wave, np.concatenate(([1.0], tail)))[: len(wave)]
    late = np.concatenate((np.zeros(ms_to_samples(delay_ms)), wet))[: len(wave)]
    return late * 10 ** (gain_db / 20) + random.normal(0, 20, len(wave))


def judged(candidate: np.ndarray, guard: EchoGuard | None = None) -> list[bool]:
    """What the guard says of each frame that is loud enough to be speech."""
    guard = guard or EchoGuard()
    guard.write_agent(0, encoded(OURS))
    heard = encoded(candidate)
    said = []
    for position in range(0, len(heard) - FRAME_SAMPLES, FRAME_SAMPLES):
        frame = heard[position : position + FRAME_SAMPLES]
        is_speech = rms_dbfs(mulaw.decode(frame)) > -50
        is_echo = guard.is_echo(frame, position, is_speech=is_speech)
        said += [is_echo] if is_speech else []
    return said


def encoded(wave: np.ndarray) -> bytes:
    return mulaw.encode(np.clip(wave, -32768, 32767).astype("<i2").tobytes())


def longest_run(said: list[bool], value: bool) -> int:
    longest = run = 0
    for each in said:
        run = run + 1 if each is value else 0
        longest = max(longest, run)
    return longest * 20


@pytest.mark.parametrize(("gain_db", "delay_ms", "room_ms"), [(-10, 180, 10), (-15, 300, 200), (-18, 420, 250)])
def test_an_echo_is_known_before_it_could_take_the_floor(gain_db, delay_ms, room_ms):
    said = judged(returned(OURS, gain_db, delay_ms, room_ms))
    assert sum(said) > 0.8 * len(said)
    assert longest_run(said, False) < 300


def test_a_person_is_never_taken_for_an_echo():
    assert not any(judged(THEIRS[: len(OURS)]))


def test_a_person_who_breaks_in_is_heard_over_the_echo():
    count = min(len(OURS), len(THEIRS))
    echo = returned(OURS, -20, 250, 150)[:count]
    breaks_in = np.concatenate((echo[: count // 2], (echo + THEIRS[:count])[count // 2 :]))
    said = judged(breaks_in)
    assert longest_run(said[len(said) // 2 :], False) >= 300


def test_what_was_dropped_cannot_come_back():
    guard = EchoGuard()
    guard.write_agent(0, encoded(OURS))
    guard.drop_agent_after(0)
    heard = encoded(returned(OURS, -10, 100, 10))
    frames = [heard[at : at + FRAME_SAMPLES] for at in range(0, 16_000, FRAME_SAMPLES)]
    assert not any(guard.is_echo(frame, at * FRAME_SAMPLES, is_speech=True) for at, frame in enumerate(frames))


def test_a_long_call_keeps_no_more_than_it_needs():
    guard = EchoGuard()
    second = bytes(8000)
    for number in range(120):
        guard.write_agent(number * 8000, second)
        guard.is_echo(bytes(FRAME_SAMPLES), number * 8000, is_speech=True)
    assert len(guard._played) <= 7 * 8000
