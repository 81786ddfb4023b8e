"""Troubles of a line are noticed while the call goes on, each once."""

import pytest

from engine.dialogue.line_troubles import Trouble
from telephony.line_watch import LineWatch
from telephony.sound_meter import SoundMeter


def pcm(level: int) -> bytes:
    return b"".join((level if number % 2 else -level).to_bytes(2, "little", signed=True) for number in range(160))


def watched(speech: int, noise: int, *, seconds: int = 8, echo: bool = False) -> LineWatch:
    sound = SoundMeter()
    watch = LineWatch(sound)
    for number in range(seconds * 50):
        is_speech = number % 100 < 50
        sound.frame(pcm(speech if is_speech else noise), is_speech)
        watch.frame(is_echo=echo and number % 10 == 0)
    return watch


@pytest.mark.parametrize(
    ("speech", "noise", "trouble"),
    [(3000, 10, None), (120, 2, Trouble.QUIET), (32_500, 10, Trouble.CLIPPING), (3000, 1000, Trouble.NOISE)],
)
def test_each_trouble_is_told_by_its_figure(speech, noise, trouble):
    assert watched(speech, noise).troubles == ([trouble] if trouble else [])


def test_nothing_is_judged_before_enough_was_heard():
    assert watched(120, 2, seconds=4).troubles == []


def test_an_echo_is_a_trouble_and_counted():
    watch = watched(3000, 10, echo=True)
    assert watch.troubles == [Trouble.ECHO]
    measured = watch.measured(8000, {"gaps_filled": 2})
    assert measured["troubles"] == "echo" and measured["echo_ms"] == 800 and measured["gaps_filled"] == 2
    assert measured["line"] == "good"
