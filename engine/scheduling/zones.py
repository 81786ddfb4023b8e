"""Wall times and instants: what is stored is the hour on the candidate's wall; the instant follows from it.

The rules of a zone are handed in, so that the same booking can be worked out under another edition of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from engine.errors import AmbiguousTime, MissingTime, ScheduleError

_ONE_DAY = timedelta(days=1)


class Which(StrEnum):
    """Of an hour that comes twice when the clocks go back: which one is meant."""

    FIRST = "first"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class LocalTime:
    """An hour as the candidate sees it on the wall."""

    wall: datetime
    """Without a zone."""
    zone_name: str
    which: Which | None = None
    """Needed only for an hour that comes twice."""


@dataclass(frozen=True, slots=True)
class Derived:
    """An instant worked out anew."""

    at: datetime
    is_shifted: bool
    """Under these rules the wall time no longer exists: the instant is the first one after the gap."""


def instant_of(wanted: LocalTime, rules: tzinfo) -> datetime:
    """The instant, in UTC, of a wall time that somebody asks for.

    Raises AmbiguousTime for an hour that comes twice when `which` is not said, MissingTime for one that the clocks
    skip, ScheduleError for a wall time that carries a zone already.
    """
    wall = wanted.wall
    if wall.tzinfo is not None:
        raise ScheduleError("Give the time as the clock shows it in the candidate's zone, without an offset.")
    first, second = _readings(wall, rules)
    if first == second:
        return first
    if _wall_at(first, rules) != wall:
        before, after = _gap(wall, rules)
        raise MissingTime(
            f"The clocks go forward over {wall:%H:%M} on {wall:%-d %B %Y} in {wanted.zone_name}: that time does not "
            f"exist. The nearest ones are {before:%H:%M} and {after:%H:%M}.",
            neighbours=(before.isoformat(), after.isoformat()),
        )
    if wanted.which is None:
        raise AmbiguousTime(
            f"The clocks go back over {wall:%H:%M} on {wall:%-d %B %Y} in {wanted.zone_name}: that time comes twice. "
            "Say whether the first or the second is meant.",
            choices=(first.isoformat(), second.isoformat()),
        )
    return first if wanted.which is Which.FIRST else second


def derive(kept: LocalTime, rules: tzinfo) -> Derived:
    """The instant of a wall time that was agreed on earlier, under today's rules. Never fails.

    An hour that has become ambiguous is taken at its first coming; one that is skipped now moves to the gap's end.
    """
    first, second = _readings(kept.wall, rules)
    if first != second and _wall_at(first, rules) != kept.wall:
        _, after = _gap(kept.wall, rules)
        return Derived(_readings(after, rules)[0], is_shifted=True)
    return Derived(second if kept.which is Which.SECOND else first, is_shifted=False)


def wall_time(at: datetime, rules: tzinfo, zone_name: str) -> LocalTime:
    """How the candidate's clock shows an instant."""
    wall = _wall_at(at, rules)
    first, second = _readings(wall, rules)
    if first == second:
        return LocalTime(wall, zone_name)
    return LocalTime(wall, zone_name, Which.SECOND if at == second else Which.FIRST)


def _readings(wall: datetime, rules: tzinfo) -> tuple[datetime, datetime]:
    """The wall time read with the offset before a change and with the one after it; mostly the same instant."""
    before, after = (wall.replace(tzinfo=rules, fold=fold).astimezone(UTC) for fold in (0, 1))
    return before, after


def _wall_at(at: datetime, rules: tzinfo) -> datetime:
    return at.astimezone(rules).replace(tzinfo=None, fold=0)


def _gap(wall: datetime, rules: tzinfo) -> tuple[datetime, datetime]:
    """The last whole minute before the clocks jump over this wall time, and the first one after it."""
    low, high = wall.replace(tzinfo=UTC) - _ONE_DAY, wall.replace(tzinfo=UTC) + _ONE_DAY
    # The instants around the jump are searched by halves: before it, clocks show less than `wall`; after it, more.
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle == low:
            break
        low, high = (middle, high) if _wall_at(middle, rules) < wall else (low, middle)
    after = _wall_at(high, rules)
    return _wall_at(high, rules) - _jump(high, rules) - timedelta(minutes=1), after


def _jump(at: datetime, rules: tzinfo) -> timedelta:
    earlier = at - timedelta(seconds=1)
    return _wall_at(at, rules) - _wall_at(earlier, rules) - timedelta(seconds=1)
