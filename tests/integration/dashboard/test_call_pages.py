"""What the pages say about calls that we place: what there is to do, what holds a call up, who is put through."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.time_zones import TimeZones
from engine.scheduling.calling_hours import load_calling_hours
from engine.store.models import Call, User
from engine.store.schedule_models import Appointment, DialPace
from engine.store.tasks import TaskRepository
from engine.vocabulary import TaskKind
from engine.work.desk import Desk
from engine.work.giving_up import WhyNot, give_up
from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.test_schedule_pages import BOOKED, set_up, the_appointment


def test_what_is_to_be_done_stands_on_agenda_and_interview_until_it_is_done(
    ada: Person, people: Callable[[str], Person], sessions: sessionmaker[Session]
) -> None:
    place = set_up(ada, BOOKED).partition("?")[0]
    interview_id = the_appointment(sessions).interview_id
    with sessions.begin() as session:
        tasks = TaskRepository(session)
        for _ in range(2):
            tasks.add(ada.id, interview_id, TaskKind.CALL_BACK, 'Asked for a person: "a human please"', at_ms=192_000)
        [task] = tasks.open_of(ada.id)
    for page in (ada.client.page("/agenda"), ada.client.page(place)):
        assert "Call back" in page
        assert "a human please" in page
        assert "3:12 of the call" in page
    bob = people("bob")
    assert bob.client.submit(f"/tasks/{task.id}/done", {}, form_on="/agenda").status_code == 404
    assert ada.client.submit(f"/tasks/{task.id}/done", {"back": "interview"}, form_on="/agenda").location == place
    assert "a human please" not in ada.client.page("/agenda")


def test_a_call_that_waits_for_its_turn_says_when_it_is_expected(ada: Person, sessions: sessionmaker[Session]) -> None:
    place = set_up(ada, BOOKED)
    now = datetime.now(UTC)
    with sessions.begin() as session:
        session.execute(update(Appointment).values(due_at=now - timedelta(seconds=1), ends_at=now + timedelta(hours=1)))
        session.add(DialPace(account="AC" + "0" * 32, next_at=now + timedelta(minutes=2)))
    assert "waits for its turn" in ada.client.page(place)
    assert "Waits for its turn" in ada.client.page("/agenda")


def test_a_closed_gate_that_was_met_is_named(ada: Person, sessions: sessionmaker[Session]) -> None:
    place = set_up(ada, BOOKED)
    with sessions.begin() as session:
        session.execute(update(Appointment).values(closed_gate="no_capacity", gate_seen_at=datetime.now(UTC)))
    assert 'data-gate="no_capacity"' in ada.client.page(place)


def test_a_call_that_was_given_up_shows_why_what_the_candidate_hears_and_the_new_time_on_offer(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    place = set_up(ada, BOOKED)
    with sessions.begin() as session:
        appointment = session.scalars(select(Appointment)).one()
        desk = Desk(session, TimeZones(), load_calling_hours(), datetime.now(UTC))
        give_up(desk, appointment, WhyNot("no_capacity", "All lines were busy.", may_work_later=True))
    page = ada.client.page(place)
    for said in (
        "Not called",
        "All lines were busy. The candidate is told, and may pick a new time.",
        "Waits for a pick",
        "The call does not take place",
    ):
        assert said in page
    assert "All lines were busy." in ada.client.page("/agenda")


def test_calls_are_told_with_their_outcome(ada: Person, sessions: sessionmaker[Session]) -> None:
    place = set_up(ada, BOOKED)
    row = the_appointment(sessions)
    with sessions.begin() as session:
        session.add(
            Call(
                interview_id=row.interview_id,
                direction="outbound",
                state="busy",
                appointment_id=row.id,
                appointment_edition=0,
                try_number=1,
                dialled_at=datetime.now(UTC),
            )
        )
    assert "We called: Busy" in ada.client.page(place)


def test_where_candidates_are_put_through_to_is_kept(ada: Person, sessions: sessionmaker[Session]) -> None:
    wanted = {"transfer_phone": "(202) 555-0199", "office_opens": "09:00", "office_closes": "17:30"}
    assert ada.client.submit("/account/transfer", wanted).status_code == 303
    with sessions() as session:
        user = session.scalars(select(User)).one()
    assert (user.transfer_phone, user.office_opens, user.office_closes) == ("+12025550199", time(9), time(17, 30))
    assert "between 09:00 and 17:30" in ada.client.page("/account")
    assert "09:00" in ada.client.page("/account/transfer")
    assert ada.client.submit("/account/transfer", {}).status_code == 303
    assert "Name a number" in ada.client.page("/account")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"transfer_phone": "911"}, "transfer_phone"),
        ({"transfer_phone": "+12025550199", "office_opens": "17:00", "office_closes": "09:00"}, "office_closes"),
        ({"transfer_phone": "+12025550199", "office_opens": "x"}, "office_opens"),
    ],
)
def test_an_impossible_transfer_is_said_at_its_field(ada: Person, change: dict[str, str], field: str) -> None:
    response = ada.client.submit("/account/transfer", change)
    assert response.status_code == 422
    assert f'href="#{field}"' in response.text


def test_the_page_follows_the_call_while_it_is_placed(ada: Person, sessions: sessionmaker[Session]) -> None:
    place = set_up(ada, BOOKED).partition("?")[0]
    path, asks = f"{place}/live", {"HX-Request": "true"}
    assert ada.client.get(f"{path}?state=scheduled+booked", headers=asks).status_code == 204
    for state, part in (("taken", "calling"), ("missed", "missed")):
        with sessions.begin() as session:
            session.execute(update(Appointment).values(state=state))
        changed = ada.client.get(f"{path}?state=scheduled+booked", headers=asks)
        assert changed.status_code == 200
        assert f'data-part="{part}"' in changed.text
        assert f'data-part="{part}"' in ada.client.page(place)
