"""Calling hours, further tries, touches and gates: the rules that decide whether and when a telephone rings."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.time_zones import TimeZones
from engine.errors import ScheduleError
from engine.scheduling.calling_hours import is_calling_hour, load_calling_hours, next_calling_hour
from engine.scheduling.gates import Facts, Gate, closed_gates, given_up_text
from engine.scheduling.recurrence import Rhythm, occurrences
from engine.scheduling.retries import MOST_TRIES, MOST_TRIES_A_DAY, Outcome, Phone, Try, next_try
from engine.scheduling.slots import Callee, Opening, Span, Window, check_window, free_slots
from engine.scheduling.touches import MOST_TOUCHES, Touch, may_touch, touch_plan
from engine.scheduling.zones import LocalTime, instant_of

HOURS = load_calling_hours()
ZONES = TimeZones()
NEW_YORK = ZONES.rules("America/New_York")
BERLIN = ZONES.rules("Europe/Berlin")
TUESDAY_NOON = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)  # 12:00 in New York
HERE = Phone(NEW_YORK, "US", HOURS)


def new_york(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "region", "wall", "may_ring"),
    [
        ("America/New_York", "US", "2026-11-24T07:59", False),
        ("America/New_York", "US", "2026-11-24T08:00", True),
        ("America/New_York", "US", "2026-11-24T20:59", True),
        ("America/New_York", "US", "2026-11-24T21:00", False),
        ("America/New_York", "US", "2026-11-29T12:00", True),
        ("Europe/Berlin", "DE", "2026-11-24T20:30", False),
        ("Europe/Berlin", "DE", "2026-11-28T18:30", False),
        ("Europe/Rome", "IT", "2026-11-28T09:30", False),
        ("Europe/London", "GB", "2026-11-29T08:30", False),
        ("America/New_York", "US-FL", "2026-11-24T20:30", False),
        ("Europe/Berlin", "DE", "2026-11-29T12:00", False),
        ("Europe/Paris", "FR", "2026-11-24T09:00", False),
        ("Europe/Paris", "FR", "2026-11-28T12:00", False),
        ("Asia/Tokyo", "JP", "2026-11-28T20:30", True),
    ],
)
def test_a_telephone_rings_in_the_hours_of_its_region_on_its_own_clock(
    zone: str, region: str, wall: str, may_ring: bool
) -> None:
    rules = ZONES.rules(zone)
    at = instant_of(LocalTime(datetime.fromisoformat(wall), zone), rules)
    assert is_calling_hour(at, rules, region, HOURS) is may_ring


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.sampled_from(["US", "DE", "FR", "ES", "AU"]))
def test_the_next_calling_hour_is_one_and_lies_ahead(moment: datetime, region: str) -> None:
    at = moment.replace(tzinfo=UTC)
    found = next_calling_hour(at, BERLIN, region, HOURS)
    assert is_calling_hour(found, BERLIN, region, HOURS)
    assert at <= found <= at + timedelta(days=4)


@pytest.mark.parametrize(
    ("phone", "region"), [("+13055550143", "US-FL"), ("+12025550143", "US"), ("+4930901820", "DE"), ("+1", "ZZ")]
)
def test_the_hours_of_a_number_are_those_of_its_region_or_of_a_part_of_it(phone: str, region: str) -> None:
    assert HOURS.region_of(phone) == region


def test_hours_that_name_no_source_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "hours.toml").write_text("[usual]\nevery_day = [08:00:00, 21:00:00]\n")
    with pytest.raises(ScheduleError, match="usual in the calling hours names no source"):
        load_calling_hours(tmp_path / "hours.toml")


def test_a_malformed_file_of_hours_is_named(tmp_path: Path) -> None:
    (tmp_path / "hours.toml").write_text("[usual]\nevery_day = [8]\nsource = '-'\n")
    with pytest.raises(ScheduleError, match="usual in the calling hours"):
        load_calling_hours(tmp_path / "hours.toml")


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        ([(24, 12, 0, "busy")], new_york(24, 12, 5)),
        ([(24, 12, 0, "busy"), (24, 12, 5, "busy")], new_york(24, 12, 10)),
        ([(24, 12, 0, "busy"), (24, 12, 5, "busy"), (24, 12, 10, "busy")], None),
        ([(24, 12, 0, "no_answer")], new_york(24, 12, 30)),
        ([(24, 12, 0, "voicemail")], new_york(24, 12, 30)),
        ([(24, 12, 0, "no_answer"), (24, 12, 30, "no_answer")], new_york(25, 12, 0)),
        ([(24, 20, 45, "no_answer")], new_york(25, 8, 0)),
        ([(24, 12, 0, "failed")], new_york(24, 12, 2)),
        ([(24, 12, 0, "declined")], None),
        ([], None),
    ],
)
def test_each_outcome_has_its_own_next_try(tries: list[tuple[int, int, int, str]], expected: datetime | None) -> None:
    past = tuple(Try(new_york(day, hour, minute), Outcome(outcome)) for day, hour, minute, outcome in tries)
    assert next_try(past, past[-1].at if past else TUESDAY_NOON, HERE) == expected


@given(st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=8), st.integers(0, 23))
def test_nobody_is_rung_outside_of_the_hours_nor_more_often_than_the_caps(outcomes: list[Outcome], hour: int) -> None:
    tries: tuple[Try, ...] = ()
    at: datetime | None = next_calling_hour(new_york(24, hour), NEW_YORK, "US", HOURS)
    for outcome in outcomes:
        if at is None:
            break
        assert is_calling_hour(at, NEW_YORK, "US", HOURS)
        tries = (*tries, Try(at, outcome))
        at = next_try(tries, at, HERE)
    days = [past.at.astimezone(NEW_YORK).date() for past in tries]
    assert len(tries) <= MOST_TRIES
    assert max(days.count(day) for day in days) <= MOST_TRIES_A_DAY


def test_the_touches_of_a_call_next_week_are_five_with_the_one_after_a_miss() -> None:
    due = TUESDAY_NOON + timedelta(days=7)
    plan = touch_plan(TUESDAY_NOON, due, 0)
    assert [(item.touch, due - item.at) for item in plan] == [
        (Touch.CONFIRMATION, timedelta(days=7)),
        (Touch.DAY_BEFORE, timedelta(hours=24)),
        (Touch.HOUR_BEFORE, timedelta(hours=1)),
        (Touch.MINUTES_BEFORE, timedelta(minutes=5)),
    ]
    assert may_touch(Touch.MISSED, len(plan))
    assert not may_touch(Touch.MISSED, len(plan) + 1)
    assert may_touch(Touch.CANCELLED, 99)


@given(st.integers(1, 20_000), st.integers(0, 8), st.booleans())
def test_reminders_lie_ahead_leave_room_for_a_miss_and_never_exceed_five(minutes: int, used: int, moved: bool) -> None:
    due = TUESDAY_NOON + timedelta(minutes=minutes)
    first, *reminders = touch_plan(TUESDAY_NOON, due, used, is_moved=moved)
    assert first.touch is (Touch.MOVED if moved else Touch.CONFIRMATION)
    assert all(TUESDAY_NOON < item.at < due for item in reminders)
    assert used + 1 + len(reminders) + 1 <= MOST_TOUCHES or not reminders


def test_reminders_give_way_in_the_order_of_their_worth() -> None:
    due = TUESDAY_NOON + timedelta(days=7)
    kept = [[item.touch for item in touch_plan(TUESDAY_NOON, due, used)[1:]] for used in range(5)]
    assert kept == [
        [Touch.DAY_BEFORE, Touch.HOUR_BEFORE, Touch.MINUTES_BEFORE],
        [Touch.DAY_BEFORE, Touch.HOUR_BEFORE],
        [Touch.HOUR_BEFORE],
        [],
        [],
    ]


OPEN = Facts(
    now=TUESDAY_NOON,
    rules=NEW_YORK,
    region="US",
    has_consent=True,
    is_refused=False,
    is_owner_verified=True,
    told_at=TUESDAY_NOON - timedelta(hours=3),
    needs_reminder=True,
    notice=timedelta(hours=2),
    budget_left=True,
    provider_is_well=True,
    lines_free=1,
)
CLOSING = {
    Gate.CONSENT_MISSING: {"has_consent": False},
    Gate.DO_NOT_CALL: {"is_refused": True},
    Gate.CALLING_HOURS: {"now": TUESDAY_NOON + timedelta(hours=9)},
    Gate.REMINDER_NOT_SENT: {"told_at": None},
    Gate.NOTICE_TOO_SHORT: {"told_at": TUESDAY_NOON - timedelta(minutes=5)},
    Gate.CALLS_OFF: {"is_calling": False},
    Gate.BUDGET_SPENT: {"budget_left": False},
    Gate.PROVIDER_DOWN: {"provider_is_well": False},
    Gate.NO_CAPACITY: {"lines_free": 0},
    Gate.OWNER_NOT_VERIFIED: {"is_owner_verified": False},
}


def test_with_nothing_against_it_a_call_is_placed() -> None:
    assert closed_gates(OPEN, HOURS) == []
    unknown = replace(OPEN, notice=None, budget_left=None, provider_is_well=None, lines_free=None)
    assert closed_gates(unknown, HOURS) == []


@pytest.mark.parametrize("gate", list(Gate))
def test_each_gate_closes_alone_and_says_what_to_do(gate: Gate) -> None:
    reasons = closed_gates(replace(OPEN, **CLOSING[gate]), HOURS)  # type: ignore[arg-type]
    assert [reason.gate for reason in reasons] == [gate]
    assert len(reasons[0].text) > 40
    assert "{" not in reasons[0].text
    given_up = given_up_text(reasons[0])
    assert "waits" not in given_up
    assert "as soon as" not in given_up
    assert len(f"{given_up} The candidate is told, and may pick a new time.") <= 255, "a task holds no more"


def test_all_gates_at_once_are_all_named() -> None:
    everything = {name: value for change in CLOSING.values() for name, value in change.items()}
    named = {reason.gate for reason in closed_gates(replace(OPEN, **everything), HOURS)}  # type: ignore[arg-type]
    assert named >= set(Gate) - {Gate.REMINDER_NOT_SENT, Gate.NOTICE_TOO_SHORT}


def test_practice_calls_keep_their_hour_on_the_wall_across_a_change_of_the_clocks() -> None:
    first = LocalTime(datetime(2026, 10, 20, 18, 0), "Europe/Berlin")
    hours = occurrences(first, Rhythm.WEEKLY, 3)
    assert [item.wall for item in hours] == [datetime(2026, 10, day, 18) for day in (20, 27)] + [
        datetime(2026, 11, 3, 18)
    ]
    instants = [instant_of(item, BERLIN) for item in hours]
    assert [at.hour for at in instants] == [16, 17, 17]
    assert len(occurrences(first, Rhythm.DAILY, 30)) == 30
    for times, every in ((0, 1), (31, 1), (3, 9)):
        with pytest.raises(ScheduleError):
            occurrences(first, Rhythm.DAILY, times, every)


WINDOW = Window(
    first_day=datetime(2026, 11, 24).date(),
    last_day=datetime(2026, 11, 25).date(),
    zone_name="Europe/Berlin",
    openings=tuple(Opening(weekday, time(9), time(18)) for weekday in range(5)),
    length_min=30,
)
CALLEE = Callee(NEW_YORK, "US", HOURS)


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def test_slots_lie_in_the_hosts_hours_and_in_the_candidates_calling_hours() -> None:
    slots = free_slots(WINDOW, BERLIN, CALLEE, [], berlin(23, 12))
    assert [slots[0], slots[-1]] == [berlin(24, 14), berlin(25, 17, 30)]  # 14:00 in Berlin is 8:00 in New York
    assert len(slots) == 16


def test_notice_buffer_and_calls_of_a_day_take_slots_away() -> None:
    call = Span(berlin(24, 15), berlin(24, 15, 30))
    everything = free_slots(WINDOW, BERLIN, CALLEE, [], berlin(23, 12))
    free = free_slots(replace(WINDOW, buffer_min=20), BERLIN, CALLEE, [call], berlin(23, 12))
    assert set(everything) - set(free) == {berlin(24, 14, 30), berlin(24, 15), berlin(24, 15, 30)}
    full = free_slots(replace(WINDOW, most_a_day=1), BERLIN, CALLEE, [call], berlin(23, 12))
    assert full == [at for at in everything if at > berlin(24, 23)]
    late = free_slots(replace(WINDOW, notice_min=180), BERLIN, CALLEE, [], berlin(25, 14))
    assert late == [berlin(25, 17), berlin(25, 17, 30)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"last_day": datetime(2026, 11, 20).date()}, "Exchange the two"),
        ({"last_day": datetime(2027, 11, 20).date()}, "at most 31 days"),
        ({"openings": ()}, "at least one weekday"),
        ({"openings": (Opening(0, time(12), time(9)),)}, "end later than they begin"),
        ({"step_min": 7}, "every 15, 20, 30 or 60"),
    ],
)
def test_a_window_in_which_nobody_can_pick_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ScheduleError, match=said):
        check_window(replace(WINDOW, **change), berlin(23, 12))  # type: ignore[arg-type]


@given(st.integers(0, 60 * 24 * 40), st.sampled_from([15, 20, 30, 60]), st.integers(0, 120), st.integers(20, 120))
def test_no_slot_ever_overlaps_a_call_or_leaves_its_opening(start: int, step: int, buffer: int, length: int) -> None:
    # Across the end of summer time, when a day has 25 hours.
    window = replace(
        WINDOW,
        first_day=datetime(2026, 10, 23).date(),
        last_day=datetime(2026, 10, 27).date(),
        openings=tuple(Opening(weekday, time(0), time(23, 30)) for weekday in range(7)),
        step_min=step,
        buffer_min=buffer,
        length_min=length,
    )
    begins = datetime(2026, 10, 20, tzinfo=UTC) + timedelta(minutes=start)
    call = Span(begins, begins + timedelta(minutes=45))
    for at in free_slots(window, BERLIN, Callee(BERLIN, "JP", HOURS), [call], datetime(2026, 10, 20, tzinfo=UTC)):
        ends = at + timedelta(minutes=length)
        assert not Span(at, ends).overlaps(call.widened(timedelta(minutes=buffer)))
        assert time(8) <= at.astimezone(BERLIN).time() < time(21)
        assert ends.astimezone(BERLIN).time() <= time(23, 30)
