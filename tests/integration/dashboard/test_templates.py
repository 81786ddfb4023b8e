"""Templates, the answers prepared in them and the notice they demand: by pages and by API, until the call."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from engine.config import EndpointSettings, Settings
from engine.dialogue.their_questions import answer_to
from engine.questions.bank import load_bank
from engine.store.models import Interview
from engine.store.schedule_models import Appointment, OutboxMessage
from engine.work.interview_plan import endpoint_of, plan_of
from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.setting_up import part, set_up, walk
from tests.integration.dashboard.test_interview_pages import FORM
from tests.integration.dashboard.test_json_api import NEW, Program, program
from tests.integration.dashboard.test_schedule_pages import BOOKED, WINDOW, ahead

__all__ = ["program"]
TEMPLATE = {
    "name": "Backend, senior",
    "role": "Backend engineer",
    "level": "senior",
    "topics": ["python", "databases"],
    "question_count": "15",
    "rubric": "accuracy-depth-clarity-completeness",
    "notice_h": "24",
    "endpoint_policy": "fixed",
    "endpoint_silence_ms": "2000",
    "faq_question": ["Can I work from home?", "", "What is the salary range?"],
    "faq_answer": ["Yes, up to three days\na week.", "", "70-80k, depending on experience."],
}
FAQ = [
    {"question": "Can I work from home?", "answer": "Yes, up to three days a week."},
    {"question": "What is the salary range?", "answer": "70-80k, depending on experience."},
]


def the_interview(sessions: sessionmaker[Session]) -> Interview:
    with sessions() as session:
        return session.scalars(select(Interview)).one()


def made(person: Person, **changes: Any) -> str:
    """The address of a new template."""
    assert person.client.submit("/templates/new", TEMPLATE | changes).status_code == 303
    page = person.client.page("/templates")
    return "/templates/" + page.partition('href="/templates/')[2].partition('href="/templates/')[2].partition('"')[0]


def test_an_interview_keeps_what_its_template_said_when_it_was_set_up(
    ada: Person, sessions: sessionmaker[Session], settings: Settings
) -> None:
    template = made(ada)
    start = f"/interviews/new?from={template.rpartition('/')[2]}"
    first = ada.client.page(start)
    assert 'value="Backend engineer"' in first
    typed = {"from": template.rpartition("/")[2]} | part(FORM, "position")
    place = str(ada.client.submit(start, typed).location)
    page = ada.client.page(place)
    assert 'value="15" checked' in page
    assert "three days a week" in page
    assert 'value="2000"' in page
    assert '<option value="fixed" selected' in page
    names = ("question_count", "faq_question", "faq_answer", "endpoint_policy", "endpoint_silence_ms")
    form = {name: TEMPLATE[name] for name in names} | {"endpoint_threshold_dbfs": "-42.5"}
    place = str(ada.client.submit(place, form).location)
    place = str(ada.client.submit(place, part(BOOKED, "candidate")).location)
    assert 'value="24"' in ada.client.page(place)
    place = str(ada.client.submit(place, part(BOOKED, "time") | {"notice_h": "24"}).location)
    assert "By a plain timer" in ada.client.page(place)
    shown = ada.client.page(str(ada.client.submit(place, {}).location))
    assert "What is the salary range?" in shown
    assert "24 hours" in shown
    ada.client.submit(template, TEMPLATE | {"notice_h": "1", "faq_answer": ["No.", "", "No idea."]})
    assert ada.client.submit(f"{template}/delete", {}).status_code == 303
    assert "No templates yet" in ada.client.page("/templates")
    interview = the_interview(sessions)
    assert (interview.notice_h, interview.faq) == (24, FAQ)
    assert endpoint_of(interview, settings.endpoint) == EndpointSettings(2000, -42.5, "fixed")
    plan = plan_of(interview, load_bank(), settings)
    assert answer_to("um, could I also work from home?", plan) == ("Yes, up to three days a week.",)
    assert answer_to("what about the salary range", plan) is not None
    assert answer_to("do you have a canteen?", plan) is None


def test_a_template_is_saved_from_the_review(ada: Person) -> None:
    review = str(walk(ada.client, FORM).location)
    address = review.replace("review", "template")
    assert 'href="#name"' in ada.client.submit(address, {"name": ""}, form_on=review).text
    saved = ada.client.submit(address, {"name": "Mine"}, form_on=review)
    assert "The template is saved" in ada.client.page(saved.location)
    again = ada.client.submit(address, {"name": "Mine"}, form_on=review)
    assert (again.status_code, "a template called Mine already" in again.text) == (409, True)
    assert "10 questions" in ada.client.page("/templates")
    assert "Mine" in ada.client.page("/interviews/new")


def test_templates_of_others_do_not_exist(ada: Person, people: Callable[[str], Person]) -> None:
    template, eve = made(ada), people("eve").client
    for path in (template, f"{template}/delete", f"/interviews/new?from={template.rpartition('/')[2]}"):
        assert eve.get(path).status_code == 404
    for path in (template, f"{template}/delete"):
        assert eve.submit(path, TEMPLATE, form_on="/templates/new").status_code == 404
    assert "Backend, senior" not in eve.page("/templates")
    assert eve.submit("/templates/new", TEMPLATE).status_code == 303, "names are each user's own"
    assert "Backend, senior" in ada.client.page(template)


FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"name": ""}, "name", "Fill this in"),
    ({"topics": []}, "topics", "at least one"),
    ({"notice_h": "337"}, "notice_h", "336 or less"),
    ({"notice_h": "soon"}, "notice_h", "whole number"),
    ({"endpoint_policy": "guess"}, "endpoint_policy", "one of the values"),
    ({"endpoint_silence_ms": "100"}, "endpoint_silence_ms", "200 or more"),
    ({"endpoint_threshold_dbfs": "loud"}, "endpoint_threshold_dbfs", "number"),
    ({"faq_question": ["What is it?"], "faq_answer": ["This."]}, "faq.0.question", "at least one word"),
    ({"faq_question": ["Which stack?"], "faq_answer": [""]}, "faq.0.answer", "at least 2 characters"),
    ({"faq_question": ["Stack?"] * 2, "faq_answer": ["Flask.", "x" * 501]}, "faq.1.answer", "at most 500"),
    ({"faq_question": ["Stack?"] * 21, "faq_answer": ["Flask."] * 21}, "faq", "at most 20"),
]


def test_what_a_template_cannot_say_is_told_at_its_field_and_nothing_typed_is_lost(ada: Person) -> None:
    for change, field, said in FAULTS:
        response = ada.client.submit("/templates/new", TEMPLATE | change)
        assert response.status_code == 422, change
        summary = response.text[response.text.index('id="errors"') :].partition("</ul>")[0]
        assert f'href="#{field}"' in summary, change
        assert said in summary, change
        assert f'id="{field}-error"' in response.text, change
        assert 'value="Backend engineer"' in response.text, change
    room = ada.client.submit("/templates/new", TEMPLATE | {"go": "rows"})
    assert (room.status_code, room.text.count('name="faq_question"')) == (200, 6)
    assert "No templates yet" in ada.client.page("/templates")


def test_an_hour_within_the_notice_is_refused_and_no_slot_lies_in_it(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    refused = set_up(ada.client, BOOKED | {"notice_h": "240"})
    assert refused.status_code == 422
    assert "owes its candidate 240 hours of notice" in refused.text
    now = set_up(ada.client, BOOKED | {"when": "now", "notice_h": "2"})
    assert 'href="#when"' in now.text
    unreachable = {name: value for name, value in BOOKED.items() if name not in ("candidate_email", "may_call")}
    assert "there is no way to give it" in set_up(ada.client, unreachable | {"notice_h": "2"}).text
    nothing = set_up(ada.client, WINDOW | {"notice_h": "336", "window_last": ahead(3, "")})
    assert "holds no slot" in nothing.text
    place = set_up(ada.client, BOOKED | {"notice_h": "110"}).location.partition("?")[0]
    for told_h, shown in ((111, False), (109, True)):
        with sessions.begin() as session:
            due_at = session.scalars(select(Appointment.due_at)).one()
            assert due_at is not None
            news = {"state": "sent", "sent_at": due_at - timedelta(hours=told_h)}
            session.execute(update(OutboxMessage).where(OutboxMessage.touch == "confirmation").values(**news))
        assert ('data-gate="notice_too_short"' in ada.client.page(place)) is shown, f"told {told_h} hours ahead"
    nearer = ada.client.submit(f"{place}/schedule", {"when": "at", "scheduled_local": ahead(1)})
    assert "owes its candidate 110 hours" in nearer.text


def test_the_api_takes_templates_notice_and_answers(program: Program, people: Callable[[str], Person]) -> None:
    body = {
        "name": "Data",
        "role": "Data engineer",
        "level": "junior",
        "topics": ["databases"],
        "notice_h": 12,
        "faq": FAQ,
    }
    status, kept = program.call("POST", "/templates", json=body)
    assert status == 201
    template = kept["data"]
    assert (template["faq"], template["question_count"], template["notice_h"]) == (FAQ, 5, 12)
    assert program.call("POST", "/templates", json=body)[0] == 409
    person = {name: NEW[name] for name in ("candidate_name", "candidate_phone")}
    status, short = program.call("POST", "/interviews", json=person | {"template_id": template["id"]})
    assert status == 201
    assert [short["data"][name] for name in ("role", "level", "topics", "notice_h", "faq")] == [
        *("Data engineer", "junior", ["databases"], 12, FAQ)
    ]
    own = person | {"template_id": template["id"], "level": "senior", "notice_h": None, "faq": []}
    other = program.call("POST", "/interviews", json=own)[1]["data"]
    assert (other["level"], other["notice_h"], other["faq"]) == ("senior", None, [])
    changed = program.call("PUT", f"/templates/{template['id']}", json=body | {"notice_h": None})[1]["data"]
    assert changed["notice_h"] is None
    assert program.call("GET", f"/interviews/{short['data']['id']}")[1]["data"]["notice_h"] == 12
    assert program.call("DELETE", f"/templates/{template['id']}")[0] == 200
    assert program.call("GET", "/templates")[1]["data"] == []
    for wrong in (template["id"], "x", 7):
        status, answer = program.call("POST", "/interviews", json=person | {"template_id": wrong})
        assert (status, list(answer["error"]["fields"])) == (422, ["template_id"])
    faulty = NEW | {"faq": [FAQ[0], {"question": "Why?", "answer": "Because."}]}
    assert list(program.call("POST", "/interviews", json=faulty)[1]["error"]["fields"]) == ["faq.1.question"]


def test_an_interview_that_says_nothing_of_it_is_listened_to_as_the_server_is_set_up(
    ada: Person, sessions: sessionmaker[Session], settings: Settings
) -> None:
    assert set_up(ada.client, BOOKED).status_code == 303
    usual = EndpointSettings(1700, -45.0, "adaptive", has_listening_sounds=False)
    assert endpoint_of(the_interview(sessions), usual) == usual
