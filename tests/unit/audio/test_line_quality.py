"""The line in one word and why, from its figures."""

import pytest

from engine.audio.line_quality import LineFigures, LineState, Quality, Trouble, judged

GOOD = LineState()


def fair(*reasons: Trouble) -> LineState:
    return LineState(Quality.FAIR, reasons)


def poor(*reasons: Trouble, is_hopeless: bool = False) -> LineState:
    return LineState(Quality.POOR, reasons, is_hopeless)


@pytest.mark.parametrize(
    ("figures", "state"),
    [
        (LineFigures(), GOOD),
        (LineFigures(-20.0, -60.0, 0.0, 0.0), GOOD),
        (LineFigures(-20.0, None, None, 0.9), GOOD),
        (LineFigures(-20.0, -40.0), fair(Trouble.NOISE)),
        (LineFigures(-20.0, -30.0), poor(Trouble.NOISE)),
        (LineFigures(-20.0, -23.0), poor(Trouble.NOISE, is_hopeless=True)),
        (LineFigures(-40.0, -90.0), fair(Trouble.QUIET)),
        (LineFigures(-48.0, -90.0), poor(Trouble.QUIET)),
        (LineFigures(-60.0, -90.0), poor(Trouble.QUIET, is_hopeless=True)),
        (LineFigures(-20.0, -80.0, 3.0), fair(Trouble.CLIPPING)),
        (LineFigures(-5.0, -80.0, 90.0), poor(Trouble.CLIPPING)),
        (LineFigures(lost_percent=1.5), fair(Trouble.LOSS)),
        (LineFigures(lost_percent=6.0), poor(Trouble.LOSS)),
        (LineFigures(lost_percent=30.0), poor(Trouble.LOSS, is_hopeless=True)),
        # The worst figure decides, and only what is as bad is named.
        (LineFigures(-20.0, -30.0, 3.0, 1.5), poor(Trouble.NOISE)),
        (LineFigures(-10.0, -20.0, 12.0, 6.0), poor(Trouble.CLIPPING, Trouble.NOISE, Trouble.LOSS)),
        # A faint voice is near any noise: it is the voice that can be helped.
        (LineFigures(-50.0, -58.0), poor(Trouble.QUIET)),
        (LineFigures(-50.0, -51.0), poor(Trouble.QUIET, is_hopeless=True)),
    ],
)
def test_the_worst_figure_decides_and_is_named(figures: LineFigures, state: LineState) -> None:
    assert judged(figures) == state
