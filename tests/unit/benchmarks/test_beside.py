"""Another system's figure is read from what its benchmark prints, or it is said why there is none."""

import os
import shlex
import sys

import pytest

from benchmarks.beside import NotMeasured, us_per_frame

CORE = min(os.sched_getaffinity(0))


def printing(text: str, status: int = 0) -> str:
    code = f"import os, sys; print({text!r}, len(os.sched_getaffinity(0))); sys.exit({status})"
    return f"{sys.executable} -c {shlex.quote(code)}"


def test_the_first_figure_in_microseconds_counts() -> None:
    assert us_per_frame(printing("calls 25 | 426.2 us CPU/20ms frame, rss 3 MB, 12 us"), CORE) == 426.2


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (printing("426.2 us", status=3), "ended with 3"),
        (printing("nothing measured"), "no figure"),
        ("/nowhere/at/all", "no figure|could not be run"),
    ],
)
def test_without_a_figure_the_reason_is_given(command: str, reason: str) -> None:
    with pytest.raises(NotMeasured, match=reason):
        us_per_frame(command, CORE)
