"""A line is told about when it truly changes, and each of its troubles once."""

import pytest

from engine.audio.line_quality import LineState, Quality, Trouble
from engine.audio.line_watch import LineWatch, Noticed


def pcm(level: int) -> bytes:
    return b"".join((level if number % 2 else -level).to_bytes(2, "little", signed=True) for number in range(160))


class Line:
    """Speaks over a line and keeps what is noticed, with the second in which it was."""

    def __init__(self) -> None:
        self.watch = LineWatch()
        self.noticed: list[tuple[int, Noticed]] = []
        self._frames = 0

    def hear(
        self, speech: int, noise: int, *, seconds: int, share: int = 25, echo: bool = False, lost_ms: int = 0
    ) -> None:
        """So many seconds of which `share` frames are speech. lost_ms: in each second."""
        for _ in range(seconds):
            self.watch.sound.lost(lost_ms)
            for number in range(50):
                is_speech = number < share
                self._keep(
                    self.watch.frame(
                        pcm(speech if is_speech else noise),
                        is_speech=is_speech,
                        is_echo=echo and number >= 45,
                    )
                )
                if number == share - 1 + 10:
                    self._keep(self.watch.speech_over())
                self._frames += 1

    def _keep(self, noticed: Noticed | None) -> None:
        if noticed is not None:
            self.noticed.append((self._frames // 50, noticed))

    @property
    def states(self) -> list[tuple[int, Quality]]:
        return [(second, noticed.state.quality) for second, noticed in self.noticed if noticed.state is not None]


@pytest.mark.parametrize(
    ("speech", "noise", "trouble"),
    [(3000, 10, None), (120, 2, Trouble.QUIET), (32_500, 10, Trouble.CLIPPING), (3000, 1000, Trouble.NOISE)],
)
def test_each_trouble_is_told_by_its_figure_and_once(speech: int, noise: int, trouble: Trouble | None) -> None:
    line = Line()
    line.hear(0, noise, seconds=3, share=0)
    line.hear(speech, noise, seconds=20)
    assert line.watch.troubles == ([trouble] if trouble else [])
    assert [each.troubles for _, each in line.noticed if each.troubles] == ([(trouble,)] if trouble else [])


def test_the_first_words_are_judged_as_soon_as_they_are_over() -> None:
    line = Line()
    line.hear(0, 1000, seconds=4, share=0)
    assert line.noticed == []
    line.hear(3000, 1000, seconds=1, share=30)
    assert line.noticed == [(4, Noticed(LineState(Quality.POOR, (Trouble.NOISE,)), (Trouble.NOISE,), None))]


def test_less_than_a_word_is_not_judged() -> None:
    line = Line()
    line.hear(0, 10, seconds=4, share=0)
    line.hear(120, 10, seconds=1, share=15)
    assert line.noticed == []


def test_a_line_that_stays_as_it_is_is_told_once() -> None:
    line = Line()
    line.hear(3000, 10, seconds=120)
    assert len(line.noticed) == 1
    assert line.noticed[0][1].state == LineState()


def test_a_change_for_the_worse_is_believed_after_three_seconds_and_for_the_better_after_fifteen() -> None:
    line = Line()
    line.hear(3000, 10, seconds=10)
    line.hear(3000, 1000, seconds=30)
    line.hear(3000, 10, seconds=30)
    (_, first), (worse, second), (better, third) = line.states
    assert (first, second, third) == (Quality.GOOD, Quality.POOR, Quality.GOOD)
    assert 13 <= worse <= 22
    assert 55 <= better <= 64


def test_noise_that_is_over_in_a_moment_changes_nothing() -> None:
    line = Line()
    line.hear(3000, 10, seconds=10)
    for _ in range(6):
        line.hear(3000, 1000, seconds=2)
        line.hear(3000, 10, seconds=20)
    assert [quality for _, quality in line.states] == [Quality.GOOD]
    assert line.watch.troubles == []


def test_a_line_on_which_nobody_is_understood_is_given_up_once_and_not_after_a_word() -> None:
    line = Line()
    line.hear(0, 2500, seconds=4, share=0)
    line.hear(3000, 2500, seconds=1, share=30)
    assert line.noticed[0][1].hopeless is None
    line.hear(3000, 2500, seconds=10, share=30)
    assert [each.hopeless for _, each in line.noticed if each.hopeless] == [Trouble.NOISE]


def test_three_looks_must_agree_before_a_line_is_called_worse() -> None:
    line = Line()
    line.hear(3000, 10, seconds=10)
    line.watch.sound.lost(300)
    line.hear(3000, 10, seconds=5)
    assert line.states[1:] == [(12, Quality.FAIR)]


def test_audio_that_gets_lost_makes_a_line_poor() -> None:
    line = Line()
    line.hear(3000, 10, seconds=10)
    line.hear(3000, 10, seconds=15, lost_ms=100)
    assert line.states[-1][1] is Quality.POOR
    assert line.watch.troubles == [Trouble.LOSS]


def test_an_echo_is_a_trouble_and_counted() -> None:
    line = Line()
    line.hear(3000, 10, seconds=8, echo=True)
    assert line.watch.troubles == [Trouble.ECHO]
    measured = line.watch.measured(8000, {"gaps_filled": 2})
    assert measured["troubles"] == "echo" and measured["echo_ms"] == 800 and measured["gaps_filled"] == 2
    assert measured["line"] == "good"


def test_the_report_has_the_same_judgement_and_for_how_long_each_was_shown() -> None:
    line = Line()
    line.hear(3000, 10, seconds=60)
    line.hear(3000, 1000, seconds=30)
    measured = line.watch.measured(90_000)
    assert measured["line"] == "good"
    assert "because" not in measured
    assert measured["troubles"] == "noise"
    assert measured["time_good_s"] + measured.get("time_fair_s", 0) + measured["time_poor_s"] == 90
    assert 20 <= measured["time_poor_s"] <= 27
    noisy = Line()
    noisy.hear(3000, 1000, seconds=30)
    assert (noisy.watch.measured(30_000)["line"], noisy.watch.measured(30_000)["because"]) == ("poor", "noise")
