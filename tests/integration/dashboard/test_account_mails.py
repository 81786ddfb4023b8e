"""Mails about the account, from the wish to the link: what they say, what their links do, and who never sees them."""

import io
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from dashboard.proving import ASKING_TAKES_S
from engine.adapters.outbox_folder import OutboxFolder
from engine.adapters.time_zones import TimeZones
from engine.errors import MessageDelayed
from engine.ports import OutgoingMessage
from engine.questions.bank import load_bank
from engine.scheduling.messages import Composed
from engine.store.account_models import AccountToken, User
from engine.store.account_tokens import AccountTokenRepository
from engine.store.schedule_models import OutboxMessage
from engine.vocabulary import AccountMail, Channel
from engine.work.account_letters import AccountFacts, compose_account_mail
from engine.work.candidate_links import LinkMaker
from engine.work.grading import grade_interview
from engine.work.sending import PostOffice, send_message
from tests.integration.dashboard import setting_up
from tests.integration.dashboard.conftest import PASSWORD, Person
from tests.integration.dashboard.page_rules import CheckingClient
from tests.integration.dashboard.sample_interviews import CallScript, new_interview, new_user
from tests.integration.dashboard.test_interview_pages import FORM
from tests.integration.dashboard.test_schedule_pages import BOOKED
from tests.integration.dashboard.test_signing_in_pages import NEW
from tests.integration.scheduling.conftest import Mailbag
from tests.integration.scheduling.mail_rules import mail_faults

SITE = "https://interviews.example"
NEW_PASSWORD = "Better-Stable-8"
CHOSEN = {"password": NEW_PASSWORD, "password_repeat": NEW_PASSWORD}
NOW = datetime.now(UTC).replace(microsecond=0)


class Post:
    """The job process's part: whatever is planned goes out, into a bag."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self.bag = Mailbag()
        self._sessions = sessions
        links = LinkMaker("s" * 40, SITE)
        self.office = PostOffice(
            sessions,
            {Channel.EMAIL: self.bag, Channel.SMS: Mailbag()},
            TimeZones(),
            links,
            "+12025550100",
            "x@x.example",
        )

    def rows(self) -> list[OutboxMessage]:
        with self._sessions() as session:
            return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at)))

    def go(self, after: timedelta = timedelta()) -> list[OutgoingMessage]:
        """Send what is planned; returns what went out this time."""
        before = len(self.bag.messages)
        for row in self.rows():
            if row.state == "planned" and row.appointment_id is None:
                send_message(self.office, row.id, datetime.now(UTC) + after)
        return self.bag.messages[before:]

    def link(self) -> str:
        """The path of the link in the one mail that goes out now."""
        (mail,) = self.go()
        found = re.search(rf"{SITE}(/[a-z-]+/[a-z2-7]{{32}})\n", mail.text)
        assert found is not None, mail.text
        return found[1]


@pytest.fixture
def post(sessions: sessionmaker[Session]) -> Post:
    return Post(sessions)


@pytest.fixture
def newcomer(app: Flask) -> CheckingClient:
    """The browser of somebody who has just registered as ada@example.org."""
    client = app.test_client()
    assert isinstance(client, CheckingClient)
    assert client.submit("/register", NEW).status_code == 303
    return client


def ask(client: CheckingClient, email: str) -> TestResponse:
    return client.submit("/forgot-password", {"email": email})


def log_in(client: CheckingClient, email: str, password: str) -> TestResponse:
    return client.submit("/login", {"email": email, "password": password})


def secrets_in_database(sessions: sessionmaker[Session], path: str) -> list[str]:
    """Where in the rows the token of a link can be read."""
    token = path.rpartition("/")[2]
    with sessions() as session:
        rows = [*session.scalars(select(OutboxMessage)), *session.scalars(select(AccountToken))]
        return [
            f"{type(row).__name__}.{name}" for row in rows for name, value in vars(row).items() if token in str(value)
        ]


def test_whoever_registers_is_signed_in_at_once_and_called_for_once_the_address_is_confirmed(
    newcomer: CheckingClient, visitor: CheckingClient, post: Post, sessions: sessionmaker[Session]
) -> None:
    assert 'data-part="unverified"' in newcomer.page("/overview")
    place = str(setting_up.set_up(newcomer, BOOKED).location)
    assert 'data-gate="owner_not_verified"' in newcomer.page(place)
    assert "not confirmed" in newcomer.page("/agenda")
    refused = setting_up.set_up(newcomer, FORM | {"when": "now", "may_call": "yes"})
    assert refused.status_code == 422
    assert "have not confirmed your e-mail address" in refused.text
    path = post.link()
    assert path.startswith("/verify/")
    assert secrets_in_database(sessions, path) == []
    (row,) = (row for row in post.rows() if row.touch == "verification")
    assert "(only in the mail itself)" in row.body
    assert row.state == "sent"
    assert newcomer.get(f"/outbox/{row.id}").status_code == 404, "nobody reads it here, not even its owner"
    assert str(row.id) not in newcomer.page("/outbox")
    assert "Is <strong>ada@example.org</strong> yours?" in visitor.page(path)
    assert 'data-part="unverified"' in newcomer.page("/overview"), "a mail scanner that opens the link confirms nothing"
    assert "is confirmed" in visitor.submit(path, {}).text
    assert 'data-part="unverified"' not in newcomer.page("/overview")
    assert "data-gate" not in newcomer.page(place)
    assert "is confirmed" in visitor.page(path), "opening it again is no fault"
    assert newcomer.submit("/account/verification", {}, form_on="/account").location == "/account"


def test_a_mail_that_could_not_be_sent_gets_a_new_secret_and_the_address_a_new_mail_three_times_an_hour(
    newcomer: CheckingClient, post: Post, sessions: sessionmaker[Session]
) -> None:
    post.bag.faults = [MessageDelayed("The mail server could not be reached.")]
    assert post.go() == []
    (mail,) = post.go(after=timedelta(minutes=1))
    assert "lies in the folder" in newcomer.page("/account")
    for number in range(4):
        response = newcomer.submit("/account/verification", {}, form_on="/account")
        assert response.status_code == (429 if number == 3 else 303)
    mails = post.go()
    assert len({re.search(r"/verify/(\S+)", each.text)[1] for each in (mail, *mails)}) == 4  # type: ignore[index]


def test_a_link_that_opens_nothing_says_what_to_do(
    visitor: CheckingClient, post: Post, ada: Person, sessions: sessionmaker[Session]
) -> None:
    ask(visitor, ada.email)
    path = post.link()

    def is_dead(path: str) -> bool:
        data = CHOSEN | {"csrf_token": visitor.csrf("/forgot-password")}
        opened, sent = visitor.get(path), visitor.post(path, data=data)
        return "Ask for a new one" in opened.text and (opened.status_code, sent.status_code) == (410, 410)

    assert is_dead(path.replace("reset-password", "verify")), "for another purpose it is nothing"
    assert is_dead(path[:-3])
    for change in ({"spent_at": NOW}, {"spent_at": None, "expires_at": NOW - timedelta(seconds=1)}):
        with sessions.begin() as session:
            session.execute(update(AccountToken).values(**change))
        assert is_dead(path), change
    assert log_in(visitor, ada.email, PASSWORD).status_code == 303


def test_a_forgotten_password_is_chosen_anew_once_and_ends_every_session(
    ada: Person, visitor: CheckingClient, post: Post, app: Flask, sessions: sessionmaker[Session]
) -> None:
    assert ask(visitor, "ADA@example.org").location == "/forgot-password?asked=1"
    path = post.link()
    opened = visitor.get(path)
    assert (opened.headers["Referrer-Policy"], opened.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert opened.headers["X-Robots-Tag"] == "noindex"
    for password, said in (("Example-1815", "your own name"), ("short", "at least 8"), ("Passw0rd!", "tried first")):
        response = visitor.submit(path, {"password": password, "password_repeat": password})
        assert (response.status_code, said in response.text) == (422, True), password
    assert "differ" in visitor.submit(path, CHOSEN | {"password_repeat": "x"}).text
    assert ada.client.get("/account").status_code == 200
    assert visitor.submit(path, CHOSEN).location == "/login?changed=1"
    assert "password is changed" in visitor.page("/login?changed=1")
    assert ada.client.get("/account").status_code == 302
    assert log_in(visitor, ada.email, PASSWORD).status_code == 401
    assert log_in(visitor, ada.email, NEW_PASSWORD).status_code == 303
    assert visitor.post(path, data=CHOSEN | {"csrf_token": visitor.csrf("/help")}).status_code in (403, 410)
    (told,) = post.go()
    assert (told.subject, told.action_url) == ("Your password was changed", "")


def test_nobody_learns_whether_an_address_has_an_account_and_wishes_are_limited(
    ada: Person,
    visitor: CheckingClient,
    app: Flask,
    post: Post,
    sessions: sessionmaker[Session],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new_user(sessions, "gone@example.org")
    with sessions.begin() as session:
        session.execute(update(User).where(User.email == "gone@example.org").values(is_active=False))
    answers, took_s = [], []
    for address in (ada.email, "nobody@example.org", "gone@example.org"):
        token = visitor.csrf("/forgot-password")
        began_s = time.monotonic()
        response = visitor.post("/forgot-password", data={"csrf_token": token, "email": address})
        took_s.append(time.monotonic() - began_s)
        answers.append((response.status_code, response.location, response.data))
    assert answers[0] == answers[1] == answers[2]
    assert min(took_s) >= ASKING_TAKES_S
    assert [mail.recipient for mail in post.go()] == [ada.email]
    monkeypatch.setattr("dashboard.proving.ASKING_TAKES_S", 0.0)
    for place, statuses in ({}, [303] * 2 + [429] * 2), ({"REMOTE_ADDR": "192.0.2.7"}, [303] * 5 + [429]):
        client = app.test_client()
        assert isinstance(client, CheckingClient)
        client.environ_base.update(place)
        assert [ask(client, ada.email).status_code for _ in statuses] == statuses, "aloud by network address"
    assert len(post.go()) == 2, "in silence by account: three mails an hour"


def test_the_owner_is_told_of_a_lock_once_and_undoes_it_by_the_link(
    ada: Person, app: Flask, visitor: CheckingClient, post: Post
) -> None:
    for _ in range(5):
        assert log_in(visitor, ada.email, "Wrong-Horse-7").status_code == 401
    assert log_in(visitor, ada.email, PASSWORD).status_code == 429
    path = post.link()
    assert path.startswith("/unlock/")
    assert log_in(visitor, ada.email, PASSWORD).status_code == 429
    visitor.page(path)
    assert log_in(visitor, ada.email, PASSWORD).status_code == 429, "opening the page unlocks nothing"
    assert visitor.submit(path, {}).location == "/login?unlocked=1"
    for _ in range(5):
        assert log_in(visitor, ada.email, "Wrong-Horse-7").status_code == 401
    assert post.go() == [], "one mail an hour, however long somebody guesses"
    assert visitor.post(path, data={"csrf_token": visitor.csrf("/login")}).status_code == 410


def test_programs_do_the_same_without_pages(
    app: Flask, post: Post, sessions: sessionmaker[Session], visitor: CheckingClient, newcomer: CheckingClient
) -> None:
    client = app.test_client(use_cookies=False)

    def call(path: str, **body: object) -> tuple[int, dict[str, Any]]:
        answer = client.post(f"/api/v1/auth/{path}", json=body, headers=headers)
        return answer.status_code, answer.get_json()

    headers: dict[str, str] = {}
    pair = call("login", email="ada@example.org", password=PASSWORD)[1]["data"]
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert pair["user"]["verified_at"] is None
    assert call("verification") == (202, {"data": {"asked": True}})
    token = post.go()[1].action_url.rpartition("/")[2]
    assert call("verify", token=f"{token.upper()}.")[1] == {"data": {"verified": True}}
    assert call("verification")[1]["error"]["code"] == "CONFLICT"
    assert call("verify", token="a" * 32)[1]["error"]["code"] == "LINK_USED_OR_EXPIRED"
    known = call("forgot-password", email="ada@example.org")
    assert known == call("forgot-password", email="nobody@example.org") == (202, {"data": {"asked": True}})
    token = post.link().rpartition("/")[2]
    assert call("reset-password", token=token, password="weak", password_repeat="weak")[0] == 422
    assert call("reset-password", **CHOSEN)[1]["error"]["fields"].keys() == {"token"}
    assert call("reset-password", token=token, **CHOSEN)[0] == 200
    assert call("reset-password", token=token, **CHOSEN)[0] == 410
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    assert call("login", email="ada@example.org", password=NEW_PASSWORD)[0] == 200


def graded(sessions: sessionmaker[Session], owner: Person) -> Callable[[], object]:
    """An interview that was held; what is returned grades it."""
    interview_id = new_interview(sessions, owner.id, title="Backend engineer, mid")
    script = CallScript(sessions, interview_id)
    script.ask(1, 1, "databases-joins", "databases", "How does an inner join differ from a left join?")
    script.answer(1, "An inner join returns only rows that match in both tables.")
    script.end()
    return lambda: grade_interview(sessions, load_bank(), interview_id)


def test_the_user_is_told_once_by_mail_that_a_report_is_ready_unless_such_mails_are_switched_off(
    ada: Person, post: Post, sessions: sessionmaker[Session]
) -> None:
    grade = graded(sessions, ada)
    grade()
    grade()
    (mail,) = post.go()
    assert mail.recipient == ada.email
    assert "Backend engineer, mid" in mail.text
    assert re.search(rf"{SITE}/interviews/[0-9a-f-]{{36}}/report", mail.text)
    assert not re.search(r"Grace|Hopper|\d", mail.subject), "neither names nor scores"
    assert "Hopper" not in mail.text
    page = ada.client.page("/outbox")
    assert "Report is ready" in page
    assert "You, mail" in page
    assert "Report is ready" in ada.client.page(f"/outbox/{mail.id}")
    late, never = graded(sessions, ada), graded(sessions, ada)
    late()
    assert ada.client.submit("/account/mails", {}, form_on="/account").status_code == 303
    never()
    assert post.go() == []
    assert [row.state for row in post.rows()] == ["sent", "skipped"], "switched off before it was sent, or planned"
    ada.client.submit("/account/mails", {"reports": "yes"}, form_on="/account")
    never()
    assert len(post.go()) == 1


def letter_of(mail: AccountMail) -> Composed:
    facts = AccountFacts(
        "Ada <b>&",
        SITE,
        "Friday 27 November 2026, 14:30 (UTC, UTC)",
        "later",
        f"{SITE}/verify/{'a' * 32}",
        "Backend <i>",
    )
    return compose_account_mail(mail, facts)


@pytest.mark.parametrize("mail", list(AccountMail))
def test_mails_to_users_have_the_structure_that_filters_expect(mail: AccountMail) -> None:
    letter = letter_of(mail)
    message = OutgoingMessage("id", "ada@example.org", letter.subject, letter.text, letter.html)
    assert mail_faults(message, NOW, SITE) == []
    assert "Ada <b>&" in letter.text
    assert "Ada &lt;b&gt;&amp;" in letter.html
    assert "<i>" not in letter.html
    if mail is AccountMail.PASSWORD_RESET:
        assert "14:30" in letter.text
        assert "for you alone" in letter.text


def test_without_a_mail_server_the_link_stands_in_a_file_for_one_reader_and_on_the_terminal(tmp_path: Path) -> None:
    letter, terminal = letter_of(AccountMail.VERIFICATION), io.StringIO()
    secret = OutgoingMessage(
        "id", "a@example.org", letter.subject, letter.text, letter.html, action_url=f"{SITE}/verify/x"
    )
    folder = OutboxFolder(tmp_path / "outbox", Channel.EMAIL, "x@example.org", terminal)
    folder.send(secret)
    folder.send(secret)
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert terminal.getvalue().count(f"{SITE}/verify/x") == 2
    assert "a@example.org" not in terminal.getvalue()
    folder.send(replace(secret, id="other", action_url=""))
    assert terminal.getvalue().count("SMTP_URL") == 2


def test_of_two_who_use_one_token_at_once_one_wins_and_old_ones_are_tidied(
    sessions: sessionmaker[Session],
) -> None:
    user_id = new_user(sessions, "ada@example.org")
    kind = AccountMail.PASSWORD_RESET
    with sessions.begin() as session:
        token = AccountTokenRepository(session).issue(user_id, kind, timedelta(hours=1), NOW)
    with sessions() as first, sessions() as second:
        assert AccountTokenRepository(first).spend(token, kind, NOW) == user_id
        first.commit()
        assert AccountTokenRepository(second).spend(token, kind, NOW) is None
    with sessions.begin() as session:
        assert AccountTokenRepository(session).purge(NOW + timedelta(minutes=59)) == 0
        assert AccountTokenRepository(session).purge(NOW + timedelta(hours=1)) == 1
