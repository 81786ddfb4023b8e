import logging
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from dashboard.health import ThisProcess
from engine.questions.bank import load_bank
from engine.store.jobs import SEND_MESSAGE, enqueue
from engine.work.grading import grade_interview
from tests.integration.dashboard.conftest import PASSWORD, Person
from tests.integration.dashboard.page_rules import CheckingClient
from tests.integration.dashboard.sample_interviews import CallScript, new_interview

NEW = {
    "role": "Data engineer",
    "level": "mid",
    "topics": ["databases", "python", "databases"],
    "question_count": 5,
    "candidate_name": "Katherine Johnson",
    "candidate_phone": "+44 20 7946 0958",
}


@pytest.fixture
def program(ada: Person, app: Flask) -> "Program":
    return Program(app, ada.email)


class Program:
    """A caller without cookies."""

    def __init__(self, app: Flask, email: str) -> None:
        self.client = app.test_client(use_cookies=False)
        answer = self.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers or "token" not in answer.headers["Set-Cookie"]
        self.tokens: dict[str, Any] = answer.get_json()["data"]

    def call(self, method: str, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        answer = self.client.open(f"/api/v1{path}", method=method, headers=headers, **more)
        return answer.status_code, answer.get_json()


def test_a_program_signs_in_reads_itself_renews_and_leaves(program: Program) -> None:
    status, body = program.call("GET", "/me")
    assert (status, body["data"]["email"]) == (200, "ada@example.org")
    assert "password" not in str(body)
    refresh = {"Authorization": f"Bearer {program.tokens['refresh_token']}"}
    renewed = program.client.post("/api/v1/auth/refresh", headers=refresh).get_json()["data"]
    assert renewed["refresh_token"] != program.tokens["refresh_token"]
    assert program.call("POST", "/auth/logout")[0] == 200
    assert program.call("GET", "/me")[0] == 401
    assert (
        program.client.post(
            "/api/v1/auth/refresh", headers={"Authorization": f"Bearer {renewed['refresh_token']}"}
        ).status_code
        == 401
    )


def test_an_access_token_does_not_renew_and_a_refresh_token_does_not_open(program: Program) -> None:
    access = {"Authorization": f"Bearer {program.tokens['access_token']}"}
    assert program.client.post("/api/v1/auth/refresh", headers=access).status_code == 401
    refresh = {"Authorization": f"Bearer {program.tokens['refresh_token']}"}
    assert program.client.get("/api/v1/me", headers=refresh).status_code == 401


def test_failures_have_codes_words_and_a_request_id(app: Flask, ada: Person) -> None:
    client = app.test_client(use_cookies=False)
    wrong = client.post(
        "/api/v1/auth/login", json={"email": ada.email, "password": "x"}, headers={"X-Request-ID": "caller-1234"}
    )
    assert wrong.status_code == 401
    assert wrong.get_json()["error"] == {
        "code": "INVALID_CREDENTIALS",
        "message": "The e-mail address or the password is wrong.",
        "fields": {},
        "request_id": "caller-1234",
    }
    assert wrong.headers["X-Request-ID"] == "caller-1234"
    for _ in range(4):
        client.post("/api/v1/auth/login", json={"email": ada.email, "password": "x"})
    limited = client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD})
    assert (limited.status_code, limited.get_json()["error"]["code"]) == (429, "TOO_MANY_ATTEMPTS")
    assert int(limited.headers["Retry-After"]) > 0


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space-1234", "<script>alert</script>"])
def test_a_malformed_request_id_is_replaced(visitor: CheckingClient, given: str) -> None:
    answered = visitor.get("/health/live", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert answered != given
    uuid.UUID(answered)


def test_an_interview_is_made_read_listed_and_cancelled(program: Program) -> None:
    when = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    status, made = program.call("POST", "/interviews", json=NEW | {"scheduled_at": when.isoformat()})
    assert status == 201
    data = made["data"]
    assert data["topics"] == ["databases", "python"]
    assert data["candidate"]["phone"] == "+442079460958"
    assert datetime.fromisoformat(data["scheduled_at"]) == when
    assert data["state"] == "scheduled"
    assert len(data["pin"]) == 6
    status, one = program.call("GET", f"/interviews/{data['id']}")
    assert (status, one["data"]["pin"], one["data"]["questions"]) == (200, data["pin"], [])
    status, listed = program.call("GET", "/interviews?limit=1")
    assert (listed["paging"], listed["data"][0]["id"]) == ({"page": 1, "limit": 1, "pages": 1, "total": 1}, data["id"])
    assert program.call("POST", f"/interviews/{data['id']}/cancel")[1]["data"]["state"] == "cancelled"
    status, again = program.call("POST", f"/interviews/{data['id']}/cancel")
    assert (status, again["error"]["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"level": "wizard"}, "level"),
        ({"topics": "python"}, "topics"),
        ({"topics": []}, "topics"),
        ({"question_count": 4}, "question_count"),
        ({"role": 7}, "role"),
        ({"role": "x" * 10_000}, "role"),
        ({"candidate_name": "a\x00b"}, "candidate_name"),
        ({"candidate_phone": "none"}, "candidate_phone"),
        ({"scheduled_at": "2030-01-01T10:00:00"}, "scheduled_at"),
        ({"scheduled_at": "2020-01-01T10:00:00Z"}, "scheduled_at"),
        ({"owner_id": "me"}, "owner_id"),
        ({"title": "x" * 256}, "title"),
    ],
)
def test_what_breaks_the_schema_is_refused_and_named(program: Program, change: dict[str, Any], field: str) -> None:
    status, body = program.call("POST", "/interviews", json=NEW | change)
    assert (status, body["error"]["code"]) == (422, "VALIDATION_FAILED")
    assert list(body["error"]["fields"]) == [field]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 5000])
def test_bodies_that_are_no_json_objects_are_refused(program: Program, body: bytes) -> None:
    status, answer = program.call("POST", "/interviews", data=body, content_type="application/json")
    assert (status, answer["error"]["code"]) == (422, "VALIDATION_FAILED")


def test_forms_and_giants_are_refused(program: Program) -> None:
    assert program.call("POST", "/interviews", data={"role": "x"})[0] in (415, 422)
    assert program.call("POST", "/interviews", data=b"x" * 300_000, content_type="application/json")[0] == 413


def test_unknown_paths_and_methods_answer_in_the_envelope(program: Program) -> None:
    assert program.call("GET", "/nothing")[1]["error"]["code"] == "NOT_FOUND"
    status, body = program.call("DELETE", "/me")
    assert (status, body["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_events_come_in_order_once_and_without_what_is_internal(
    program: Program, ada: Person, sessions: sessionmaker[Session]
) -> None:
    interview_id = new_interview(sessions, ada.id)
    path = f"/interviews/{interview_id}/events"
    assert program.call("GET", path)[1]["data"] == {
        "state": "scheduled",
        "last": 0,
        "at_ms": None,
        "has_more": False,
        "events": [],
    }
    script = CallScript(sessions, interview_id)
    script.ask(1, 3, "databases-joins", "databases", "How do joins differ?")
    script.fact("progress_saved", progress={"secret": "of the core"})
    script.record("action", "Speak", {"utterance": 1})
    script.hear("An inner join")
    first = program.call("GET", path)[1]["data"]
    names = [event["name"] for event in first["events"]]
    assert names == [
        "call_started",
        "stage",
        "question",
        "floor",
        "turn",
        "floor",
        "stage",
        "floor",
        "partial_transcript",
    ]
    assert "secret" not in str(first)
    assert first["state"] == "in_progress"
    assert program.call("GET", f"{path}?after={first['last']}")[1]["data"]["events"] == []
    two = program.call("GET", f"{path}?limit=2")[1]["data"]
    assert (len(two["events"]), two["has_more"]) == (2, True)
    for bad in ("after=-1", "after=x", "after=1e9", "limit=0", "limit=501", "other=1"):
        assert program.call("GET", f"{path}?{bad}")[0] == 422


def test_the_report_and_its_grades_are_read_as_json(
    program: Program, ada: Person, sessions: sessionmaker[Session]
) -> None:
    interview_id = new_interview(sessions, ada.id)
    assert program.call("GET", f"/interviews/{interview_id}/report")[0] == 404
    script = CallScript(sessions, interview_id)
    script.ask(1, 1, "databases-joins", "databases", "How does an inner join differ from a left join?")
    script.answer(
        1, "An inner join returns only rows that match in both tables. A left join keeps every row of the left table."
    )
    script.end()
    grade_interview(sessions, load_bank(), interview_id)
    report = program.call("GET", f"/interviews/{interview_id}/report")[1]["data"]
    question = program.call("GET", f"/interviews/{interview_id}")[1]["data"]["questions"][0]
    assert report["report"]["score"] == pytest.approx(question["evaluation"]["score"])
    assert question["answer"]["state"] == "answered"


def test_a_browsers_cookie_needs_the_csrf_header_where_a_bearer_does_not(ada: Person) -> None:
    refused = ada.client.post("/api/v1/interviews", json=NEW)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "FORBIDDEN")
    token = ada.client.get_cookie("csrf_access_token")
    assert token is not None
    assert ada.client.post("/api/v1/interviews", json=NEW, headers={"X-CSRF-TOKEN": token.value}).status_code == 201


def test_health_tells_whether_the_database_answers(
    visitor: CheckingClient, make_app: Callable[..., Flask], settings: Any
) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert visitor.get(path).status_code == 200
    away = make_app(database_url="postgresql+psycopg://nobody@127.0.0.1:1/none").test_client()
    assert away.get("/health/live").status_code == 200
    assert away.get("/health/ready").status_code == 503
    assert away.get("/health").get_json()["checks"] == {"database": "unavailable"}


def test_health_names_what_is_not_well_and_fails_only_for_what_calls_cannot_do_without(make_app, sessions):
    engines = {"speech": "ok", "text_to_speech/deepgram": "open"}
    client = make_app(process=ThisProcess(engines=lambda: engines)).test_client()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    assert answer.json["checks"] == {"database": "ok", "queue": "ok", **engines}
    engines["text_to_speech/deepgram"] = "ok"
    assert client.get("/health/ready").json["status"] == "ok"
    with sessions() as session:
        enqueue(session, SEND_MESSAGE, schedule_at=datetime.now(UTC) - timedelta(minutes=2), message_id="none")
        session.commit()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json["status"], answer.json["checks"]["queue"]) == (200, "degraded", "behind")
    waited_s = re.search(r"^vivavoce_jobs_longest_wait_seconds (\S+)$", client.get("/metrics").text, re.MULTILINE)
    assert waited_s is not None
    assert 120 <= float(waited_s[1]) < 180
    assert "vivavoce_worker_heartbeat_age_seconds" not in client.get("/metrics").text, "no worker has run yet"
    with sessions() as session:
        session.execute(text("insert into procrastinate_workers (last_heartbeat) values (now() - interval '9 s')"))
        session.commit()
    age_s = re.search(r"^vivavoce_worker_heartbeat_age_seconds (\S+)$", client.get("/metrics").text, re.MULTILINE)
    assert age_s is not None
    assert 9 <= float(age_s[1]) < 60
    engines["speech"] = "unavailable"
    assert client.get("/health/ready").status_code == 503


def test_a_process_that_was_told_to_stop_says_so_to_load_balancers(make_app):
    leaving = make_app(process=ThisProcess(is_draining=lambda: True)).test_client()
    answer = leaving.get("/health/ready")
    assert (answer.status_code, answer.json["status"]) == (503, "draining")
    assert leaving.get("/health/live").status_code == 200


def test_without_a_database_pages_and_api_say_so(make_app: Callable[..., Flask]) -> None:
    client = make_app(database_url="postgresql+psycopg://nobody@127.0.0.1:1/none").test_client()
    answer = client.post("/api/v1/auth/login", json={"email": "a@example.org", "password": "x"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "UNAVAILABLE")


def test_metrics_are_for_this_machine_and_for_bearers_of_the_token(make_app: Callable[..., Flask]) -> None:
    client = make_app(metrics_token="scrape-me").test_client()
    client.get("/health/live")
    here = client.get("/metrics")
    assert 'vivavoce_requests_total{route="/health/live",method="GET",status="200"} 1' in here.text
    assert "vivavoce_database_up 1" in here.text
    far = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", environ_base=far).status_code == 404
    assert client.get("/metrics", environ_base=far, headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert client.get("/metrics", environ_base=far, headers={"Authorization": "Bearer scrape-me"}).status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404


def test_an_uncaught_error_is_logged_with_its_trace_and_answered_without_it(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(public_endpoints={"broken", "api_broken"})

    def broken() -> str:
        raise RuntimeError("the inner reason")

    app.add_url_rule("/broken", "broken", broken)
    app.add_url_rule("/api/v1/broken", "api_broken", broken)
    client = app.test_client()
    with caplog.at_level(logging.ERROR):
        page = client.get("/broken", headers={"X-Request-ID": "trace-me-1"})
    assert page.status_code == 500
    assert "trace-me-1" in page.text
    assert "inner reason" not in page.text
    assert any(record.exc_info and "inner reason" in str(record.exc_info[1]) for record in caplog.records)
    assert client.get("/api/v1/broken").get_json()["error"]["code"] == "INTERNAL_ERROR"


def test_logs_tell_nothing_personal(ada: Person, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="dashboard"):
        ada.client.get("/interviews?text=grace")
        ada.client.submit("/logout", {}, form_on="/overview")
    said = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("dashboard"))
    assert "/interviews" in said
    for secret in ("grace", "ada@example.org", PASSWORD):
        assert secret not in said
