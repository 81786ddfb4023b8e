from datetime import UTC, datetime

import pytest

from dashboard.local_time import clock_text, clock_words, moment_text


def test_a_moment_is_told_in_the_readers_zone_with_its_name() -> None:
    assert moment_text(datetime(2026, 11, 30, 13, 30, tzinfo=UTC), "Europe/Berlin") == "30 Nov 2026, 14:30 CET"
    assert moment_text(datetime(2026, 7, 1, 13, 30, tzinfo=UTC), "Europe/Berlin") == "1 Jul 2026, 15:30 CEST"


def test_an_unknown_zone_reads_as_utc() -> None:
    assert moment_text(datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "Mars/Olympus") == "2 Jan 2026, 03:04 UTC"


@pytest.mark.parametrize(
    ("at_ms", "text"), [(0, "0:00"), (999, "0:00"), (83_400, "1:23"), (3_723_000, "1:02:03"), (-5, "0:00")]
)
def test_moments_of_a_call_read_like_a_clock(at_ms: int, text: str) -> None:
    assert clock_text(at_ms) == text


def test_durations_read_in_words() -> None:
    assert clock_words(9_999) == "9 s"
    assert clock_words(425_000) == "7 min 05 s"
