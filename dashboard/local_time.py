"""Moments in the zone of the person who reads them; dates and hours as people type them."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import available_timezones

from engine.adapters.time_zones import TimeZones
from engine.errors import ScheduleError


@cache
def zone_names() -> tuple[str, ...]:
    """The zones offered for choosing: UTC first, then region/city names in order."""
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(regions)))


def is_zone(name: str) -> bool:
    return name in available_timezones()


@cache
def _zones() -> TimeZones:
    return TimeZones()


def zone(name: str) -> tzinfo:
    """The zone, or UTC for a name that this machine does not know."""
    try:
        return _zones().rules(name)
    except ScheduleError:
        return UTC


def moment_text(moment: datetime, zone_name: str) -> str:
    """12 Nov 2026, 14:30 CET"""
    local = moment.astimezone(zone(zone_name))
    return f"{local.day} {local:%b %Y, %H:%M} {local:%Z}"


def day_text(moment: datetime, zone_name: str) -> str:
    local = moment.astimezone(zone(zone_name))
    return f"{local.day} {local:%b %Y}"


def duration_text(duration: timedelta | None) -> str:
    """7 min 05 s; an empty text for None."""
    return clock_words(int(duration.total_seconds() * 1000)) if duration is not None else ""


def clock_words(duration_ms: int) -> str:
    seconds = max(0, duration_ms) // 1000
    return f"{seconds // 60} min {seconds % 60:02} s" if seconds >= 60 else f"{seconds} s"


def clock_text(at_ms: int) -> str:
    """A moment of a call: 83,400 ms is 1:23."""
    seconds = max(0, at_ms) // 1000
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
