"""The same request twice: by programs under a key, by people with a second click, at once and one after the other."""

import io
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from dashboard.access import PUBLIC_ENDPOINTS
from engine.store.account_models import Attempt, IdempotencyKey
from engine.store.attempts import AttemptRepository
from engine.store.models import Interview, User
from engine.store.schedule_models import Appointment
from engine.work.jobs import tidy_up
from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.page_rules import CheckingClient, Page
from tests.integration.dashboard.test_access import SOME_ID
from tests.integration.dashboard.test_json_api import NEW, Program, program
from tests.integration.dashboard.test_schedule_pages import BOOKED, set_up
from tests.integration.dashboard.test_signing_in_pages import NEW as REGISTRATION
from tests.integration.dashboard.test_templates import TEMPLATE

__all__ = ["program"]
KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """With a view that fails after its work was committed."""
    made = make_app()

    def half() -> None:
        session = made.extensions["sqlalchemy"].session()
        AttemptRepository(session).record("half", "done", datetime.now(UTC))
        session.commit()
        raise RuntimeError("the other half")

    made.add_url_rule("/api/v1/half", "half", half, methods=["POST"])
    return made


@pytest.fixture
def send(program: Program) -> Callable[..., TestResponse]:
    def post(key: str | None = KEY, path: str = "/interviews", **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {program.tokens['access_token']}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return program.client.post(f"/api/v1{path}", headers=headers, **({"json": NEW} | more))

    return post


def count(sessions: sessionmaker[Session], table: type = Interview) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_repeated_request_gets_the_first_answer_and_a_key_belongs_to_one_request_of_one_user(
    send: Callable[..., TestResponse], people: Callable[[str], Person], app: Flask, sessions: sessionmaker[Session]
) -> None:
    first, again, other, without = send(), send(), send("another-key"), send(None)
    assert [each.status_code for each in (first, again, other, without)] == [201] * 4
    assert again.data == first.data
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.mimetype == "application/json"
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert len({each.get_json()["data"]["id"] for each in (first, other, without)}) == 3
    assert count(sessions) == 3
    made = first.get_json()["data"]["id"]
    for changed in (
        send(json=NEW | {"role": "Another role"}),
        send(path="/interviews?x=1"),
        send(path=f"/interviews/{made}/cancel", json={}),
    ):
        assert (changed.status_code, changed.get_json()["error"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    eve = Program(app, people("eve").email)
    headers = {"Authorization": f"Bearer {eve.tokens['access_token']}", "Idempotency-Key": KEY}
    theirs = eve.client.post("/api/v1/interviews", json=NEW, headers=headers)
    assert theirs.status_code == 201
    assert theirs.get_json()["data"]["id"] != made
    assert count(sessions) == 4


def test_of_requests_at_once_one_creates_and_the_others_are_told_to_come_back(
    send: Callable[..., TestResponse], sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        # The first of them is held in the middle of its work, by a lock that its insert waits for.
        session.execute(text("lock table interviews in exclusive mode"))
        answers: list[TestResponse] = []
        first = threading.Thread(target=lambda: answers.append(send()))
        first.start()
        waiting = text("select count(*) from pg_locks where not granted and relation = 'interviews'::regclass")
        with sessions() as watching:
            while not watching.scalar(waiting):
                watching.rollback()
        second = send()
        assert (second.status_code, second.get_json()["error"]["code"]) == (409, "IDEMPOTENCY_KEY_IN_USE")
        assert second.headers["Retry-After"] == "1"
    first.join(30)
    assert answers[0].status_code == 201
    assert send().data == answers[0].data
    assert count(sessions) == 1
    raced = at_once(4, lambda: send("another-key"))
    assert {each.status_code for each in raced} <= {201, 409}
    assert len({each.data for each in raced if each.status_code == 201}) == 1
    assert count(sessions) == 2


def test_a_fault_of_the_request_is_put_right_under_its_key_and_a_refusal_is_its_outcome(
    send: Callable[..., TestResponse],
) -> None:
    assert send(json={"role": "x"}).status_code == 422
    assert send(data="{", content_type="application/json", json=None).status_code == 422
    assert send().status_code == 201
    interview = send().get_json()["data"]["id"]
    path, note = f"/interviews/{interview}/commands", {"command": "skip"}
    first = send("skip-1", path, json=note)
    assert (first.status_code, first.get_json()["error"]["code"]) == (409, "CONFLICT")
    again = send("skip-1", path, json=note)
    assert (again.data, again.headers["Idempotent-Replayed"]) == (first.data, "true")
    absent = send("nobody", f"/interviews/{SOME_ID}/cancel", json={})
    assert (absent.status_code, "Idempotent-Replayed" in absent.headers) == (404, False)
    assert "Idempotent-Replayed" in send("nobody", f"/interviews/{SOME_ID}/cancel", json={}).headers


def test_a_failure_of_ours_leaves_nothing_and_may_be_tried_again(
    send: Callable[..., TestResponse], sessions: sessionmaker[Session]
) -> None:
    # The interview can be written but the job for its dialling cannot: the view fails after its first insert.
    with sessions.begin() as session:
        session.execute(text("alter table appointments rename to appointments_away"))
    body = NEW | {"appointment": {"when": "any", "answer_before": str((datetime.now(UTC) + timedelta(days=5)).date())}}
    for key, left in ((None, 1), ("half", 1)):
        assert send(key, "/half").status_code == 500
        with sessions() as session:
            assert session.scalar(select(func.count()).where(Attempt.action == "half")) == left, (
                "with a key all or nothing"
            )
    failed = send(json=body)
    assert failed.status_code == 500
    assert (count(sessions), count(sessions, IdempotencyKey)) == (0, 0)
    with sessions.begin() as session:
        session.execute(text("alter table appointments_away rename to appointments"))
    assert send(json=body).status_code == 201
    assert (count(sessions), count(sessions, IdempotencyKey)) == (1, 1)
    with sessions.begin() as session:
        session.execute(text("alter table idempotency_keys add constraint never check (status = 0) not valid"))
    with pytest.raises(Exception, match="never"):
        send("other")  # the test client hands the error on that a server would answer with 500
    assert count(sessions) == 1, "where the answer cannot be kept, nothing is created"


def test_every_changing_route_of_the_api_takes_a_key_and_forgets_it_after_a_day(
    app: Flask, program: Program, send: Callable[..., TestResponse], sessions: sessionmaker[Session]
) -> None:
    checked = set()
    for rule in app.url_map.iter_rules():
        is_keyless = rule.endpoint in PUBLIC_ENDPOINTS or rule.endpoint.partition(".")[0] in ("api_auth", "api_bench")
        if not rule.rule.startswith("/api/v1/") or is_keyless:
            continue
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            for key in ("", " ", "a" * 256, "with space", "ü"):
                headers = {"Authorization": f"Bearer {program.tokens['access_token']}", "Idempotency-Key": key}
                path = re.sub(r"<uuid:\w+>", SOME_ID, rule.rule)
                refused = program.client.open(path, method=method, headers=headers, json={})
                assert refused.get_json()["error"]["code"] == "IDEMPOTENCY_KEY_INVALID", f"{method} {path} {key!r}"
                assert refused.status_code == 400
            checked.add(rule.rule)
    assert {
        "/api/v1/auth/verification",
        "/api/v1/interviews",
        "/api/v1/interviews/<uuid:interview_id>/commands",
    } <= checked
    assert send().status_code == 201
    tidy_up(sessions, datetime.now(UTC))
    assert "Idempotent-Replayed" in send().headers
    with sessions.begin() as session:
        session.execute(update(IdempotencyKey).values(kept_at=datetime.now(UTC) - timedelta(hours=24, seconds=1)))
    assert "Idempotent-Replayed" not in send(json=NEW | {"role": "Another role"}).headers
    tidy_up(sessions, datetime.now(UTC) + timedelta(hours=25))
    assert (count(sessions), count(sessions, IdempotencyKey)) == (2, 0)


def test_calling_at_once_asked_for_twice_leaves_one_call_to_place(
    send: Callable[..., TestResponse], sessions: sessionmaker[Session]
) -> None:
    day = NEW | {"candidate_time_zone": zone_where_it_is_noon(), "may_call": True}
    interview = send(json=day | {"appointment": {"when": "any", "answer_before": ahead()}}).get_json()["data"]["id"]
    path, now = f"/interviews/{interview}/appointment", {"when": "now"}
    first = send("call-now", path, json=now)
    assert (first.status_code, send("call-now", path, json=now).data) == (200, first.data)
    with sessions() as session:
        assert session.scalars(select(Appointment)).one().edition == 1
        assert waiting_jobs(session) == [1]
    # Without a key it is a change to another instant: the job of the one before finds its edition gone.
    assert send(None, path, json=now).status_code == 200
    with sessions() as session:
        current = session.scalars(select(Appointment)).one().edition
        assert [edition for edition in waiting_jobs(session) if edition == current] == [current]


def waiting_jobs(session: Session) -> list[int]:
    found = "select (args ->> 'edition')::int from procrastinate_jobs where task_name = 'dial_call' and status = 'todo'"
    return list(session.scalars(text(found)))


def ahead() -> str:
    return str((datetime.now(UTC) + timedelta(days=5)).date())


def zone_where_it_is_noon() -> str:
    return f"Etc/GMT{-((12 - datetime.now(UTC).hour + 11) % 24 - 11):+d}"


def at_once(times: int, send: Callable[[], TestResponse]) -> list[TestResponse]:
    gate, answers = threading.Barrier(times), list[TestResponse]()

    def run() -> None:
        gate.wait(30)
        answers.append(send())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def fields(page: str, *, with_name: str = "form_key") -> dict[str, Any]:
    return next(form["fields"] for form in Page(page).forms if with_name in form["fields"])


def test_a_second_click_creates_nothing_and_a_form_that_was_changed_is_another_wish(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    rows = "name,phone,role,topics\nGrace Hopper,+12025550143,Engineer,python\n"
    preview = ada.client.post(
        "/interviews/bulk",
        data={
            "csrf_token": ada.client.csrf("/interviews/bulk"),
            "rows": (io.BytesIO(rows.encode()), "r.csv"),
        },
    )
    form = fields(preview.text)
    clicks = at_once(2, lambda: ada.client.post("/interviews/bulk", data=form))
    assert [(each.status_code, each.location) for each in clicks] == [(303, "/agenda")] * 2
    assert count(sessions) == 1
    assert ada.client.post("/interviews/bulk", data=form | {"form_key": "x" * 32}).status_code == 303
    assert count(sessions) == 2, "another key is another wish"
    place = set_up(ada, BOOKED).partition("?")[0]
    form = fields(ada.client.page(f"{place}/schedule")) | {
        "when": "any",
        "scheduled_local": "",
        "answer_before": ahead(),
    }
    for _ in range(2):
        assert ada.client.post(f"{place}/schedule", data=form).status_code == 303
    with sessions() as session:
        assert session.scalars(select(Appointment)).one().edition == 1
    other = form | {"answer_before": str((datetime.now(UTC) + timedelta(days=6)).date())}
    assert ada.client.post(f"{place}/schedule", data=other).status_code == 303
    with sessions() as session:
        assert session.scalars(select(Appointment)).one().edition == 2
    assert ada.client.submit(f"{place}/cancel", {"form_key": "made up"}).status_code == 400
    template = TEMPLATE | {name: fields(ada.client.page("/templates/new"))[name] for name in ("csrf_token", "form_key")}
    clicks = at_once(2, lambda: ada.client.post("/templates/new", data=template))
    assert [(each.status_code, each.location) for each in clicks] == [(303, clicks[0].location)] * 2


def test_registering_with_a_second_click_makes_one_account_and_signs_in(
    visitor: CheckingClient, app: Flask, sessions: sessionmaker[Session]
) -> None:
    form = REGISTRATION | fields(visitor.page("/register")) | REGISTRATION
    clicks = at_once(2, lambda: visitor.post("/register", data=form))
    assert [(each.status_code, each.location) for each in clicks] == [(303, "/overview?welcome=1")] * 2
    assert visitor.get("/account").status_code == 200
    assert count(sessions, User) == 1
    stranger = app.test_client()
    assert isinstance(stranger, CheckingClient)
    theirs = form | {
        "csrf_token": stranger.csrf("/register"),
        "password": "Other-Horse-77",
        "password_repeat": "Other-Horse-77",
    }
    assert stranger.post("/register", data=theirs).status_code == 409, "the form's key alone opens nothing"
