"""Wall times and instants, checked against instants that were worked out by hand from the zones' published rules."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.time_zones import TimeZones
from engine.errors import AmbiguousTime, MissingTime, ScheduleError
from engine.scheduling.zones import LocalTime, Which, derive, instant_of, wall_time
from tests.unit.scheduling.zone_files import write_zone

ZONES = TimeZones()

ORDINARY = """
Europe/Berlin 2026-01-15T14:30 +1
Europe/Berlin 2026-07-15T14:30 +2
Europe/London 2026-01-15T09:00 0
Europe/London 2026-07-15T09:00 +1
Europe/Dublin 2026-07-15T09:00 +1
Europe/Lisbon 2026-01-15T20:30 0
Europe/Athens 2026-07-15T08:00 +3
Europe/Istanbul 2026-07-15T08:00 +3
Europe/Moscow 2026-01-15T12:00 +3
America/New_York 2026-01-15T09:00 -5
America/New_York 2026-07-15T09:00 -4
America/Chicago 2026-07-15T20:59 -5
America/Denver 2026-01-15T08:00 -7
America/Phoenix 2026-07-15T08:00 -7
America/Los_Angeles 2026-07-15T08:00 -7
America/Anchorage 2026-01-15T12:00 -9
Pacific/Honolulu 2026-07-15T12:00 -10
America/St_Johns 2026-01-15T12:00 -3:30
America/St_Johns 2026-07-15T12:00 -2:30
America/Sao_Paulo 2026-01-15T12:00 -3
America/Argentina/Buenos_Aires 2026-07-15T12:00 -3
America/Santiago 2026-01-15T12:00 -3
America/Santiago 2026-07-15T12:00 -4
America/Mexico_City 2026-07-15T12:00 -6
America/Bogota 2026-07-15T12:00 -5
Africa/Lagos 2026-07-15T12:00 +1
Africa/Johannesburg 2026-07-15T12:00 +2
Africa/Nairobi 2026-07-15T12:00 +3
Asia/Dubai 2026-07-15T12:00 +4
Asia/Karachi 2026-07-15T12:00 +5
Asia/Kolkata 2026-07-15T12:00 +5:30
Asia/Kathmandu 2026-07-15T12:00 +5:45
Asia/Dhaka 2026-07-15T12:00 +6
Asia/Yangon 2026-07-15T12:00 +6:30
Asia/Bangkok 2026-07-15T12:00 +7
Asia/Singapore 2026-07-15T12:00 +8
Asia/Shanghai 2026-01-15T12:00 +8
Asia/Tokyo 2026-07-15T12:00 +9
Australia/Perth 2026-01-15T12:00 +8
Australia/Eucla 2026-01-15T12:00 +8:45
Australia/Adelaide 2026-01-15T12:00 +10:30
Australia/Adelaide 2026-07-15T12:00 +9:30
Australia/Sydney 2026-01-15T12:00 +11
Australia/Sydney 2026-07-15T12:00 +10
Australia/Lord_Howe 2026-01-15T12:00 +11
Australia/Lord_Howe 2026-07-15T12:00 +10:30
Pacific/Auckland 2026-01-15T12:00 +13
Pacific/Auckland 2026-07-15T12:00 +12
Pacific/Chatham 2026-01-15T12:00 +13:45
Pacific/Kiritimati 2026-01-15T12:00 +14
UTC 2026-01-15T12:00 0
"""
AROUND_CHANGES = """
Europe/Berlin 2026-03-29T01:59 +1
Europe/Berlin 2026-03-29T03:00 +2
Europe/Berlin 2026-10-25T01:59 +2
Europe/Berlin 2026-10-25T03:00 +1
America/New_York 2026-03-08T01:59 -5
America/New_York 2026-03-08T03:00 -4
America/New_York 2026-11-01T00:59 -4
America/New_York 2026-11-01T02:00 -5
Australia/Sydney 2026-10-04T01:59 +10
Australia/Sydney 2026-10-04T03:00 +11
Australia/Sydney 2026-04-05T01:59 +11
Australia/Sydney 2026-04-05T03:00 +10
Australia/Lord_Howe 2026-10-04T02:30 +11
Pacific/Auckland 2026-09-27T03:00 +13
America/Santiago 2026-09-06T01:00 -3
"""
TWICE = """
Europe/Berlin 2026-10-25T02:30 +2 +1
Europe/London 2026-10-25T01:30 +1 0
America/New_York 2026-11-01T01:30 -4 -5
America/St_Johns 2026-11-01T01:30 -2:30 -3:30
Australia/Sydney 2026-04-05T02:30 +11 +10
Australia/Lord_Howe 2026-04-05T01:45 +11 +10:30
Pacific/Auckland 2026-04-05T02:30 +13 +12
America/Santiago 2026-04-04T23:30 -3 -4
"""
SKIPPED = """
Europe/Berlin 2026-03-29T02:30 01:59 03:00
Europe/London 2026-03-29T01:00 00:59 02:00
America/New_York 2026-03-08T02:59 01:59 03:00
America/Santiago 2026-09-06T00:15 23:59 01:00
Australia/Sydney 2026-10-04T02:30 01:59 03:00
Australia/Lord_Howe 2026-10-04T02:15 01:59 02:30
Pacific/Auckland 2026-09-27T02:30 01:59 03:00
Pacific/Chatham 2026-09-27T03:00 02:44 03:45
"""


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


def offset(text: str) -> timedelta:
    hours, _, minutes = text.lstrip("+-").partition(":")
    away = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return -away if text.startswith("-") else away


def expected(wall: str, away: str) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=UTC) - offset(away)


def local(zone: str, wall: str, which: Which | None = None) -> LocalTime:
    return LocalTime(datetime.fromisoformat(wall), zone, which)


def test_the_table_is_as_long_as_it_claims() -> None:
    assert sum(len(rows(table)) for table in (ORDINARY, AROUND_CHANGES, TWICE, SKIPPED)) >= 80


@pytest.mark.parametrize(("zone", "wall", "away"), rows(ORDINARY) + rows(AROUND_CHANGES))
def test_a_booking_means_the_instant_at_which_the_wall_shows_it(zone: str, wall: str, away: str) -> None:
    rules = ZONES.rules(zone)
    at = instant_of(local(zone, wall), rules)

    assert at == expected(wall, away)
    assert wall_time(at, rules, zone) == local(zone, wall)


@pytest.mark.parametrize(("zone", "wall", "first", "second"), rows(TWICE))
def test_an_hour_that_comes_twice_is_asked_about_and_each_answer_means_another_instant(
    zone: str, wall: str, first: str, second: str
) -> None:
    rules = ZONES.rules(zone)
    with pytest.raises(AmbiguousTime, match="comes twice") as question:
        instant_of(local(zone, wall), rules)

    answers = [instant_of(local(zone, wall, which), rules) for which in (Which.FIRST, Which.SECOND)]
    assert answers == [expected(wall, first), expected(wall, second)]
    assert question.value.choices == tuple(at.isoformat() for at in answers)
    assert [wall_time(at, rules, zone).which for at in answers] == [Which.FIRST, Which.SECOND]


@pytest.mark.parametrize(("zone", "wall", "before", "after"), rows(SKIPPED))
def test_an_hour_that_the_clocks_skip_is_refused_with_its_neighbours(
    zone: str, wall: str, before: str, after: str
) -> None:
    with pytest.raises(MissingTime, match="does not exist") as refusal:
        instant_of(local(zone, wall), ZONES.rules(zone))

    neighbours = [datetime.fromisoformat(text) for text in refusal.value.neighbours]
    assert [f"{item:%H:%M}" for item in neighbours] == [before, after]
    for neighbour in neighbours:
        instant_of(LocalTime(neighbour, zone), ZONES.rules(zone))


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "Europe", "Europe/Berlin\x00"])
def test_a_name_that_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ScheduleError, match="time zone"):
        ZONES.rules(name)


def test_a_time_with_an_offset_of_its_own_is_refused() -> None:
    with pytest.raises(ScheduleError, match="without an offset"):
        instant_of(LocalTime(datetime(2026, 1, 1, tzinfo=UTC), "UTC"), UTC)


def test_when_rules_change_between_booking_and_call_the_wall_time_stays(tmp_path: Path) -> None:
    """A country gives up summer time after the booking: the hour on the wall holds, the instant moves."""
    old, new = TimeZones(tmp_path / "old"), TimeZones(tmp_path / "new")
    write_zone(tmp_path / "old", "Test/City", "2026a", "EET-2EEST,M3.5.0/3,M10.5.0/4")
    write_zone(tmp_path / "new", "Test/City", "2026b", "EET-2")
    booked = local("Test/City", "2026-07-15T14:30")

    before = instant_of(booked, TimeZones(tmp_path / "old").rules("Test/City"))
    after = derive(booked, new.rules("Test/City"))

    assert (TimeZones(tmp_path / "old").edition, TimeZones(tmp_path / "new").edition) == ("2026a", "2026b")
    assert old.edition == ""  # the folder was empty when it was looked at
    assert before == datetime(2026, 7, 15, 11, 30, tzinfo=UTC)
    assert (after.at, after.is_shifted) == (datetime(2026, 7, 15, 12, 30, tzinfo=UTC), False)


def test_an_hour_that_new_rules_skip_moves_to_the_end_of_the_gap(tmp_path: Path) -> None:
    write_zone(tmp_path, "Test/City", "2026b", "EET-2EEST,M3.5.0/3,M10.5.0/4")
    moved = derive(local("Test/City", "2026-03-29T03:30"), TimeZones(tmp_path).rules("Test/City"))

    assert (moved.at, moved.is_shifted) == (datetime(2026, 3, 29, 2, 0, tzinfo=UTC) - timedelta(hours=1), True)


ZONE_NAMES = sorted({row[0] for row in rows(ORDINARY)})


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from(ZONE_NAMES),
)
def test_every_instant_has_a_wall_time_that_leads_back_to_it(moment: datetime, zone: str) -> None:
    at, rules = moment.replace(tzinfo=UTC), ZONES.rules(zone)
    shown = wall_time(at, rules, zone)

    assert instant_of(shown, rules) == at
    assert derive(shown, rules).at == at
