"""Proving by mail that an account is one's own: the address confirmed, a new password, a lock undone.

Rules shared by pages and API. docs/api.md tells the limits.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from dashboard.offload import offload
from dashboard.schemas import NewPasswordInput
from dashboard.signing_in import Device, attempt_subject
from dashboard.validation import checked
from engine.adapters.passwords import Passwords
from engine.errors import Conflict, LinkRejected, TooManyAttempts
from engine.store.account_tokens import AccountTokenRepository
from engine.store.attempts import AttemptRepository
from engine.store.logins import LoginRepository
from engine.store.models import User
from engine.store.users import UserRepository
from engine.vocabulary import AccountMail
from engine.work.account_mails import tell_user

ASK_LIMIT, ASK_WINDOW_S = 5, 15 * 60
"""Wishes for a new password from one network address."""
MAIL_LIMIT, MAIL_WINDOW_S = 3, 60 * 60
"""Mails of one kind to one account."""
ASKING_TAKES_S: Final = 0.25
"""So long at least: how long it takes does not tell whether an address has an account."""
_USED = "This link was used already, or has run out. Ask for a new one."


class Proving:
    """Works on the session that `session` gives at the time of the call, and commits it."""

    def __init__(self, session: Callable[[], Session], passwords: Passwords, secret: str) -> None:
        self._session = session
        self._passwords = passwords
        self._secret = secret

    def send_verification_again(self, user: User, *, now: datetime) -> None:
        """Raises Conflict once the address is confirmed, TooManyAttempts after three mails in an hour."""
        if user.verified_at is not None:
            raise Conflict("The address is confirmed already.")
        session = self._session()
        attempts, subject = AttemptRepository(session), attempt_subject(self._secret, "account", user.email)
        attempts.check("verification", subject, limit=MAIL_LIMIT, window_s=MAIL_WINDOW_S, now=now)
        attempts.record("verification", subject, now)
        tell_user(session, user, AccountMail.VERIFICATION, now)
        session.commit()

    def verify(self, token: str, *, now: datetime) -> User:
        """Confirm the address. Doing it twice is no fault. Raises LinkRejected."""
        session = self._session()
        user = self.owner(token, AccountMail.VERIFICATION, now=now)
        if user.verified_at is None:
            if AccountTokenRepository(session).spend(token, AccountMail.VERIFICATION, now) is None:
                raise LinkRejected(_USED)
            UserRepository(session).verify(user.id, now)
            session.commit()
        return user

    def ask_for_password(self, email: str, device: Device, *, now: datetime) -> None:
        """Have a mail sent, if an account has this address; the caller is told the same in any case, after as long.

        Raises TooManyAttempts after five wishes in a quarter of an hour from one network address. Beyond three mails an
        hour to one account the wish is granted in silence only.
        """
        began_s = time.monotonic()
        session = self._session()
        attempts = AttemptRepository(session)
        address = attempt_subject(self._secret, "address", device.address)
        account = attempt_subject(self._secret, "account", email)
        attempts.check("reset-address", address, limit=ASK_LIMIT, window_s=ASK_WINDOW_S, now=now)
        attempts.record("reset-address", address, now)
        try:
            attempts.check("reset-account", account, limit=MAIL_LIMIT, window_s=MAIL_WINDOW_S, now=now)
        except TooManyAttempts:
            user = None
        else:
            attempts.record("reset-account", account, now)
            user = UserRepository(session).by_email(email)
        if user is not None and user.is_active:
            tell_user(session, user, AccountMail.PASSWORD_RESET, now)
        session.commit()
        time.sleep(max(0.0, ASKING_TAKES_S - (time.monotonic() - began_s)))

    def owner(self, token: str, purpose: AccountMail, *, now: datetime) -> User:
        """Whose link it is; nothing is used up. Raises LinkRejected where it opens nothing."""
        session = self._session()
        found = AccountTokenRepository(session).find(token, purpose, now)
        user = UserRepository(session).get(found.user_id) if found is not None else None
        if found is None or user is None or not user.is_active:
            raise LinkRejected(_USED)
        if found.spent_at is not None and not (purpose is AccountMail.VERIFICATION and user.verified_at is not None):
            raise LinkRejected(_USED)
        return user

    def set_password(self, token: str, data: dict[str, object], device: Device, *, now: datetime) -> None:
        """Give the account a new password and end every session of it. Whoever reads its mails has proved the address.

        Raises LinkRejected, and InvalidInput with the link still good.
        """
        session = self._session()
        user = self.owner(token, AccountMail.PASSWORD_RESET, now=now)
        wanted = checked(NewPasswordInput, data, personal=(user.first_name, user.last_name, user.email))
        password_hash = offload(self._passwords.hash, wanted.password)
        tokens, users = AccountTokenRepository(session), UserRepository(session)
        if tokens.spend(token, AccountMail.PASSWORD_RESET, now) is None:
            raise LinkRejected(_USED)
        tokens.spend_all(user.id, now, AccountMail.PASSWORD_RESET, AccountMail.ACCOUNT_LOCKED)
        users.set_password(user.id, password_hash)
        users.verify(user.id, now)
        LoginRepository(session).revoke_all(user.id, "password reset", now=now)
        self._unlock(session, user, device)
        tell_user(session, user, AccountMail.PASSWORD_CHANGED, now)
        session.commit()

    def unlock(self, token: str, device: Device, *, now: datetime) -> None:
        """Let the account be logged in to again, from here. Raises LinkRejected."""
        session = self._session()
        user = self.owner(token, AccountMail.ACCOUNT_LOCKED, now=now)
        if AccountTokenRepository(session).spend(token, AccountMail.ACCOUNT_LOCKED, now) is None:
            raise LinkRejected(_USED)
        self._unlock(session, user, device)
        session.commit()

    def tell_of_reports(self, user: User, *, by_mail: bool) -> None:
        """Whether a mail tells the user of reports."""
        session = self._session()
        UserRepository(session).tell_of_reports(user.id, by_mail=by_mail)
        session.commit()

    def _unlock(self, session: Session, user: User, device: Device) -> None:
        """Both limits: whoever mistyped a password five times did it at one desk."""
        attempts = AttemptRepository(session)
        attempts.clear("login-account", attempt_subject(self._secret, "account", user.email))
        attempts.clear("login-address", attempt_subject(self._secret, "address", device.address))
