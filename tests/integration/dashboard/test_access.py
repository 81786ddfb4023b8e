"""Who gets what: the table of routes, strangers, and people who guess."""

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from dashboard.access import PUBLIC_ENDPOINTS
from engine.config import Settings
from engine.questions.bank import load_bank
from engine.work.grading import grade_interview
from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.page_rules import CheckingClient
from tests.integration.dashboard.recordings import write_recording
from tests.integration.dashboard.sample_interviews import CallScript, new_interview

SOME_ID = "6f2f3c1e-0d0f-4c58-9d0c-5a6f0a1b2c3d"


def finished_interview(sessions: sessionmaker[Session], owner_id: uuid.UUID, recordings_dir: Path) -> uuid.UUID:
    interview_id = new_interview(sessions, owner_id)
    script = CallScript(sessions, interview_id)
    script.ask(1, 1, "databases-joins", "databases", "How does an inner join differ from a left join?")
    script.answer(
        1,
        "An inner join returns only rows that match in both tables and a left join keeps every row of the left table.",
    )
    script.fact("recording_saved", **write_recording(recordings_dir, script.call_id, 3000))
    script.end()
    grade_interview(sessions, load_bank(), interview_id)
    return interview_id


def test_every_route_that_is_not_listed_as_public_needs_a_signed_in_person(app: Flask, visitor: CheckingClient) -> None:
    checked = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC_ENDPOINTS:
            continue
        path = re.sub(r"<uuid:\w+>", SOME_ID, rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            response = visitor.open(path, method=method)
            if path.startswith("/api/"):
                assert response.status_code == 401, f"{method} {path}"
                assert response.json is not None
                assert response.json["error"]["code"] == "UNAUTHORIZED"
            else:
                assert response.status_code == 302, f"{method} {path}"
                assert response.location.startswith("/login"), f"{method} {path}"
            checked += 1
    assert checked > 15


def test_the_list_of_public_routes_names_only_routes_that_exist(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= PUBLIC_ENDPOINTS


def test_routes_added_later_are_protected_unless_they_are_named(make_app: Callable[..., Flask]) -> None:
    app = make_app(public_endpoints={"hook"})
    app.add_url_rule("/telephony/hook", "hook", lambda: "open")
    app.add_url_rule("/telephony/other", "other", lambda: "closed")
    client = app.test_client()
    assert client.get("/telephony/hook").text == "open"
    assert client.get("/telephony/other").status_code == 302


@pytest.fixture
def guarded(
    people: Callable[[str], Person], sessions: sessionmaker[Session], settings: Settings
) -> tuple[uuid.UUID, Person, Person]:
    owner, stranger = people("ada"), people("eve")
    return finished_interview(sessions, owner.id, settings.recordings_dir), owner, stranger


READS = [
    "/interviews/{id}",
    "/interviews/{id}/live",
    "/interviews/{id}/cancel",
    "/interviews/{id}/report",
    "/interviews/{id}/recording.wav",
    "/api/v1/interviews/{id}",
    "/api/v1/interviews/{id}/events",
    "/api/v1/interviews/{id}/report",
]


def test_somebody_elses_interview_is_absent_in_every_form(guarded: tuple[uuid.UUID, Person, Person]) -> None:
    interview_id, owner, stranger = guarded
    for template in READS:
        path = template.format(id=interview_id)
        assert owner.client.get(path).status_code in (200, 302), path
        foreign, missing = stranger.client.get(path), stranger.client.get(template.format(id=SOME_ID))
        assert foreign.status_code == missing.status_code == 404, path
    assert stranger.client.submit(f"/interviews/{interview_id}/cancel", {}, form_on="/overview").status_code == 404
    token = stranger.client.csrf("/overview")
    response = stranger.client.post(f"/api/v1/interviews/{interview_id}/cancel", headers={"X-CSRF-TOKEN": token})
    assert response.status_code == 404
    assert str(interview_id) not in stranger.client.page("/interviews")
    assert stranger.client.get("/api/v1/interviews").json == {
        "data": [],
        "paging": {"page": 1, "limit": 10, "pages": 1, "total": 0},
    }


@pytest.mark.parametrize("guess", ["1", "not-a-uuid", "../../etc/passwd", "%00", "' or 1=1 --"])
def test_ids_that_are_none_are_absent(ada: Person, guess: str) -> None:
    assert ada.client.get(f"/interviews/{guess}").status_code == 404
    assert ada.client.get(f"/api/v1/interviews/{guess}/report").status_code == 404


def test_a_recording_plays_whole_or_in_ranges(guarded: tuple[uuid.UUID, Person, Person]) -> None:
    interview_id, owner, _stranger = guarded
    path = f"/interviews/{interview_id}/recording.wav"
    whole = owner.client.get(path)
    size = 44 + 3000 * 8 * 2 * 2
    assert (whole.status_code, len(whole.data), whole.mimetype) == (200, size, "audio/wav")
    assert whole.data[:4] == b"RIFF"
    assert whole.headers["Accept-Ranges"] == "bytes"
    for wanted, (start, stop) in {
        "bytes=0-": (0, size),
        "bytes=0-43": (0, 44),
        "bytes=40-50": (40, 51),
        "bytes=1001-20004": (1001, 20005),
        "bytes=-3": (size - 3, size),
        f"bytes={size - 1}-{size + 99}": (size - 1, size),
    }.items():
        part = owner.client.get(path, headers={"Range": wanted})
        assert part.status_code == 206, wanted
        assert part.data == whole.data[start:stop], wanted
        assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}", wanted
    beyond = owner.client.get(path, headers={"Range": f"bytes={size}-"})
    assert beyond.status_code == 416


def test_the_recording_of_another_interviews_call_cannot_be_reached_through_ones_own(
    guarded: tuple[uuid.UUID, Person, Person], sessions: sessionmaker[Session], settings: Settings
) -> None:
    interview_id, owner, stranger = guarded
    own = finished_interview(sessions, stranger.id, settings.recordings_dir)
    body = owner.client.get(f"/api/v1/interviews/{interview_id}/report").json
    assert body is not None
    foreign_call = body["data"]["report"]["questions"][0]["answer"]["call_id"]
    assert owner.client.get(f"/interviews/{interview_id}/recording.wav?call={foreign_call}").status_code == 200
    assert stranger.client.get(f"/interviews/{own}/recording.wav?call={foreign_call}").status_code == 404
    assert stranger.client.get(f"/interviews/{own}/recording.wav?call=nonsense").status_code == 422


def test_scripts_in_names_titles_and_transcripts_are_shown_as_text(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    attack = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    interview_id = new_interview(sessions, ada.id, title=attack, candidate=attack)
    script = CallScript(sessions, interview_id)
    script.ask(1, 2, "databases-joins", "databases", attack)
    script.answer(1, f"{attack} an inner join returns only rows that match in both tables")
    script.hear(attack)
    pages = [ada.client.page(path) for path in ("/overview", "/interviews", f"/interviews/{interview_id}")]
    script.end()
    grade_interview(sessions, load_bank(), interview_id)
    pages.append(ada.client.page(f"/interviews/{interview_id}/report"))
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "text",
    [
        "'; drop table users; --",
        "' or '1'='1",
        "%",
        "_",
        "\\",
        "a" * 100,
        "🙂",
        "') union select password_hash from users --",
    ],
)
def test_searching_for_sql_finds_nothing_and_breaks_nothing(
    ada: Person, sessions: sessionmaker[Session], text: str
) -> None:
    new_interview(sessions, ada.id)
    response = ada.client.get("/interviews", query_string={"text": text})
    assert response.status_code == 200
    assert "No interview matches" in response.text
    assert "Backend engineer" in ada.client.page("/interviews")


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "page=99999999999",
        "state=asleep",
        "topic=cooking",
        "sort=pin",
        "text=" + "a" * 101,
        "text=%00",
        "other=1",
    ],
)
def test_addresses_with_values_that_no_page_offers_are_refused(ada: Person, query: str) -> None:
    assert ada.client.get(f"/interviews?{query}").status_code == 422
    assert ada.client.get(f"/api/v1/interviews?{query}").status_code == 422


def test_every_answer_carries_the_headers_that_protect_it(visitor: CheckingClient) -> None:
    for path in ("/", "/login", "/nothing", "/api/v1/me", "/health", "/static/css/base.css"):
        headers = visitor.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'self'"), path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in headers
    assert visitor.get("/login").headers["Cache-Control"] == "no-store"


def test_only_the_origins_allowed_may_call_the_api_from_a_browser(visitor: CheckingClient) -> None:
    ask = {"Access-Control-Request-Method": "POST"}
    friend = visitor.options("/api/v1/auth/login", headers={"Origin": "https://friend.example"} | ask)
    assert friend.status_code == 204
    assert friend.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    assert "PATCH" in friend.headers["Access-Control-Allow-Methods"]
    other = visitor.options("/api/v1/auth/login", headers={"Origin": "https://other.example"} | ask)
    assert "Access-Control-Allow-Origin" not in other.headers
    page = visitor.get("/login", headers={"Origin": "https://friend.example"})
    assert "Access-Control-Allow-Origin" not in page.headers


def test_static_files_are_kept_for_ever_under_addresses_that_name_their_content(visitor: CheckingClient) -> None:
    page = visitor.page("/login")
    start = page.index("/static/css/base.css?v=")
    address = page[start : page.index('"', start)]
    assert "immutable" in visitor.get(address).headers["Cache-Control"]
    assert visitor.get("/static/css/base.css").headers["Cache-Control"] == "no-cache"
