"""Secrets of links in mails to users: random, kept as hashes only, each good for one purpose, one use and a while."""

import base64
import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engine.scheduling.links import cleaned
from engine.store.account_models import AccountToken
from engine.vocabulary import AccountMail

_BYTES: Final = 20
LETTERS: Final = 32
"""160 bits in the letters of candidates' links; short enough for a link to stay on one line of a mail."""


class AccountTokenRepository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def issue(self, user_id: uuid.UUID, purpose: AccountMail, lifetime: timedelta, now: datetime) -> str:
        """A new token; nobody can read it here again. Earlier ones stay good: a thief's wish must not end them."""
        token = base64.b32encode(secrets.token_bytes(_BYTES)).decode().lower()
        self._session.add(
            AccountToken(user_id=user_id, purpose=purpose, token_hash=_hashed(token), expires_at=now + lifetime)
        )
        self._session.flush()
        return token

    def find(self, token: str, purpose: AccountMail, now: datetime) -> AccountToken | None:
        """The token, spent or not, until it runs out."""
        return self._session.scalar(
            select(AccountToken).where(
                AccountToken.token_hash == _hashed(token),
                AccountToken.purpose == purpose,
                AccountToken.expires_at > now,
            )
        )

    def spend(self, token: str, purpose: AccountMail, now: datetime) -> uuid.UUID | None:
        """Use the token up and return whose it is; None when it is unknown, used or out of time. One of many wins."""
        return self._session.scalar(
            update(AccountToken)
            .where(
                AccountToken.token_hash == _hashed(token),
                AccountToken.purpose == purpose,
                AccountToken.spent_at.is_(None),
                AccountToken.expires_at > now,
            )
            .values(spent_at=now)
            .returning(AccountToken.user_id)
        )

    def spend_all(self, user_id: uuid.UUID, now: datetime, *purposes: AccountMail) -> None:
        """Make every token of these purposes void: what they were for is done."""
        self._session.execute(
            update(AccountToken)
            .where(AccountToken.user_id == user_id, AccountToken.purpose.in_(purposes), AccountToken.spent_at.is_(None))
            .values(spent_at=now)
        )

    def purge(self, now: datetime) -> int:
        """Delete the tokens that have run out; returns how many."""
        gone = delete(AccountToken).where(AccountToken.expires_at <= now)
        return len(self._session.scalars(gone.returning(AccountToken.id)).all())


def _hashed(token: str) -> str:
    """Of the token as it was made, whatever a mail program did to it."""
    return hashlib.sha256(cleaned(token)[:LETTERS].encode()).hexdigest()
