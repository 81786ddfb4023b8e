"""When a telephone may ring: from 8 to 21 on the candidate's clock, narrower where a region's rules are.

The regions' rules stand in data/calling_hours.toml, each with its source.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path

from engine.errors import ScheduleError
from engine.scheduling.phone_numbers import region_of
from engine.scheduling.zones import LocalTime, derive

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DATA = Path(__file__).parent / "data" / "calling_hours.toml"
_DAYS_SEARCHED = 15
_NORTH_AMERICA = "+1"
_PART_LENGTH = len("+1305")


@dataclass(frozen=True, slots=True)
class Hours:
    """From `opens` up to, but without, `closes`; a day on which both are equal has no hours."""

    opens: time
    closes: time

    @property
    def is_closed(self) -> bool:
        return self.opens >= self.closes

    def holds(self, at: time) -> bool:
        return self.opens <= at < self.closes


@dataclass(frozen=True, slots=True)
class CallingHours:
    """Hours for each weekday, Monday first, and per region where they are narrower."""

    usual: tuple[Hours, ...]
    regions: Mapping[str, tuple[Hours, ...]]
    parts: Mapping[str, str] = field(default_factory=dict)
    """Beginnings of numbers in parts of a region that have hours of their own: +1305 to US-FL."""

    def region_of(self, phone: str) -> str:
        """The region of an E.164 number whose hours hold for it."""
        return self.parts.get(phone[:_PART_LENGTH]) or region_of(phone)

    def on(self, region: str, weekday: int) -> Hours:
        """The hours of a region, or of a part of one, on a weekday (Monday is 0)."""
        return self.regions.get(region, self.usual)[weekday]


def load_calling_hours(path: Path = _DATA) -> CallingHours:
    """The rules from their file. Raises ScheduleError, naming the place, where the file is malformed."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    usual = _week(tables.get("usual", {}), None, "usual")
    regions = tables.get("regions", {})
    for name, rules in {"usual": tables.get("usual", {}), **regions}.items():
        if not rules.get("source"):
            raise ScheduleError(f"{name} in the calling hours names no source.")
    parts = {f"{_NORTH_AMERICA}{code}": name for name, rules in regions.items() for code in rules.get("area_codes", ())}
    return CallingHours(usual, {name: _week(rules, usual, name) for name, rules in regions.items()}, parts)


def is_calling_hour(at: datetime, rules: tzinfo, region: str, hours: CallingHours) -> bool:
    """Whether a telephone in this zone and region may ring at this instant."""
    local = at.astimezone(rules)
    return hours.on(region, local.weekday()).holds(local.time())


def next_calling_hour(at: datetime, rules: tzinfo, region: str, hours: CallingHours) -> datetime:
    """The instant itself when the telephone may ring then, else the next opening, in UTC."""
    if is_calling_hour(at, rules, region, hours):
        return at.astimezone(UTC)
    local = at.astimezone(rules)
    for day in (local.date() + timedelta(days=number) for number in range(_DAYS_SEARCHED)):
        open_hours = hours.on(region, day.weekday())
        opening = derive(LocalTime(datetime.combine(day, open_hours.opens), ""), rules).at
        if not open_hours.is_closed and opening > at:
            return opening
    raise ScheduleError(f"The rules for {region} leave no hour in which to call. Check the data file.")


def hours_in_words(hours: Hours) -> str:
    """08:00 to 21:00"""
    return "not at all" if hours.is_closed else f"{hours.opens:%H:%M} to {hours.closes:%H:%M}"


def _week(table: Mapping[str, object], usual: tuple[Hours, ...] | None, name: str) -> tuple[Hours, ...]:
    every = _hours(table["every_day"], name) if "every_day" in table else None
    week = []
    for number, day in enumerate(WEEKDAYS):
        if day in table:
            week.append(_hours(table[day], f"{name}.{day}"))
        elif every is not None:
            week.append(every)
        elif usual is not None:
            week.append(usual[number])
        else:
            raise ScheduleError(f"{name} in the calling hours says nothing about {day}.")
    return tuple(week)


def _hours(value: object, place: str) -> Hours:
    if not isinstance(value, list) or len(value) not in (0, 2) or not all(isinstance(item, time) for item in value):
        raise ScheduleError(f"{place} in the calling hours must be two times, or an empty list for no hours at all.")
    return Hours(value[0], value[1]) if value else Hours(time(0), time(0))
