"""People who sign in."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, time

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import Conflict
from engine.store.models import User


@dataclass(frozen=True, slots=True)
class NewUser:
    email: str
    password_hash: str
    first_name: str
    last_name: str
    terms_version: str
    terms_accepted_at: datetime
    time_zone: str = "UTC"
    verified_at: datetime | None = None
    """When the address was confirmed; None until it is."""


class UserRepository:
    """Accounts, found by id or by address."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, new: NewUser) -> User:
        """Keep a new account. Raises Conflict when the address is taken, also by somebody a moment earlier."""
        user = User(**asdict(new) | {"email": normalised_email(new.email)})
        try:
            with self._session.begin_nested():
                self._session.add(user)
        except IntegrityError as error:
            if "uq_users_email" not in str(error.orig):
                raise
            raise Conflict("An account with this e-mail address exists already.") from error
        return user

    def get(self, user_id: uuid.UUID) -> User | None:
        """The account, or None when it does not exist or was deleted."""
        return self._session.scalar(select(User).where(User.id == user_id, User.deleted_at.is_(None)))

    def by_email(self, email: str) -> User | None:
        """The account with this address in any spelling of upper and lower case, or None."""
        return self._session.scalar(
            select(User).where(User.email == normalised_email(email), User.deleted_at.is_(None))
        )

    def set_transfer(self, user_id: uuid.UUID, phone: str | None, opens: time | None, closes: time | None) -> None:
        """Where candidates who ask for a person are put through to, and between which hours of a weekday."""
        values = {"transfer_phone": phone, "office_opens": opens, "office_closes": closes}
        self._session.execute(update(User).where(User.id == user_id).values(**values))

    def is_verified(self, user_id: uuid.UUID) -> bool:
        """Whether the owner of the account has confirmed the address."""
        found = select(User.verified_at).where(User.id == user_id, User.deleted_at.is_(None))
        return self._session.scalar(found) is not None

    def verify(self, user_id: uuid.UUID, now: datetime) -> None:
        """Note that the owner of the account has its mailbox. The first time stays."""
        first = update(User).where(User.id == user_id, User.verified_at.is_(None))
        self._session.execute(first.values(verified_at=now))

    def set_password(self, user_id: uuid.UUID, password_hash: str) -> None:
        """Replace the password."""
        self._session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))

    def tell_of_reports(self, user_id: uuid.UUID, *, by_mail: bool) -> None:
        """Whether a mail tells the user that a report is ready."""
        self._session.execute(update(User).where(User.id == user_id).values(is_told_of_reports=by_mail))

    def set_own_phone(self, user_id: uuid.UUID, phone: str | None) -> None:
        """Keep the user's own number, E.164, for the next practice call; None forgets it."""
        self._session.execute(update(User).where(User.id == user_id).values(own_phone=phone))

    def set_recording_days(self, user_id: uuid.UUID, days: int | None) -> None:
        """How long the user's recordings are kept; None: as long as the installation keeps them."""
        self._session.execute(update(User).where(User.id == user_id).values(recording_days=days))

    def record_login(self, user_id: uuid.UUID, now: datetime, *, new_password_hash: str | None = None) -> None:
        """Note a successful login, and the password's hash when it was made anew with today's cost."""
        values: dict[str, object] = {"last_login_at": now}
        if new_password_hash is not None:
            values["password_hash"] = new_password_hash
        self._session.execute(update(User).where(User.id == user_id).values(**values))


def normalised_email(email: str) -> str:
    """The form in which addresses are kept and compared."""
    return email.strip().lower()
