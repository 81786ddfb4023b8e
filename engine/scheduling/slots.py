"""The slots from which a candidate picks: what is open in a window, as calendars work it out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from engine.errors import ScheduleError
from engine.scheduling.calling_hours import CallingHours, is_calling_hour
from engine.scheduling.zones import LocalTime, derive

MOST_DAYS = 31
_STEPS_MIN = (15, 20, 30, 60)


@dataclass(frozen=True, slots=True)
class Span:
    """From `begins` up to, but without, `ends`; instants in UTC."""

    begins: datetime
    ends: datetime

    def overlaps(self, other: "Span") -> bool:
        return self.begins < other.ends and other.begins < self.ends

    def widened(self, by: timedelta) -> "Span":
        return Span(self.begins - by, self.ends + by)


@dataclass(frozen=True, slots=True)
class Opening:
    """Hours on one weekday (Monday is 0), on the wall of the window's zone."""

    weekday: int
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Window:
    """In which days and hours a candidate may choose. Hours are those of `zone_name`, the host's zone as a rule."""

    first_day: date
    last_day: date
    zone_name: str
    openings: tuple[Opening, ...]
    length_min: int
    """How long the call is planned to take."""
    step_min: int = 30
    notice_min: int = 60
    """A slot must lie at least so far ahead when it is picked."""
    buffer_min: int = 0
    """Kept free before and after each call."""
    most_a_day: int = 8
    """Calls that the host takes on one day."""


@dataclass(frozen=True, slots=True)
class Callee:
    """Whose telephone will ring."""

    rules: tzinfo
    region: str
    hours: CallingHours


def check_window(window: Window, now: datetime) -> None:
    """Raises ScheduleError, saying what to change, for a window in which nobody could ever pick."""
    if window.last_day < window.first_day:
        raise ScheduleError("The last day lies before the first one. Exchange the two.")
    if (window.last_day - window.first_day).days >= MOST_DAYS:
        raise ScheduleError(f"A window spans at most {MOST_DAYS} days. Choose an earlier last day.")
    if window.last_day < now.date() - timedelta(days=1):
        raise ScheduleError("This window has passed. Choose days that lie ahead.")
    if not window.openings or any(opening.begins >= opening.ends for opening in window.openings):
        raise ScheduleError("Choose at least one weekday, and hours that end later than they begin.")
    if window.step_min not in _STEPS_MIN:
        raise ScheduleError("Slots can begin every 15, 20, 30 or 60 minutes.")


def free_slots(window: Window, rules: tzinfo, callee: Callee, busy: Sequence[Span], now: datetime) -> list[datetime]:
    """The beginnings that may still be picked, in order, in UTC.

    rules: of the window's zone. busy: the host's other calls. A slot must fit into the opening, into the calling hours
    of the candidate (its end may lie later), keep the notice and the buffer, and not exceed the host's calls of a day.
    """
    length, buffer = timedelta(minutes=window.length_min), timedelta(minutes=window.buffer_min)
    earliest = now + timedelta(minutes=window.notice_min)
    taken = [span.widened(buffer) for span in busy]
    calls_on: dict[date, int] = {}
    for span in busy:
        day = span.begins.astimezone(rules).date()
        calls_on[day] = calls_on.get(day, 0) + 1
    return sorted(
        {
            at
            for day, at in _beginnings(window, rules)
            if at >= earliest
            and calls_on.get(day, 0) < window.most_a_day
            and is_calling_hour(at, callee.rules, callee.region, callee.hours)
            and not any(Span(at, at + length).overlaps(span) for span in taken)
        }
    )


def _beginnings(window: Window, rules: tzinfo) -> Iterator[tuple[date, datetime]]:
    step, length = timedelta(minutes=window.step_min), timedelta(minutes=window.length_min)
    day = window.first_day
    while day <= window.last_day:
        for opening in window.openings:
            if opening.weekday != day.weekday():
                continue
            begins, ends = (
                derive(LocalTime(datetime.combine(day, hour), window.zone_name), rules).at
                for hour in (opening.begins, opening.ends)
            )
            at = begins.astimezone(UTC)
            while at + length <= ends:
                yield day, at
                at += step
        day += timedelta(days=1)
