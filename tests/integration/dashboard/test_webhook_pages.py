"""Webhooks and the time that things are kept, on their pages."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from engine.config import Settings
from engine.questions.bank import load_bank
from engine.store.models import Interview, Recording, User, WebhookDelivery, WebhookEndpoint
from engine.work.grading import grade_interview
from engine.work.retention import delete_what_is_over, keeping_of
from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.recordings import write_recording
from tests.integration.dashboard.sample_interviews import CallScript, new_interview

LIST = "/account/webhooks"
WANTED = {"url": "https://example.org/hooks", "events": ["call.ended", "report.ready"]}


@pytest.fixture
def place(ada: Person, sessions: sessionmaker[Session]) -> str:
    """The page of a webhook that was just added."""
    made = ada.client.submit(LIST, WANTED)
    assert made.status_code == 200, made.text
    with sessions() as session:
        endpoint = session.scalars(select(WebhookEndpoint)).one()
    assert (endpoint.url, endpoint.events, endpoint.owner_id) == (WANTED["url"], WANTED["events"], ada.id)
    assert made.text.count(f"<code>{endpoint.secret}</code>") == 1
    assert "no-store" in made.headers["Cache-Control"]
    page = f"{LIST}/{endpoint.id}"
    for shown in (ada.client.page(LIST), ada.client.page(page)):
        assert endpoint.secret not in shown, "it is shown once"
        assert WANTED["url"] in shown
    return page


def test_a_webhook_is_tried_turned_off_and_on_and_deleted(
    ada: Person, place: str, sessions: sessionmaker[Session]
) -> None:
    assert "Nothing yet" in ada.client.page(place)
    assert ada.client.submit(f"{place}/test", {}, form_on=place).location == place
    assert "Waits" in ada.client.page(place)
    with sessions.begin() as session:
        session.execute(update(WebhookDelivery).values(state="failed", attempts=6, status=500, answer="<b>broken</b>"))
    page = ada.client.page(place)
    assert "Failed" in page
    assert "500 &lt;b&gt;broken" in page
    again = re.findall(r'action="(/account/webhooks/deliveries/[^"]+)"', page)
    assert ada.client.submit(again[0], {}, form_on=place).status_code == 303
    assert "Waits" in ada.client.page(place)

    ada.client.submit(f"{place}/switch", {"to": "off"}, form_on=place)
    assert "Turned off by hand." in ada.client.page(LIST)
    assert "webhook-off" not in ada.client.page("/overview")
    with sessions.begin() as session:
        session.execute(update(WebhookEndpoint).values(disabled_reason="20 tries failed one after the other."))
    assert "20 tries failed" in ada.client.page("/overview")
    assert "Send a test" not in ada.client.page(place)
    assert ada.client.submit(f"{place}/test", {}, form_on=place).status_code == 409
    ada.client.submit(f"{place}/switch", {"to": "on"}, form_on=place)
    assert "Send a test" in ada.client.page(place)
    assert ada.client.submit(f"{place}/delete", {}, form_on=place).location == LIST
    ada.client.page(place, status=404)


def test_an_address_that_cannot_be_used_is_refused_and_nothing_typed_is_lost(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    wrong: list[tuple[dict[str, object], str]] = [
        ({"url": "http://example.org/hooks"}, "Begin with https://"),
        ({"url": "https://10.0.0.8/"}, "not reachable from the internet"),
        ({"url": ""}, "Fill this in."),
        ({"events": []}, "Fill this in."),
        ({"events": ["call.exploded"]}, "Choose"),
    ]
    for change, said in wrong:
        answer = ada.client.submit(LIST, WANTED | change)
        assert answer.status_code == 422
        assert said in answer.text
        if "url" in change:
            assert f'value="{change["url"]}"' in answer.text
    with sessions() as session:
        assert session.scalars(select(WebhookEndpoint)).all() == []


def test_somebody_elses_webhook_is_absent_and_ones_own_are_ten_at_most(
    place: str, people: Callable[[str], Person]
) -> None:
    eve = people("eve")
    eve.client.page(place, status=404)
    for number in range(10):
        assert eve.client.submit(LIST, WANTED | {"url": f"https://example.com/{number}"}).status_code == 200
    assert eve.client.submit(LIST, WANTED).status_code == 409, "ten are enough"
    for action in ("test", "switch", "delete"):
        assert eve.client.submit(f"{place}/{action}", {}, form_on=LIST).status_code == 404
    assert "https://example.org/hooks</a>" not in eve.client.page(LIST)


def test_an_account_chooses_a_shorter_time_for_its_recordings(ada: Person, sessions: sessionmaker[Session]) -> None:
    path = "/account/keeping"
    for wrong, said in (("91", "keeps recordings for 90 days"), ("0", "Use 1 or more."), ("soon", "whole number")):
        answer = ada.client.submit(path, {"recording_days": wrong})
        assert answer.status_code == 422
        assert said in answer.text
        assert f'value="{wrong}"' in answer.text
    assert ada.client.submit(path, {"recording_days": "14"}).location == "/account"
    assert "deleted 14 days after the call" in ada.client.page("/account")
    assert 'value="14"' in ada.client.page(path)
    ada.client.submit(path, {"recording_days": ""})
    with sessions() as session:
        assert session.get_one(User, ada.id).recording_days is None


def test_a_disputed_interview_is_held_and_a_removed_recording_is_said_to_be_removed(
    ada: Person, people: Callable[[str], Person], sessions: sessionmaker[Session], settings: Settings
) -> None:
    interview_id = new_interview(sessions, ada.id)
    script = CallScript(sessions, interview_id)
    script.ask(1, 3, "python-list-or-tuple", "python", "A list or a tuple?")
    script.answer(1, "A tuple is immutable, so it cannot be changed after it is created.")
    script.fact("recording_saved", **write_recording(settings.recordings_dir, script.call_id, 2000))
    script.end()
    grade_interview(sessions, load_bank(), interview_id)
    page, hold = f"/interviews/{interview_id}", f"/interviews/{interview_id}/hold"
    assert "The recording is removed" in ada.client.page(page)
    assert ada.client.get(f"{page}/recording.wav").status_code == 200

    eve = people("eve")
    given = {"want": "hold", "reason": "The score is disputed"}
    assert eve.client.submit(hold, given, form_on="/account").status_code == 404
    assert ada.client.submit(hold, given | {"reason": ""}, form_on=page).status_code == 422
    assert ada.client.submit(hold, given, form_on=page).status_code == 303
    assert "“The score is disputed”. Nothing of it is deleted" in ada.client.page(page)
    later = datetime.now(UTC).replace(year=datetime.now(UTC).year + 2)
    delete_what_is_over(sessions, keeping_of(settings), later)
    assert ada.client.get(f"{page}/recording.wav").status_code == 200

    ada.client.submit(hold, {"want": "release"}, form_on=page)
    with sessions() as session:
        file = settings.recordings_dir / Path(session.scalars(select(Recording.path)).one())
        assert session.get_one(Interview, interview_id).kept_since is None
    delete_what_is_over(sessions, keeping_of(settings), later)
    assert not file.exists()
    assert ada.client.get(f"{page}/recording.wav").status_code == 404
    report = ada.client.page(f"{page}/report")
    for said in ("The recording was removed", "What was said was removed", "The figures are kept"):
        assert said in report
    for gone in ("after it is created.", "<audio", "Nothing was said."):
        assert gone not in report
    assert "The recording was removed" in ada.client.page(page)
