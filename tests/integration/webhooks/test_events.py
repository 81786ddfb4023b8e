"""What is told to users' systems, once each, in the transaction that it speaks of, and without anything personal."""

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.time_zones import TimeZones
from engine.questions.bank import load_bank
from engine.scheduling.calling_hours import CallingHours, Hours
from engine.store.models import Interview, WebhookEndpoint
from engine.store.webhooks import WebhookRepository
from engine.vocabulary import WebhookEvent
from engine.work.booking import book_now
from engine.work.desk import Desk as BookingDesk
from engine.work.giving_up import WhyNot, give_up
from engine.work.grading import grade_interview
from tests.integration.dashboard.sample_interviews import CallScript, new_interview, new_user
from tests.integration.webhooks.conftest import Desk

ALL_DAY = CallingHours((Hours(time(0), time(23, 59, 59, 999999)),) * 7, {})


def told(desk: Desk) -> list[tuple[str, dict[str, object]]]:
    bodies = [json.loads(delivery.body) for delivery in desk.deliveries()]
    assert all(set(body) == {"id", "event", "created_at", "data"} for body in bodies)
    return [(body["event"], body["data"]) for body in bodies]


def test_a_whole_interview_is_told_of_event_by_event(desk: Desk) -> None:
    script = CallScript(desk.sessions, desk.interview_id)
    script.ask(1, 3, "python-list-or-tuple", "python", "A list or a tuple?")
    script.fact("call_ended", reason="line_lost")
    script.fact("call_resumed", stream_sid="MZ2")
    script.answer(1, "A tuple is immutable, so it cannot be changed after it is created.")
    script.end()
    for _ in range(2):
        grade_interview(desk.sessions, load_bank(), desk.interview_id)

    events = told(desk)
    ended = ["call.ended", "call.ended"]
    assert [event for event, _ in events] == ["call.started", *ended, "report.ready", "interview.completed"]
    assert all(data["interview_id"] == str(desk.interview_id) for _, data in events)
    assert events[0][1] | {"direction": "inbound", "call_id": str(script.call_id)} == events[0][1]
    assert (events[1][1]["state"], events[1][1]["reason"]) == ("dropped", "line_lost")
    assert (events[2][1]["state"], events[2][1]["reason"]) == ("completed", "completed")
    assert set(events[3][1]) == {"interview_id", "report_id", "version", "state"}
    everything = " ".join(delivery.body for delivery in desk.deliveries())
    for personal in ("Grace", "+1202", "tuple", "score", "Backend"):
        assert personal not in everything


def test_a_booked_call_and_one_that_is_given_up_are_told_of(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        turn = BookingDesk(session, TimeZones(), ALL_DAY, datetime.now(UTC))
        appointment = book_now(turn, session.get_one(Interview, desk.interview_id))
        give_up(turn, appointment, WhyNot("calls_off", "-", may_work_later=False))
    (booked, about), (missed, why) = told(desk)
    assert (booked, about["kind"]) == ("interview.booked", "now")
    assert datetime.fromisoformat(str(about["due_at"])) <= datetime.now(UTC)
    assert (missed, why["reason"], why["appointment_id"]) == ("call.missed", "calls_off", about["appointment_id"])


def test_what_is_rolled_back_is_not_told_of(desk: Desk) -> None:
    with pytest.raises(RuntimeError), desk.sessions.begin() as session:
        turn = BookingDesk(session, TimeZones(), ALL_DAY, datetime.now(UTC))
        book_now(turn, session.get_one(Interview, desk.interview_id))
        raise RuntimeError
    assert desk.deliveries() == []


def test_only_the_events_that_were_asked_for_and_only_ones_own(sessions: sessionmaker[Session], desk: Desk) -> None:
    other = new_interview(sessions, new_user(sessions, "bob@example.org"))
    CallScript(sessions, other)
    assert desk.deliveries() == []
    with sessions.begin() as session:
        session.get_one(WebhookEndpoint, desk.endpoint_id).events = [WebhookEvent.CALL_ENDED.value]
    CallScript(sessions, desk.interview_id).end()
    assert [event for event, _ in told(desk)] == ["call.ended"]
    with sessions.begin() as session:
        endpoint = session.get_one(WebhookEndpoint, desk.endpoint_id)
        WebhookRepository(session).switch(endpoint, is_on=False, reason="-", now=datetime.now(UTC) - timedelta(days=1))
    CallScript(sessions, new_interview(sessions, desk.owner_id)).end()
    assert len(desk.deliveries()) == 1
