"""Scheduling through the pages: what a user sets up, and what a candidate does with the links. No scripts anywhere."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from engine.config import Settings
from engine.scheduling.links import Purpose
from engine.store.models import Interview
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment, OutboxMessage
from engine.vocabulary import Channel
from engine.work.candidate_links import LinkMaker
from tests.integration.dashboard import setting_up
from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.page_rules import CheckingClient
from tests.integration.dashboard.test_interview_pages import FORM


def ahead(days: int, clock: str = "14:30") -> str:
    """A moment on a working day, as a form writes it."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return f"{day}T{clock}" if clock else str(day)


BOOKED = FORM | {
    "when": "at",
    "scheduled_local": ahead(5),
    "candidate_time_zone": "America/New_York",
    "candidate_email": "grace@example.org",
    "may_call": "yes",
}
WINDOW = FORM | {
    "when": "window",
    "window_first": ahead(2, ""),
    "window_last": ahead(9, ""),
    "window_days": ["0", "1", "2", "3", "4"],
    "window_begins": "15:00",
    "window_ends": "18:00",
    "candidate_time_zone": "Europe/Berlin",
    "candidate_email": "grace@example.org",
}


@pytest.fixture
def links(settings: Settings) -> Callable[[Purpose, Appointment], str]:
    maker = LinkMaker(settings.stream_secret, "")
    return maker.address


def the_appointment(sessions: sessionmaker[Session]) -> Appointment:
    with sessions() as session:
        return session.scalars(select(Appointment)).one()


def set_up(person: Person, form: dict[str, object]) -> str:
    response = setting_up.set_up(person.client, form)
    assert response.status_code == 303, response.text
    return str(response.location)


def test_a_call_is_booked_shown_in_both_zones_moved_and_cancelled(ada: Person, sessions: sessionmaker[Session]) -> None:
    place = set_up(ada, BOOKED)
    page = ada.client.page(place)
    assert "14:30 E" in page, "the hour on the candidate's clock"
    assert "Confirmation" in page
    assert "data-gate" not in page
    assert "14:30 E" in ada.client.page("/agenda")
    change = place.partition("?")[0] + "/schedule"
    moved = ada.client.submit(change, {"when": "at", "scheduled_local": ahead(6, "16:00")})
    assert moved.status_code == 303
    assert "16:00 E" in ada.client.page("/agenda")
    assert "New time" in ada.client.page("/outbox")
    ada.client.submit(place.partition("?")[0] + "/cancel", {})
    assert the_appointment(sessions).state == "cancelled"
    assert "No calls ahead" in ada.client.page("/agenda")


def test_a_call_without_agreement_is_booked_and_its_closed_gate_is_named(ada: Person) -> None:
    form = {name: value for name, value in BOOKED.items() if name != "may_call"}
    page = ada.client.page(set_up(ada, form))
    assert 'data-gate="consent_missing"' in page
    assert "no record that the candidate agreed" in ada.client.page("/agenda")


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"scheduled_local": ahead(5, "06:00")}, "scheduled_local", "may ring from 08:00 to 21:00"),
        ({"candidate_phone": "911"}, "candidate_phone", "emergency number"),
        ({"candidate_phone": "+1 900 555 1234"}, "candidate_phone", "premium-rate"),
        ({"candidate_email": "nobody"}, "candidate_email", "e-mail address"),
        ({"when": "window", "window_first": "", "window_last": ""}, "window_first", "first and the last day"),
        ({"when": "window", "window_first": ahead(9, ""), "window_last": ahead(2, "")}, "window_first", "Exchange"),
        ({"when": "any", "answer_before": "2020-01-01"}, "answer_before", "has passed"),
        ({"repeat": "daily", "times": "99"}, "times", "or less"),
    ],
)
def test_what_cannot_be_booked_is_said_at_its_field_and_nothing_is_set_up(
    ada: Person, sessions: sessionmaker[Session], change: dict[str, str], field: str, said: str
) -> None:
    response = setting_up.set_up(ada.client, BOOKED | change)
    assert response.status_code == 422
    summary = response.text[response.text.index('id="errors"') :].partition("</ul>")[0]
    assert f'href="#{field}"' in summary
    assert said in summary
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Interview)) == 0


def test_a_second_call_to_the_same_number_at_the_same_time_is_refused(
    ada: Person, people: Callable[[str], Person]
) -> None:
    set_up(ada, BOOKED)
    assert "another call of yours" in setting_up.set_up(ada.client, BOOKED).text
    other = setting_up.set_up(people("bob").client, BOOKED)
    assert "by somebody else at that time" in other.text
    assert other.status_code == 422


def test_a_candidate_picks_moves_and_cancels_by_links_that_scanners_may_open(
    ada: Person,
    visitor: CheckingClient,
    sessions: sessionmaker[Session],
    links: Callable[[Purpose, Appointment], str],
) -> None:
    shown = ada.client.page(set_up(ada, WINDOW))
    offered = the_appointment(sessions)
    place = links(Purpose.PICK, offered)
    assert place in shown, "the user can hand the link out too"
    for path in (place, links(Purpose.CANCEL, offered), links(Purpose.DECLINE, offered), place + ")."):
        visitor.page(path)
        visitor.page(path)
    assert the_appointment(sessions).edition == 0, "opening a link changes nothing"
    page = visitor.page(place)
    slots = re.findall(r'name="slot" value="([^"]+)"', page)
    assert "ending in 43" in page
    assert "+12025550143" not in page
    done = visitor.submit(place, {"slot": slots[3]})
    assert "Your call is booked" in done.text
    picked = the_appointment(sessions)
    assert (picked.state, picked.due_at) == ("booked", datetime.fromisoformat(slots[3]))
    again = visitor.post(place, data={"slot": slots[4], "csrf_token": visitor.csrf("/login")})
    assert (again.status_code, "This link has been used" in again.text) == (410, True)
    move = links(Purpose.MOVE, picked)
    visitor.submit(move, {"slot": slots[5]})
    moved = the_appointment(sessions)
    assert (moved.due_at, moved.edition) == (datetime.fromisoformat(slots[5]), 2)
    cancel = links(Purpose.CANCEL, moved)
    assert "is cancelled" in visitor.submit(cancel, {}).text
    assert "ask Ada Example for a new invitation" in visitor.page(cancel, 410)
    with sessions() as session:
        assert session.get_one(Interview, moved.interview_id).end_reason == "cancelled_by_candidate"


def test_a_form_of_a_candidate_page_that_did_not_come_from_it_is_refused(
    ada: Person, visitor: CheckingClient, sessions: sessionmaker[Session], links: Callable[[Purpose, Appointment], str]
) -> None:
    set_up(ada, BOOKED)
    assert visitor.post(links(Purpose.CANCEL, the_appointment(sessions))).status_code == 403
    assert the_appointment(sessions).state == "booked"


def test_a_slot_that_is_gone_and_an_empty_choice_are_told_and_the_page_stays(
    ada: Person, visitor: CheckingClient, sessions: sessionmaker[Session], links: Callable[[Purpose, Appointment], str]
) -> None:
    set_up(ada, WINDOW)
    place = links(Purpose.PICK, the_appointment(sessions))
    for slot, said in (("", "Choose one of the times"), ("2026-01-01T10:00:00+01:00", "taken a moment ago")):
        response = visitor.submit(place, {"slot": slot})
        assert response.status_code == 409
        assert said in response.text


def test_refusing_calls_and_messages_holds_for_good(
    ada: Person, visitor: CheckingClient, sessions: sessionmaker[Session], links: Callable[[Purpose, Appointment], str]
) -> None:
    set_up(ada, BOOKED)
    place = links(Purpose.DECLINE, the_appointment(sessions))
    one_click = visitor.post(f"{place}/unsubscribe", data={"List-Unsubscribe": "One-Click"})
    assert "No more messages" in one_click.text
    assert the_appointment(sessions).state == "booked", "one click stops messages, not the call"
    assert "You will not be called again" in visitor.submit(place, {"what": "calls"}).text
    assert "You will not be called again" in visitor.submit(place, {"what": "calls"}).text
    with sessions() as session:
        permissions = PermissionRepository(session)
        assert permissions.is_refused(Channel.EMAIL, "grace@example.org")
        assert permissions.is_refused(Channel.CALL, "+12025550143")
    assert "asked never to be called" in setting_up.set_up(ada.client, BOOKED).text


@pytest.mark.parametrize("token", ["x", "a" * 64, "%00", "a" * 5000])
def test_a_broken_link_leads_to_a_page_that_says_what_to_do(visitor: CheckingClient, token: str) -> None:
    page = visitor.page(f"/c/{token}", 410)
    assert "not complete" in page
    assert "+1 202-555-0100" in page


def test_a_window_tells_when_nothing_is_free_any_more(
    ada: Person, visitor: CheckingClient, sessions: sessionmaker[Session], links: Callable[[Purpose, Appointment], str]
) -> None:
    first = ahead(2, "")
    set_up(ada, WINDOW | {"window_last": first, "window_first": first, "window_most": "1"})
    appointment = the_appointment(sessions)
    set_up(
        ada,
        FORM
        | {"candidate_phone": "+49 30 901820", "when": "at", "scheduled_local": f"{first}T11:00"}
        | {"candidate_time_zone": "Europe/Berlin"},
    )
    assert "There is no free time left" in visitor.page(links(Purpose.PICK, appointment))


def test_practice_calls_come_again_at_the_same_hour(ada: Person, sessions: sessionmaker[Session]) -> None:
    assert set_up(ada, BOOKED | {"repeat": "weekly", "times": "4"}) == "/agenda"
    with sessions() as session:
        calls = session.scalars(select(Appointment).order_by(Appointment.due_at)).all()
    assert len(calls) == 4
    assert {call.wall_time.hour for call in calls if call.wall_time} == {14}
    assert len({call.series_id for call in calls}) == 1


CSV = f"""name,phone,email,time_zone,role,level,topics,questions,at,agreed
Grace Hopper,+1 202 555 0143,grace@example.org,America/New_York,Backend engineer,mid,python databases,5,{ahead(5)},yes
Ada Byron,911,,Europe/London,Backend engineer,mid,python,5,,
Joan Clarke,+44 20 7946 0958,,Europe/London,Backend engineer,wizard,cooking,5,{ahead(5)},
Hedy Lamarr,+1 202 555 0143,,America/New_York,Frontend engineer,senior,react,5,{ahead(5)},
Jean Bartik,+1 202 555 0178,,,Data engineer,,databases,,,
"""


def test_a_file_is_tried_out_first_and_bad_rows_are_named_and_left_out(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    def count() -> int:
        with sessions() as session:
            return session.scalar(select(func.count()).select_from(Interview)) or 0

    response = ada.client.submit("/interviews/bulk", {"rows": (io.BytesIO(CSV.encode("utf-8-sig")), "rows.csv")})
    assert "2 of 5 rows can be set up" in response.text
    for said in (
        "phone: This is an emergency number",
        "level: Choose one",
        "topics: Choose one",
        "at: This number has",
    ):
        assert said in response.text
    assert count() == 0
    confirmed = ada.client.submit("/interviews/bulk", {"confirm": "yes", "text": CSV})
    assert (confirmed.status_code, count()) == (303, 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "column &#39;name&#39; is missing"),
        (b"name,phone,role,topics,wage\n", "column &#39;wage&#39; is not known"),
        (b"name,phone,role,topics\n", "no rows"),
        (b"name,phone,role,topics\na,b,c,d,e\n", "more values"),
        (b'name,phone,role,topics\n"a,b,c,d\n', "quotation mark"),
        (b"name,phone,role,topics\n\xff\xfe\n", "not in UTF-8"),
        (b"x" * 200_000, "larger than"),
        (b"name,phone,role,topics\n" + b"a,b,c,d\n" * 201, "more than 200 rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(ada: Person, content: bytes, said: str) -> None:
    response = ada.client.submit("/interviews/bulk", {"rows": (io.BytesIO(content), "rows.csv")})
    assert response.status_code == 422
    assert said in response.text


def test_the_calendar_address_is_secret_and_a_new_one_voids_the_old(ada: Person, visitor: CheckingClient) -> None:
    set_up(ada, BOOKED)
    page = ada.client.submit("/agenda/calendar", {}, form_on="/agenda")
    old = re.findall(r"<code>https?://[^/]+(/calendar/[a-z2-7]{64}\.ics)</code>", ada.client.page("/agenda"))[0]
    assert page.status_code == 303
    response = visitor.get(old)
    events = icalendar.Calendar.from_ical(response.data).walk("VEVENT")
    assert response.mimetype == "text/calendar"
    assert [str(event["SUMMARY"]) for event in events] == ["Interview by phone: Grace Hopper, Backend engineer, senior"]
    ada.client.submit("/agenda/calendar", {}, form_on="/agenda")
    assert visitor.get(old).status_code == 404
    assert visitor.get("/calendar/" + "a" * 64 + ".ics").status_code == 404


def test_messages_and_appointments_of_others_do_not_exist(
    ada: Person, people: Callable[[str], Person], sessions: sessionmaker[Session]
) -> None:
    set_up(ada, BOOKED)
    stranger = people("bob").client
    with sessions() as session:
        message = session.scalars(select(OutboxMessage).where(OutboxMessage.touch == "confirmation")).first()
        assert message is not None
    assert "Confirmation" in ada.client.page(f"/outbox/{message.id}")
    assert stranger.get(f"/outbox/{message.id}").status_code == 404
    assert stranger.get(f"/interviews/{message.interview_id}/schedule").status_code == 404
    assert "Nothing here yet" in stranger.page("/outbox")
