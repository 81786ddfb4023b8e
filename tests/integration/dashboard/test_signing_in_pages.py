import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_jwt_extended import decode_token
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from engine.store.models import RefreshToken, User
from tests.integration.dashboard.conftest import PASSWORD, Person
from tests.integration.dashboard.page_rules import CheckingClient
from tests.integration.dashboard.sample_interviews import new_user

NEW = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "Ada@Example.org",
    "password": "Correct-Horse-7",
    "password_repeat": "Correct-Horse-7",
    "terms": "true",
    "time_zone": "Europe/London",
}


def cookie(client: CheckingClient, name: str, path: str = "/") -> str:
    found = client.get_cookie(name, path=path)
    assert found is not None, f"no cookie {name}"
    return found.value


def log_in(client: CheckingClient, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
    return client.submit("/login", {"email": email, "password": password, **more})


def test_a_visitor_registers_and_is_signed_in_at_once(visitor: CheckingClient) -> None:
    response = visitor.submit("/register", NEW)
    assert response.status_code == 303
    assert "Welcome, Ada" in visitor.page(response.location)
    assert "ada@example.org" in visitor.page("/account")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("first_name", "A", "at least 2 characters"),
        ("last_name", "x" * 101, "at most 100 characters"),
        ("email", "ada.example.org", "name@example.org"),
        ("email", "a@b." + "c" * 300, "name@example.org"),
        ("password", "short-1A", "differ"),
        ("password", "Sh0rt-a", "at least 8 characters"),
        ("password", "nouppercase-1", "an upper-case letter"),
        ("password", "NODIGITS-here", "a digit"),
        ("password", "NoSymbols123", "a symbol"),
        ("password", "P@ssw0rd123!", "tried first"),
        ("password", "Lovelace-1815", "your own name"),
        ("password_repeat", "Correct-Horse-8", "differ"),
        ("terms", "", "Accept the terms"),
        ("first_name", "A\x00da", "control characters"),
    ],
)
def test_each_rule_of_registering_is_checked_and_told_beside_its_field(
    visitor: CheckingClient, field: str, value: str, said: str
) -> None:
    response = visitor.submit("/register", NEW | {field: value})
    assert response.status_code == 422
    assert said in response.text
    assert "Correct-Horse" not in response.text


def test_an_unknown_field_is_refused(visitor: CheckingClient) -> None:
    assert visitor.submit("/register", NEW | {"is_admin": "true"}).status_code == 422


def test_a_taken_address_is_refused_in_any_spelling(visitor: CheckingClient, sessions: sessionmaker[Session]) -> None:
    new_user(sessions, "ada@example.org")
    response = visitor.submit("/register", NEW | {"email": "ADA@example.ORG"})
    assert response.status_code == 409
    assert "registered already" in response.text


def test_of_two_people_who_register_one_address_at_once_one_gets_it(app: Flask) -> None:
    statuses: list[int] = []
    gate = threading.Barrier(2)

    def register() -> None:
        client = app.test_client()
        assert isinstance(client, CheckingClient)
        token = client.csrf("/register")
        gate.wait(timeout=30)
        statuses.append(client.post("/register", data=NEW | {"csrf_token": token}).status_code)

    threads = [threading.Thread(target=register) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 409]


def test_the_fourth_registration_from_an_address_within_the_hour_has_to_wait(app: Flask) -> None:
    for number in range(4):
        client = app.test_client()
        assert isinstance(client, CheckingClient)
        response = client.submit("/register", NEW | {"email": f"ada{number}@example.org"})
    assert response.status_code == 429
    assert "Try again in 60 minutes" in response.text
    assert int(response.headers["Retry-After"]) <= 3600


def test_logging_in_sets_cookies_that_scripts_and_other_sites_do_not_get(ada: Person) -> None:
    client = ada.client
    for name, path in (("access_token_cookie", "/"), ("refresh_token_cookie", "/auth/refresh")):
        found = client.get_cookie(name, path=path)
        assert found is not None
        assert found.http_only
        assert found.same_site == "Strict"
        assert found.max_age is None
    assert "Overview" in client.page("/overview")


def test_in_production_cookies_travel_only_encrypted(
    make_app: Callable[..., Flask], sessions: sessionmaker[Session]
) -> None:
    app = make_app(environment="production", public_base_url="https://interviews.example.org")
    client = app.test_client()
    response = client.get("/login", base_url="https://localhost")
    assert "Secure" in response.headers["Set-Cookie"]
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_remembering_a_device_keeps_its_cookies_for_a_month(ada: Person, app: Flask) -> None:
    client = app.test_client()
    assert isinstance(client, CheckingClient)
    log_in(client, ada.email, remember="true")
    found = client.get_cookie("refresh_token_cookie", path="/auth/refresh")
    assert found is not None
    assert found.max_age == 30 * 86_400


def test_unknown_wrong_inactive_and_deleted_all_sound_the_same(
    app: Flask, sessions: sessionmaker[Session], people: Callable[[str], Person]
) -> None:
    people("known")
    for name, change in (("inactive", {"is_active": False}), ("deleted", {"deleted_at": datetime.now(UTC)})):
        people(name)
        with sessions.begin() as session:
            session.execute(update(User).where(User.email == f"{name}@example.org").values(**change))
    answers = set()
    tries = [("nobody", PASSWORD), ("known", "Wrong-Horse-7"), ("inactive", PASSWORD), ("deleted", PASSWORD)]
    for name, password in tries:
        client = app.test_client()
        assert isinstance(client, CheckingClient)
        response = log_in(client, f"{name}@example.org", password)
        said = response.text[response.text.index("summary-of-errors") :].replace(f"{name}@example.org", "*")
        said = said[: said.index("<form")]
        answers.add((response.status_code, said))
    assert len(answers) == 1
    assert answers.pop()[0] == 401


def test_the_sixth_failed_login_of_an_account_has_to_wait_even_with_the_right_password(
    app: Flask, sessions: sessionmaker[Session], ada: Person
) -> None:
    for number in range(5):
        client = app.test_client()
        assert isinstance(client, CheckingClient)
        # Each from another network address: the account's own limit is what stops the sixth.
        client.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        assert log_in(client, ada.email, "Wrong-Horse-7").status_code == 401
    client.environ_base["REMOTE_ADDR"] = "198.51.100.99"
    response = log_in(client, ada.email)
    assert response.status_code == 429
    assert "Try again in 15 minutes" in response.text
    assert 0 < int(response.headers["Retry-After"]) <= 900


def test_five_failures_from_one_address_stop_further_tries_on_other_accounts(visitor: CheckingClient) -> None:
    for number in range(5):
        assert log_in(visitor, f"somebody{number}@example.org").status_code == 401
    assert log_in(visitor, "another@example.org").status_code == 429


def test_a_success_forgets_the_failures_of_the_account(app: Flask, ada: Person) -> None:
    for number in range(9):
        client = app.test_client()
        assert isinstance(client, CheckingClient)
        client.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
        right = number == 4
        assert log_in(client, ada.email, PASSWORD if right else "Wrong-Horse-7").status_code == (303 if right else 401)


def test_after_logging_in_one_comes_back_to_the_page_that_was_asked_for(visitor: CheckingClient, ada: Person) -> None:
    asked = visitor.get("/interviews?text=grace")
    assert asked.status_code == 302
    assert asked.location == "/login?next=/interviews?text%3Dgrace"
    response = visitor.submit(asked.location, {"email": ada.email, "password": PASSWORD})
    assert response.location == "/interviews?text=grace"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/auth/refresh", "/a\nb"],
)
def test_a_login_never_leads_to_another_site(visitor: CheckingClient, ada: Person, target: str) -> None:
    token = visitor.csrf("/login")
    response = visitor.post(
        "/login", query_string={"next": target}, data={"csrf_token": token, "email": ada.email, "password": PASSWORD}
    )
    assert response.location == "/overview"


def test_a_form_without_its_csrf_value_is_refused(visitor: CheckingClient, ada: Person) -> None:
    assert visitor.post("/login", data={"email": ada.email, "password": PASSWORD}).status_code == 403
    assert ada.client.post("/logout").status_code == 403
    assert ada.client.post("/logout", data={"csrf_token": "0" * 64}).status_code == 403
    assert ada.client.get("/overview").status_code == 200


def test_an_expired_access_token_is_renewed_on_the_way_to_the_page(app: Flask, ada: Person) -> None:
    before = cookie(ada.client, "refresh_token_cookie", "/auth/refresh")
    ada.client.delete_cookie("access_token_cookie")
    first = ada.client.get("/interviews?page=1")
    assert first.location == "/auth/refresh?next=%2Finterviews%3Fpage%3D1"
    second = ada.client.get(first.location)
    assert second.location == "/interviews?page=1"
    assert ada.client.get(second.location).status_code == 200
    assert cookie(ada.client, "refresh_token_cookie", "/auth/refresh") != before


def test_a_form_that_was_open_while_the_token_expired_is_sent_on_without_loss(ada: Person) -> None:
    token = ada.client.csrf("/interviews/new")
    ada.client.delete_cookie("access_token_cookie")
    form = {
        "csrf_token": token,
        "role": "Data engineer",
        "level": "mid",
        "topics": ["databases"],
    }
    renewal = ada.client.post("/interviews/new", data=form)
    assert renewal.status_code == 307
    again = ada.client.post(renewal.location, data=form)
    assert (again.status_code, again.location) == (307, "/interviews/new")
    response = ada.client.post(again.location, data=form, follow_redirects=True)
    assert response.status_code == 200
    assert "step 2 of 5" in response.text
    assert "Data engineer" in ada.client.page("/interviews"), "what was typed is kept as a draft"


def _renew(client: CheckingClient, token: str, csrf: str) -> TestResponse:
    client.set_cookie("refresh_token_cookie", token, path="/auth/refresh")
    return client.post("/auth/refresh", headers={"X-CSRF-TOKEN": csrf})


def test_two_tabs_may_renew_at_once_but_a_spent_token_that_comes_late_ends_the_session(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    spent = cookie(ada.client, "refresh_token_cookie", "/auth/refresh")
    csrf = cookie(ada.client, "csrf_refresh_token")
    assert _renew(ada.client, spent, csrf).status_code == 204
    assert _renew(ada.client, spent, csrf).status_code == 204
    newest = cookie(ada.client, "refresh_token_cookie", "/auth/refresh")
    with sessions.begin() as session:
        session.execute(
            update(RefreshToken)
            .where(RefreshToken.spent_at.is_not(None))
            .values(spent_at=datetime.now(UTC) - timedelta(minutes=1))
        )
    assert ada.client.get("/overview").status_code == 200
    assert _renew(ada.client, spent, csrf).status_code == 401
    assert _renew(ada.client, newest, csrf).status_code == 401
    assert ada.client.get("/overview").status_code == 302


def test_a_renewal_needs_its_csrf_value_and_the_refresh_token(app: Flask, ada: Person) -> None:
    token = cookie(ada.client, "refresh_token_cookie", "/auth/refresh")
    assert _renew(ada.client, token, "wrong").status_code == 403
    access = cookie(ada.client, "access_token_cookie")
    with app.app_context():
        csrf = decode_token(access)["csrf"]
    assert _renew(ada.client, access, csrf).status_code == 401


def test_logging_out_ends_the_session_on_the_server(ada: Person) -> None:
    stolen = cookie(ada.client, "access_token_cookie")
    response = ada.client.submit("/logout", {}, form_on="/overview")
    assert response.status_code == 303
    ada.client.set_cookie("access_token_cookie", stolen)
    assert ada.client.get("/overview").status_code == 302
    assert "You are logged out" in ada.client.page("/login?left=1")


def test_logging_out_everywhere_ends_the_other_devices_too(app: Flask, ada: Person) -> None:
    other = app.test_client()
    assert isinstance(other, CheckingClient)
    log_in(other, ada.email)
    assert other.get("/overview").status_code == 200
    ada.client.submit("/logout", {"everywhere": "true"}, form_on="/account")
    assert other.get("/overview").status_code == 302


def test_a_deactivated_account_is_out_at_once(ada: Person, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(update(User).values(is_active=False))
    assert ada.client.get("/overview").status_code == 302


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."])
def test_a_forged_token_opens_nothing(visitor: CheckingClient, token: str) -> None:
    visitor.set_cookie("access_token_cookie", token)
    assert visitor.get("/overview").status_code == 302
    assert visitor.get("/api/v1/me").status_code == 401
    assert visitor.get("/help").status_code == 200


def test_who_arrives_by_a_link_from_elsewhere_takes_one_hop_and_keeps_the_session(visitor: CheckingClient) -> None:
    response = visitor.get("/interviews", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 200
    assert 'http-equiv="refresh"' in response.text
    assert visitor.get("/interviews", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 302


def test_the_choice_of_colours_is_kept(visitor: CheckingClient) -> None:
    response = visitor.submit("/theme", {"theme": "dark", "next": "/help"}, form_on="/help")
    assert response.location == "/help"
    assert 'data-theme="dark"' in visitor.page("/help")
