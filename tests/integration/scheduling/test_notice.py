"""The notice that an interview owes its candidate: at booking, in the slots of a window, and before the call."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import ScheduleError
from engine.scheduling.gates import Gate, closed_gates
from engine.scheduling.slots import Opening, Window
from engine.scheduling.zones import LocalTime
from engine.store.models import Interview
from engine.store.schedule_models import Appointment, OutboxMessage
from engine.vocabulary import MessageState
from engine.work.booking import book_at, book_now, move_to, offer_window, pick
from engine.work.calling_back import call_back_soon
from engine.work.gate_facts import Circumstances, gate_facts
from engine.work.windows import slots_of
from tests.integration.scheduling.conftest import HOURS, NOW, ZONES, weekday_ahead

ZONE = "America/New_York"


def closed(desk: Callable[..., Any], appointment: Appointment) -> set[Gate]:
    """What is shut when the hour of the call has come, consent left aside."""
    assert appointment.due_at is not None
    with desk(now=appointment.due_at) as turn:
        current = turn.session.get_one(Appointment, appointment.id)
        reasons = closed_gates(gate_facts(turn, current, Circumstances()), HOURS)
    return {reason.gate for reason in reasons} - {Gate.CONSENT_MISSING}


def sent(sessions: sessionmaker[Session], appointment: Appointment, before: timedelta) -> None:
    assert appointment.due_at is not None
    with sessions.begin() as session:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.appointment_id == appointment.id, OutboxMessage.touch == "confirmation")
            .values(state=MessageState.SENT, sent_at=appointment.due_at - before)
        )


def test_a_call_is_booked_no_nearer_than_the_notice_and_not_moved_nearer_either(
    desk: Callable[..., Any], plan: Callable[..., Interview]
) -> None:
    far, near = weekday_ahead(6, 14), weekday_ahead(1, 14)
    with pytest.raises(ScheduleError, match="owes its candidate 120 hours of notice"), desk() as turn:
        book_at(turn, plan(notice_h=120), LocalTime(near, ZONE))
    with pytest.raises(ScheduleError, match="one hour of notice"), desk(now=NOW) as turn:
        noon = weekday_ahead(1, 12).replace(tzinfo=ZONES.rules(ZONE))
        book_now(type(turn)(turn.session, turn.zones, turn.hours, noon), plan(notice_h=1))
    with pytest.raises(ScheduleError, match="no way to give it"), desk() as turn:
        book_at(turn, plan(notice_h=2, candidate_email=None), LocalTime(far, ZONE))
    with desk() as turn:
        booked = book_at(turn, plan(notice_h=120), LocalTime(far, ZONE))
    with pytest.raises(ScheduleError, match="at the earliest"), desk() as turn:
        move_to(turn, turn.session.get_one(Appointment, booked.id), LocalTime(near, ZONE))


def test_the_call_waits_until_the_candidate_has_known_for_long_enough(
    desk: Callable[..., Any], plan: Callable[..., Interview], sessions: sessionmaker[Session]
) -> None:
    with desk() as turn:
        booked = book_at(turn, plan(notice_h=48), LocalTime(weekday_ahead(6, 14), ZONE))
    assert closed(desk, booked) == {Gate.REMINDER_NOT_SENT}
    sent(sessions, booked, timedelta(hours=47))
    assert closed(desk, booked) == {Gate.NOTICE_TOO_SHORT}
    sent(sessions, booked, timedelta(hours=48))
    assert closed(desk, booked) == set()


def test_slots_lie_beyond_the_notice_and_picking_one_is_knowing_of_it(
    desk: Callable[..., Any], plan: Callable[..., Interview]
) -> None:
    first = NOW.date() + timedelta(days=1)
    openings = tuple(Opening(day, time(9), time(17)) for day in range(7))
    window = Window(first, first + timedelta(days=9), ZONE, openings, length_min=15)
    with desk() as turn:
        offered = offer_window(turn, plan(notice_h=100, candidate_email=None), window)
        slots = slots_of(turn, offered)
    assert NOW + timedelta(hours=100) <= slots[0] < NOW + timedelta(hours=125)
    with desk() as turn:
        picked = pick(turn, turn.session.get_one(Appointment, offered.id), slots[0])
    assert closed(desk, picked) == set()


def test_who_asks_by_phone_to_be_called_back_is_owed_no_notice(
    desk: Callable[..., Any], plan: Callable[..., Interview]
) -> None:
    interview = plan(notice_h=48)
    noon = weekday_ahead(1, 12).replace(tzinfo=ZONES.rules(ZONE))
    with desk(now=noon) as turn:
        assert call_back_soon(turn, turn.session.merge(interview)) is not None
    with desk() as turn:
        appointment = turn.session.query(Appointment).one()
    assert Gate.NOTICE_TOO_SHORT not in closed(desk, appointment)
