"""Watching a call and having a hand on it: server-sent events, commands by form and by API."""

import json
import uuid

import pytest

from dashboard.health import ThisProcess
from engine.ports import EventRecord
from engine.store.command_models import CallCommand
from engine.store.moves import move_call, move_interview
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import CallState, Direction, InterviewState
from tests.integration.dashboard.sample_interviews import new_interview


@pytest.fixture
def live(sessions, ada):
    """An interview of Ada's with a call on the line."""
    interview_id = new_interview(sessions, ada.id)
    with UnitOfWork(sessions) as work:
        call = work.calls.register(interview_id, "CA1", Direction.INBOUND)
        call_id = call.id
        work.commit()
    ship(sessions, call_id, 0, ("call_started", {"stream_sid": "MZ1", "direction": "inbound"}))
    return interview_id, call_id


def ship(sessions, call_id, first, *facts):
    with UnitOfWork(sessions) as work:
        work.events.ship(
            call_id, [EventRecord(first + n, n, "fact", name, data) for n, (name, data) in enumerate(facts)]
        )
        work.commit()


def messages(response) -> list[dict]:
    """Reads the stream to its end."""
    text = response.get_data(as_text=True)
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith('data: {"l')]


def end(sessions, interview_id):
    with sessions.begin() as session:
        assert move_interview(session, interview_id, InterviewState.EVALUATING)


def test_the_stream_tells_everything_so_far_and_ends_with_the_interview(sessions, ada, live):
    ship(sessions, live[1], 1, ("stage_changed", {"stage": "asking"}), ("progress_saved", {"progress": {}}))
    end(sessions, live[0])
    answer = ada.client.get(f"/api/v1/interviews/{live[0]}/events/stream")
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    [told] = messages(answer)
    assert [event["name"] for event in told["events"]] == ["call_started", "stage"]
    assert "event: over" in answer.get_data(as_text=True)
    assert f"id: {told['last']}\n" in answer.get_data(as_text=True)


def test_a_browser_that_comes_back_gets_only_what_it_has_not(sessions, ada, live):
    ship(sessions, live[1], 1, ("stage_changed", {"stage": "asking"}))
    end(sessions, live[0])
    path = f"/api/v1/interviews/{live[0]}/events/stream"
    [first] = messages(ada.client.get(path))
    last = first["events"][0]["id"]
    [told] = messages(ada.client.get(path, headers={"Last-Event-ID": str(last)}))
    assert [event["name"] for event in told["events"]] == ["stage"]
    assert messages(ada.client.get(f"{path}?after={first['last']}")) == []


def test_what_comes_while_the_browser_listens_is_told_at_once(sessions, ada, live, make_app):
    class Script:
        """News that come when somebody waits for them."""

        waits = 0

        def wait(self, interview_id, seen, timeout_s):
            assert interview_id == str(live[0])
            self.waits += 1
            if self.waits == 2:
                ship(sessions, live[1], 1, ("stage_changed", {"stage": "closing"}))
            elif self.waits == 3:
                end(sessions, live[0])
            return self.waits

    client = make_app(process=ThisProcess(news=Script())).test_client()
    client.submit("/login", {"email": ada.email, "password": ada.password})
    told = messages(client.get(f"/api/v1/interviews/{live[0]}/events/stream"))
    assert [[event["name"] for event in each["events"]] for each in told] == [["call_started"], ["stage"]]


def test_a_process_that_was_told_to_stop_lets_its_readers_go(sessions, ada, live, make_app):
    client = make_app(process=ThisProcess(is_draining=lambda: True)).test_client()
    client.submit("/login", {"email": ada.email, "password": ada.password})
    assert messages(client.get(f"/api/v1/interviews/{live[0]}/events/stream")) == []


def test_somebody_elses_call_is_neither_watched_nor_touched(people, ada, live):
    eve = people("eve")
    assert eve.client.get(f"/api/v1/interviews/{live[0]}/events/stream").status_code == 404
    assert (
        eve.client.submit(f"/interviews/{live[0]}/commands", {"command": "end"}, form_on="/account").status_code == 404
    )


def given(sessions):
    with sessions() as session:
        return [(row.command, row.text) for row in session.query(CallCommand).order_by(CallCommand.id)]


def test_the_levers_of_the_page_work_without_scripts(sessions, ada, live):
    page, path = f"/interviews/{live[0]}", f"/interviews/{live[0]}/commands"
    for data in (
        {"command": "skip"},
        {"command": "add_time", "minutes": "5"},
        {"command": "note", "text": " indexes "},
    ):
        answer = ada.client.submit(path, data, form_on=page)
        assert answer.status_code == 303, answer.text
        assert "passed on" in ada.client.page(answer.headers["Location"])
    assert given(sessions) == [("skip", ""), ("add_time", "5"), ("note", "indexes")]
    assert "indexes" in ada.client.page(page)


def test_with_scripts_the_answer_is_put_beside_the_levers(ada, live):
    page, path = f"/interviews/{live[0]}", f"/interviews/{live[0]}/commands"
    data = {"command": "end", "csrf_token": ada.client.csrf(page)}
    answer = ada.client.post(path, data=data, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "being ended" in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    "data", [{"command": "explode"}, {"command": "note", "text": ""}, {"command": "add_time", "minutes": "1000"}]
)
def test_a_command_that_makes_no_sense_is_refused_with_words(sessions, ada, live, data):
    answer = ada.client.submit(f"/interviews/{live[0]}/commands", data, form_on=f"/interviews/{live[0]}")
    assert answer.status_code == 422
    assert given(sessions) == []


def test_when_nobody_is_on_the_line_that_is_said(sessions, ada, live):
    page = f"/interviews/{live[0]}"
    token = ada.client.csrf(page)
    with sessions.begin() as session:
        assert move_call(session, live[1], CallState.DROPPED)
    answer = ada.client.post(f"{page}/commands", data={"command": "skip", "csrf_token": token})
    assert answer.status_code == 409
    assert "Nobody is on the line" in answer.text


def test_the_api_gives_commands_too(sessions, ada, live):
    token = ada.client.get_cookie("csrf_access_token").value
    answer = ada.client.post(
        f"/api/v1/interviews/{live[0]}/commands", json={"command": "skip"}, headers={"X-CSRF-TOKEN": token}
    )
    assert answer.status_code == 200, answer.text
    assert given(sessions) == [("skip", "")]
    unknown = ada.client.post(
        f"/api/v1/interviews/{uuid.uuid4()}/commands", json={"command": "skip"}, headers={"X-CSRF-TOKEN": token}
    )
    assert unknown.status_code == 404
