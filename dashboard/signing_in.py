"""Registering, signing in, staying signed in, leaving: the rules, shared by pages and API."""

import hashlib
import hmac
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from dashboard.offload import offload
from dashboard.schemas import LoginInput, RegisterInput
from dashboard.tokens import Holder, TokenPair, Tokens
from engine.adapters.passwords import Passwords
from engine.errors import Conflict, VivavoceError
from engine.store.attempts import AttemptRepository
from engine.store.idempotency import IdempotencyRepository, KeptAnswer
from engine.store.logins import LoginRepository
from engine.store.models import User
from engine.store.users import NewUser, UserRepository
from engine.vocabulary import AccountMail
from engine.work.account_mails import tell_user

TERMS_VERSION = "2026-11"
LOGIN_LIMIT, LOGIN_WINDOW_S = 5, 15 * 60
REGISTER_LIMIT, REGISTER_WINDOW_S = 3, 60 * 60
LOCK_MAIL_WINDOW_S = 60 * 60
REFRESH_GRACE_S = 10
"""A refresh token that comes again this soon was sent by a second tab, not by a thief."""


class InvalidCredentials(VivavoceError):
    """Address and password do not open an account; which of them is wrong is not said."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where a request comes from."""

    address: str
    user_agent: str


def wait_text(retry_after_s: int) -> str:
    minutes = math.ceil(retry_after_s / 60)
    return f"Too many attempts. Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}."


class SigningIn:
    """Works on the session that `session` gives at the time of the call, and commits it."""

    def __init__(self, session: Callable[[], Session], tokens: Tokens, passwords: Passwords, secret: str) -> None:
        self._session = session
        self._tokens = tokens
        self._passwords = passwords
        self._secret = secret

    def register(self, new: RegisterInput, device: Device, *, form_key: str = "", now: datetime) -> User:
        """Make an account.

        form_key: of the form it was asked for with; the same form sent twice makes one account, and finds it again.
        Raises Conflict when the address is taken, TooManyAttempts after three in an hour.
        """
        session = self._session()
        attempts = AttemptRepository(session)
        subject = self._subject("register", device.address)
        attempts.check("register", subject, limit=REGISTER_LIMIT, window_s=REGISTER_WINDOW_S, now=now)
        attempts.record("register", subject, now)
        # Counted even if what follows fails: otherwise taken addresses could be found out without end.
        session.commit()
        password_hash = offload(self._passwords.hash, new.password)
        form = self._subject("registration", f"{form_key} {new.email}")
        try:
            user = UserRepository(session).add(
                NewUser(
                    email=new.email,
                    password_hash=password_hash,
                    first_name=new.first_name,
                    last_name=new.last_name,
                    terms_version=TERMS_VERSION,
                    terms_accepted_at=now,
                    time_zone=new.time_zone,
                )
            )
        except Conflict:
            known = UserRepository(session).by_email(new.email)
            if not form_key or known is None or not self._is_same_form(known, form, new.password, now):
                raise
            return known
        tell_user(session, user, AccountMail.VERIFICATION, now)
        if form_key:
            IdempotencyRepository(session).keep(user.id, form, KeptAnswer(form, 303, "", None), now)
        session.commit()
        return user

    def _is_same_form(self, user: User, form: str, password: str, now: datetime) -> bool:
        """Whether the account was made by this very form, a click before."""
        is_known = IdempotencyRepository(self._session()).find(user.id, form, now) is not None
        return is_known and offload(self._passwords.verify, user.password_hash, password)

    def log_in(self, entered: LoginInput, device: Device, *, now: datetime) -> tuple[User, TokenPair]:
        """Check address and password and begin a session.

        Raises InvalidCredentials, alike for unknown, wrong, inactive and deleted, and TooManyAttempts after five
        failures within a quarter of an hour, counted per account and per network address.
        """
        session = self._session()
        attempts = AttemptRepository(session)
        account = self._subject("account", entered.email)
        address = self._subject("address", device.address)
        # One transaction from check to commit: the check's lock makes parallel guesses wait for one another.
        for action, subject in (("login-account", account), ("login-address", address)):
            attempts.check(action, subject, limit=LOGIN_LIMIT, window_s=LOGIN_WINDOW_S, now=now)
        user = UserRepository(session).by_email(entered.email)
        # An unknown address costs as much time as a known one.
        matches = offload(self._passwords.verify, user.password_hash if user else None, entered.password)
        if user is None or not matches or not user.is_active:
            attempts.record("login-account", account, now)
            attempts.record("login-address", address, now)
            if user is not None and user.is_active:
                self._tell_of_lock(user, account, now)
            session.commit()
            raise InvalidCredentials("The e-mail address or the password is wrong.")
        attempts.clear("login-account", account)
        is_outdated = self._passwords.needs_rehash(user.password_hash)
        newer = offload(self._passwords.hash, entered.password) if is_outdated else None
        UserRepository(session).record_login(user.id, now, new_password_hash=newer)
        pair = self._begin(user, device, is_remembered=entered.remember, now=now)
        session.commit()
        return user, pair

    def _tell_of_lock(self, user: User, account: str, now: datetime) -> None:
        """Where this failure locked the account: a mail to undo it; one an hour, however long somebody goes on."""
        attempts = AttemptRepository(self._session())
        is_locked = attempts.is_full("login-account", account, limit=LOGIN_LIMIT, window_s=LOGIN_WINDOW_S, now=now)
        if is_locked and not attempts.is_full("lock-mail", account, limit=1, window_s=LOCK_MAIL_WINDOW_S, now=now):
            attempts.record("lock-mail", account, now)
            tell_user(self._session(), user, AccountMail.ACCOUNT_LOCKED, now)

    def begin_session(self, user: User, device: Device, *, now: datetime) -> TokenPair:
        """Sign a person in who has just registered."""
        session = self._session()
        UserRepository(session).record_login(user.id, now)
        pair = self._begin(user, device, is_remembered=False, now=now)
        session.commit()
        return pair

    def renew(self, refresh_token: str, holder: Holder, *, now: datetime) -> TokenPair | None:
        """Trade a verified refresh token for a new pair; None when it, its session or its owner is no longer good."""
        session = self._session()
        user = UserRepository(session).get(holder.user_id)
        if user is None or not user.is_active:
            return None
        pair = self._tokens.pair(user.id, user.email, holder.session_id, is_remembered=holder.is_remembered)
        expires_at = now + timedelta(seconds=self._tokens.lifetime_s(holder.is_remembered))
        login = LoginRepository(session).rotate(
            refresh_token, pair.refresh, expires_at=expires_at, now=now, grace_s=REFRESH_GRACE_S
        )
        session.commit()
        return pair if login else None

    def leave(self, user_id: uuid.UUID, session_id: uuid.UUID, *, everywhere: bool, now: datetime) -> None:
        """End this browser's session, or every session of the person."""
        session = self._session()
        logins = LoginRepository(session)
        if everywhere:
            logins.revoke_all(user_id, "logged out everywhere", now=now)
        else:
            logins.revoke(session_id, "logged out", now=now)
        session.commit()

    def _begin(self, user: User, device: Device, *, is_remembered: bool, now: datetime) -> TokenPair:
        logins = LoginRepository(self._session())
        expires_at = now + timedelta(seconds=self._tokens.lifetime_s(is_remembered))
        login = logins.open(
            user.id, expires_at=expires_at, is_remembered=is_remembered, user_agent=device.user_agent[:255]
        )
        pair = self._tokens.pair(user.id, user.email, login.id, is_remembered=is_remembered)
        logins.keep(login.id, pair.refresh, expires_at=expires_at)
        return pair

    def _subject(self, kind: str, value: str) -> str:
        return attempt_subject(self._secret, kind, value)


def attempt_subject(secret: str, kind: str, value: str) -> str:
    """A keyed hash: the table of attempts tells nobody's address."""
    return hmac.new(secret.encode(), f"attempts:{kind}:{value.lower()}".encode(), hashlib.sha256).hexdigest()


def utc_now() -> datetime:
    return datetime.now(UTC)
