"""Practice calls that come again: the same hour on the wall, daily or weekly, a given number of times."""

from datetime import timedelta
from enum import StrEnum

from engine.errors import ScheduleError
from engine.scheduling.zones import LocalTime

MOST_TIMES = 30


class Rhythm(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"


_STEPS = {Rhythm.DAILY: timedelta(days=1), Rhythm.WEEKLY: timedelta(weeks=1)}


def occurrences(first: LocalTime, rhythm: Rhythm, times: int, every: int = 1) -> list[LocalTime]:
    """The wall times of a series, the first one included.

    times: 1 to 30. every: 1 for each day or week, 2 for every other one, up to 8. The hour on the wall stays, also
    across a change of the clocks. Raises ScheduleError for figures outside of these.
    """
    if not 1 <= times <= MOST_TIMES:
        raise ScheduleError(f"A series has from 1 to {MOST_TIMES} calls.")
    if not 1 <= every <= 8:
        raise ScheduleError("Calls can come every day or week, up to every eighth.")
    step = _STEPS[rhythm] * every
    return [LocalTime(first.wall + number * step, first.zone_name, first.which) for number in range(times)]


def in_words(rhythm: Rhythm, times: int) -> str:
    """RRULE-like, for people: 5 times, once a week"""
    often = "once a day" if rhythm is Rhythm.DAILY else "once a week"
    return f"{times} times, {often}" if times > 1 else "once"
