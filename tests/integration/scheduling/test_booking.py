"""Bookings on a real database: what is stored, what is planned, and what is refused with advice."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import Conflict, ScheduleError, SlotTaken
from engine.scheduling.slots import Opening, Window
from engine.scheduling.zones import LocalTime
from engine.store.models import Interview, User
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment, OutboxMessage
from engine.vocabulary import Channel, InterviewState
from engine.work.booking import book_at, book_dial_in, book_now, cancel, move_to, offer_window, pick, refuse_calls
from engine.work.windows import slots_of
from tests.integration.scheduling.conftest import NOW, ZONES, weekday_ahead

ZONE = "America/New_York"


def new_york(wall: datetime) -> datetime:
    return wall.replace(tzinfo=ZONES.rules(ZONE)).astimezone(UTC)


def planned(sessions: sessionmaker[Session]) -> list[tuple[str, str, datetime]]:
    with sessions() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.due_at, OutboxMessage.channel)).all()
        return [(row.touch, row.channel, row.due_at) for row in rows if row.state == "planned"]


def window(first: date, days: int = 3, **changes: Any) -> Window:
    openings = tuple(Opening(weekday, time(9), time(12)) for weekday in range(7))
    return Window(
        **{
            "first_day": first,
            "last_day": first + timedelta(days=days),
            "zone_name": ZONE,
            "openings": openings,
            "length_min": 30,
        }
        | changes
    )


def test_a_booked_call_keeps_the_wall_time_and_plans_its_messages_in_the_same_transaction(
    desk: Callable[..., Any], plan: Callable[..., Interview], sessions: sessionmaker[Session]
) -> None:
    interview, wall = plan(), weekday_ahead(5, 14)
    with desk() as turn:
        PermissionRepository(turn.session).grant(interview.owner_id, "+12025550143", "told_user", NOW)
        book_at(turn, interview, LocalTime(wall, ZONE))
    due = new_york(wall)
    with sessions() as session:
        kept = session.scalars(select(Appointment)).one()
        assert (kept.wall_time, kept.time_zone, kept.due_at) == (wall, ZONE, due)
        assert kept.zone_edition == ZONES.edition
        assert session.get_one(Interview, interview.id).scheduled_at == due
        jobs = (
            session.execute(
                text("select scheduled_at from procrastinate_jobs where task_name = 'send_message' order by 1")
            )
            .scalars()
            .all()
        )
    times = [NOW, due - timedelta(hours=24), due - timedelta(hours=1), due - timedelta(minutes=5)]
    touches = ["confirmation", "day_before", "hour_before", "minutes_before"]
    assert planned(sessions) == [
        (touch, channel, at) for touch, at in zip(touches, times, strict=True) for channel in ("email", "sms")
    ]
    assert jobs == sorted(times * 2)


def test_a_booking_that_fails_leaves_neither_row_nor_job(
    desk: Callable[..., Any], plan: Callable[..., Interview], sessions: sessionmaker[Session]
) -> None:
    interview = plan()
    with pytest.raises(RuntimeError), desk() as turn:
        book_at(turn, interview, LocalTime(weekday_ahead(5, 14), ZONE))
        raise RuntimeError
    assert planned(sessions) == []
    with sessions() as session:
        assert session.scalar(text("select count(*) from procrastinate_jobs")) == 0


@pytest.mark.parametrize(
    ("wall", "said"),
    [
        (weekday_ahead(5, 7), "may ring from 08:00 to 21:00"),
        (weekday_ahead(5, 21), "may ring from 08:00 to 21:00"),
        (weekday_ahead(-9, 12), "has passed"),
    ],
)
def test_an_hour_at_which_nobody_may_be_called_is_refused_with_advice(
    desk: Callable[..., Any], plan: Callable[..., Interview], wall: datetime, said: str
) -> None:
    with pytest.raises(ScheduleError, match=said), desk() as turn:
        book_at(turn, plan(), LocalTime(wall, ZONE))


def test_one_number_has_one_call_at_a_time_and_each_user_is_told_what_is_theirs_to_know(
    desk: Callable[..., Any], plan: Callable[..., Interview], make_user: Callable[[str], User]
) -> None:
    wall = weekday_ahead(5, 14)
    with desk() as turn:
        book_at(turn, plan(title="The first one"), LocalTime(wall, ZONE))
    with pytest.raises(SlotTaken, match=r"another call of yours at that time \(The first one\)"), desk() as turn:
        book_at(turn, plan(), LocalTime(wall + timedelta(minutes=10), ZONE))
    stranger = plan(make_user("bob@example.org"))
    with pytest.raises(SlotTaken, match="by somebody else at that time") as refusal, desk() as turn:
        book_at(turn, stranger, LocalTime(wall, ZONE))
    assert "first one" not in str(refusal.value)
    with desk() as turn:
        book_at(turn, stranger, LocalTime(wall + timedelta(minutes=15), ZONE))


def test_of_two_people_who_book_the_same_number_at_once_one_is_told_to_choose_again(
    desk: Callable[..., Any], plan: Callable[..., Interview]
) -> None:
    interviews, wall, ends = [plan(), plan()], weekday_ahead(5, 14), []
    both = threading.Barrier(2)

    def book(interview: Interview) -> None:
        try:
            with desk() as turn:
                both.wait(10)
                book_at(turn, interview, LocalTime(wall, ZONE))
            ends.append("booked")
        except SlotTaken:
            ends.append("taken")

    threads = [threading.Thread(target=book, args=(interview,)) for interview in interviews]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(ends) == ["booked", "taken"]


def test_moving_a_call_is_a_new_edition_and_two_moves_at_once_do_not_both_happen(
    desk: Callable[..., Any], plan: Callable[..., Interview], sessions: sessionmaker[Session]
) -> None:
    wall = weekday_ahead(5, 14)
    with desk() as turn:
        appointment = book_at(turn, plan(), LocalTime(wall, ZONE))
    with sessions() as session:
        stale = session.get_one(Appointment, appointment.id)
    with desk() as turn:
        moved = move_to(turn, turn.session.get_one(Appointment, appointment.id), LocalTime(wall.replace(hour=16), ZONE))
        assert (moved.edition, moved.due_at) == (1, new_york(wall.replace(hour=16)))
    with pytest.raises(Conflict, match="moved a moment ago"), desk() as turn:
        move_to(turn, turn.session.merge(stale, load=False), LocalTime(wall.replace(hour=17), ZONE))
    assert [touch for touch, _, at in planned(sessions) if at == NOW] == ["confirmation", "moved"]


def test_a_candidate_picks_a_slot_once_and_has_thereby_agreed_to_the_call(
    desk: Callable[..., Any], plan: Callable[..., Interview], sessions: sessionmaker[Session]
) -> None:
    interview, first = plan(), weekday_ahead(3, 9).date()
    with desk() as turn:
        appointment = offer_window(turn, interview, window(first))
        slots = slots_of(turn, appointment)
    assert planned(sessions) == [("offer", "email", NOW)]
    assert slots[0] == new_york(datetime.combine(first, time(9)))
    with desk() as turn:
        picked = pick(turn, turn.session.get_one(Appointment, appointment.id), slots[2])
        assert (picked.state, picked.due_at, picked.picked_at) == ("booked", slots[2], NOW)
        assert PermissionRepository(turn.session).of(interview.owner_id, "+12025550143") is not None
    with desk() as turn, pytest.raises(SlotTaken, match="Choose another"):
        pick(turn, turn.session.get_one(Appointment, appointment.id), slots[2] + timedelta(minutes=7))


def test_a_slot_that_another_candidate_took_is_no_longer_offered(
    desk: Callable[..., Any], plan: Callable[..., Interview]
) -> None:
    first = weekday_ahead(3, 9).date()
    other = plan(candidate_phone="+12025550177")
    with desk() as turn:
        appointment = offer_window(turn, plan(), window(first, buffer_min=15))
        before = slots_of(turn, appointment)
        book_at(turn, other, LocalTime(datetime.combine(first, time(10)), ZONE))
        assert set(before) - set(slots_of(turn, appointment)) == {
            new_york(datetime.combine(first, hour)) for hour in (time(9, 30), time(10))
        }


def test_a_window_without_a_single_slot_is_refused(desk: Callable[..., Any], plan: Callable[..., Interview]) -> None:
    nights = tuple(Opening(weekday, time(1), time(5)) for weekday in range(7))
    with pytest.raises(ScheduleError, match="holds no slot"), desk() as turn:
        offer_window(turn, plan(), window(weekday_ahead(3, 9).date(), openings=nights))


def test_a_call_to_make_at_once_and_one_for_the_candidate_to_make(
    desk: Callable[..., Any], plan: Callable[..., Interview], sessions: sessionmaker[Session]
) -> None:
    noon = new_york(weekday_ahead(1, 12))
    before = noon + timedelta(days=10)
    with desk(now=noon) as turn:
        at_once = book_now(turn, plan())
        assert (at_once.due_at, at_once.kind) == (noon, "now")
        dial_in = book_dial_in(turn, interview := plan(), before)
        assert (dial_in.due_at, dial_in.answer_before) == (None, before)
    assert planned(sessions) == [("confirmation", "email", noon), ("day_before", "email", before - timedelta(days=1))]
    with sessions() as session:
        assert session.get_one(Interview, interview.id).pin_expires_at == before
    night = new_york(weekday_ahead(1, 3))
    with pytest.raises(ScheduleError, match="may ring from"), desk(now=night) as turn:
        book_now(turn, plan(candidate_phone="+12025550177"))


def test_cancelling_frees_the_hour_and_can_happen_once(
    desk: Callable[..., Any], plan: Callable[..., Interview], sessions: sessionmaker[Session]
) -> None:
    wall = weekday_ahead(5, 14)
    interview = plan()
    with desk() as turn:
        appointment = book_at(turn, interview, LocalTime(wall, ZONE))
    with desk() as turn:
        cancel(turn, turn.session.get_one(Appointment, appointment.id), by="candidate")
    with sessions() as session:
        assert session.get_one(Interview, interview.id).state == InterviewState.CANCELLED
        assert session.get_one(Appointment, appointment.id).edition == 1
    with desk() as turn, pytest.raises(Conflict, match="nothing was changed"):
        cancel(turn, turn.session.get_one(Appointment, appointment.id), by="user")
    with desk() as turn:
        book_at(turn, plan(), LocalTime(wall, ZONE))


def test_a_number_that_refused_is_not_booked_again_by_anybody(
    desk: Callable[..., Any], plan: Callable[..., Interview], make_user: Callable[[str], User]
) -> None:
    with desk() as turn:
        PermissionRepository(turn.session).grant((interview := plan()).owner_id, "+12025550143", "told_user", NOW)
        appointment = book_at(turn, interview, LocalTime(weekday_ahead(5, 14), ZONE))
        refuse_calls(turn, appointment, "link")
    with desk() as turn:
        permissions = PermissionRepository(turn.session)
        assert permissions.is_refused(Channel.CALL, "+12025550143")
        assert permissions.of(interview.owner_id, "+12025550143") is None
    with pytest.raises(ScheduleError, match="asked never to be called"), desk() as turn:
        book_at(turn, plan(make_user("bob@example.org")), LocalTime(weekday_ahead(6, 14), ZONE))
