from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import Conflict, TooManyAttempts
from engine.store.models import Candidate, Interview, LoginSession, User
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser

LIMIT = {"limit": 5, "window_s": 900}


def test_of_two_people_who_register_one_address_at_once_one_is_told_it_is_taken(
    sessions: sessionmaker[Session], new_user: Callable[..., NewUser]
) -> None:
    def register(spelling: str) -> str:
        with UnitOfWork(sessions) as work:
            try:
                work.users.add(new_user(spelling))
            except Conflict:
                return "taken"
            work.commit()
        return "made"

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(register, ["Eve@Example.org", "eve@example.org "] * 4))

    assert sorted(results) == ["made"] + ["taken"] * 7


def test_a_taken_address_leaves_the_transaction_usable(
    sessions: sessionmaker[Session], owner: User, new_user: Callable[..., NewUser]
) -> None:
    with UnitOfWork(sessions) as work:
        with pytest.raises(Conflict):
            work.users.add(new_user())
        work.users.add(new_user("other@example.org"))
        work.commit()
    with UnitOfWork(sessions) as work:
        assert work.users.by_email("OTHER@example.org") is not None


def test_a_deleted_account_is_absent_and_its_address_is_free_again(
    sessions: sessionmaker[Session], owner: User, new_user: Callable[..., NewUser], now: datetime
) -> None:
    with UnitOfWork(sessions) as work:
        work.session.get_one(User, owner.id).deleted_at = now
        work.commit()
    with UnitOfWork(sessions) as work:
        assert work.users.get(owner.id) is None
        assert work.users.by_email(owner.email) is None
        work.users.add(new_user())
        work.commit()


def test_a_login_is_noted_with_a_hash_of_todays_cost(
    sessions: sessionmaker[Session], owner: User, now: datetime
) -> None:
    with UnitOfWork(sessions) as work:
        work.users.record_login(owner.id, now, new_password_hash="better")
        work.commit()
    with UnitOfWork(sessions) as work:
        user = work.users.get(owner.id)
        assert user is not None
        assert (user.last_login_at, user.password_hash) == (now, "better")


def test_what_is_not_committed_is_rolled_back(
    sessions: sessionmaker[Session], new_user: Callable[..., NewUser]
) -> None:
    with UnitOfWork(sessions) as work:
        work.users.add(new_user())
    with UnitOfWork(sessions) as work:
        assert work.users.by_email("ada@example.org") is None


def test_erasing_a_person_erases_everything_that_hangs_on_the_account(
    sessions: sessionmaker[Session], interview: Interview
) -> None:
    with UnitOfWork(sessions) as work:
        work.session.delete(work.session.get_one(User, interview.owner_id))
        work.commit()
        for table in (Interview, Candidate):
            assert work.session.scalar(select(func.count()).select_from(table)) == 0


@pytest.fixture
def login(sessions: sessionmaker[Session], owner: User, now: datetime) -> LoginSession:
    with UnitOfWork(sessions) as work:
        opened = work.logins.open(owner.id, expires_at=now + timedelta(days=7), user_agent="Firefox")
        work.logins.keep(opened.id, "first token", expires_at=now + timedelta(days=7))
        work.commit()
    return opened


def rotate(sessions: sessionmaker[Session], token: str, new: str, now: datetime, grace_s: int = 0) -> bool:
    with UnitOfWork(sessions) as work:
        login = work.logins.rotate(token, new, expires_at=now + timedelta(days=7), now=now, grace_s=grace_s)
        work.commit()
    return login is not None


def is_live(sessions: sessionmaker[Session], login: LoginSession, now: datetime) -> bool:
    with UnitOfWork(sessions) as work:
        return work.logins.is_live(login.id, now)


def test_refresh_tokens_are_traded_one_after_the_other(
    sessions: sessionmaker[Session], login: LoginSession, now: datetime
) -> None:
    assert rotate(sessions, "first token", "second", now)
    assert rotate(sessions, "second", "third", now)
    assert is_live(sessions, login, now)


def test_a_spent_refresh_token_that_comes_back_signs_the_whole_browser_out(
    sessions: sessionmaker[Session], login: LoginSession, now: datetime
) -> None:
    assert rotate(sessions, "first token", "second", now)

    assert not rotate(sessions, "first token", "stolen", now)

    assert not is_live(sessions, login, now)
    assert not rotate(sessions, "second", "third", now)


def test_a_second_tab_within_the_grace_is_no_thief(
    sessions: sessionmaker[Session], login: LoginSession, now: datetime
) -> None:
    assert rotate(sessions, "first token", "second", now)
    assert rotate(sessions, "first token", "other tab", now + timedelta(seconds=9), grace_s=10)
    assert is_live(sessions, login, now)
    assert not rotate(sessions, "first token", "late", now + timedelta(seconds=10), grace_s=10)
    assert not is_live(sessions, login, now)


def test_of_two_uses_of_a_refresh_token_at_once_one_wins(
    sessions: sessionmaker[Session], login: LoginSession, now: datetime
) -> None:
    with ThreadPoolExecutor(6) as threads:
        won = list(threads.map(lambda number: rotate(sessions, "first token", f"new {number}", now), range(6)))

    assert won.count(True) == 1


def test_unknown_and_expired_refresh_tokens_are_refused(
    sessions: sessionmaker[Session], login: LoginSession, now: datetime
) -> None:
    assert not rotate(sessions, "never seen", "new", now)
    assert not rotate(sessions, "first token", "new", now + timedelta(days=8))
    assert is_live(sessions, login, now)


def test_signing_out_everywhere_ends_every_session(
    sessions: sessionmaker[Session], login: LoginSession, owner: User, now: datetime
) -> None:
    with UnitOfWork(sessions) as work:
        work.logins.open(owner.id, expires_at=now + timedelta(days=1))
        assert work.logins.live_sessions(owner.id, now) == 2
        work.logins.revoke_all(owner.id, "password changed", now=now)
        work.commit()
        assert work.logins.live_sessions(owner.id, now) == 0
        assert work.logins.purge(now + timedelta(seconds=1)) == 2


def attempt(sessions: sessionmaker[Session], now: datetime, subject: str = "somebody") -> bool:
    with UnitOfWork(sessions) as work:
        try:
            work.attempts.check("login", subject, now=now, **LIMIT)
        except TooManyAttempts:
            return False
        work.attempts.record("login", subject, now)
        work.commit()
    return True


def test_the_sixth_attempt_within_the_window_has_to_wait_as_long_as_stated(
    sessions: sessionmaker[Session], now: datetime
) -> None:
    for minute in range(5):
        assert attempt(sessions, now + timedelta(minutes=minute))

    with UnitOfWork(sessions) as work, pytest.raises(TooManyAttempts) as refused:
        work.attempts.check("login", "somebody", now=now + timedelta(minutes=5), **LIMIT)

    assert refused.value.retry_after_s == 10 * 60
    assert not attempt(sessions, now + timedelta(minutes=14, seconds=59))
    assert attempt(sessions, now + timedelta(minutes=15))
    assert not attempt(sessions, now + timedelta(minutes=15, seconds=59))


def test_attempts_of_others_and_forgotten_ones_do_not_count(sessions: sessionmaker[Session], now: datetime) -> None:
    for _ in range(5):
        assert attempt(sessions, now)
    assert attempt(sessions, now, "somebody else")
    with UnitOfWork(sessions) as work:
        work.attempts.clear("login", "somebody")
        work.commit()
    assert attempt(sessions, now)
    with UnitOfWork(sessions) as work:
        assert work.attempts.purge(now + timedelta(seconds=1)) == 2


def test_the_limit_holds_for_attempts_at_once(sessions: sessionmaker[Session], now: datetime) -> None:
    with ThreadPoolExecutor(8) as threads:
        passed = list(threads.map(lambda _: attempt(sessions, now), range(16)))

    assert passed.count(True) == 5
