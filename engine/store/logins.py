"""Signed-in browsers and their refresh tokens. Tokens are kept as hashes only."""

import hashlib
import uuid
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from engine.store.models import LoginSession, RefreshToken


class LoginRepository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def open(
        self, user_id: uuid.UUID, *, expires_at: datetime, is_remembered: bool = False, user_agent: str = ""
    ) -> LoginSession:
        """Begin a browser's session. Its first refresh token is handed over with `keep`."""
        login = LoginSession(
            user_id=user_id, expires_at=expires_at, is_remembered=is_remembered, user_agent=user_agent[:255]
        )
        self._session.add(login)
        self._session.flush()
        return login

    def keep(self, session_id: uuid.UUID, token: str, *, expires_at: datetime) -> None:
        """Remember a refresh token of a session. token: the token or any unique secret part of it, such as its id."""
        self._session.add(RefreshToken(session_id=session_id, token_hash=_hashed(token), expires_at=expires_at))
        self._session.flush()

    def rotate(
        self, token: str, replacement: str, *, expires_at: datetime, now: datetime, grace_s: int = 0
    ) -> LoginSession | None:
        """Trade a refresh token for its replacement; None when it is refused. Commit in both cases.

        A token that comes back after it was spent was stolen or copied: its whole session is revoked. grace_s: seconds
        in which a second use is taken for another tab of the same browser. Of two uses at once one wins.
        """
        spent = self._session.scalar(
            update(RefreshToken)
            .where(
                RefreshToken.token_hash == _hashed(token),
                RefreshToken.spent_at.is_(None),
                RefreshToken.expires_at > now,
            )
            .values(spent_at=now)
            .returning(RefreshToken.session_id)
        )
        session_id = spent or self._second_use(token, now, grace_s)
        if session_id is None or not self.is_live(session_id, now):
            return None
        self.keep(session_id, replacement, expires_at=expires_at)
        return self._session.get(LoginSession, session_id)

    def _second_use(self, token: str, now: datetime, grace_s: int) -> uuid.UUID | None:
        known = self._session.scalar(select(RefreshToken).where(RefreshToken.token_hash == _hashed(token)))
        if known is None or known.spent_at is None:
            return None
        if now - known.spent_at < timedelta(seconds=grace_s):
            return known.session_id
        self.revoke(known.session_id, "token used twice", now=now)
        return None

    def is_live(self, session_id: uuid.UUID, now: datetime) -> bool:
        """Whether the browser is still signed in: neither revoked nor past its end."""
        return (
            self._session.scalar(
                select(LoginSession.id).where(
                    LoginSession.id == session_id, LoginSession.revoked_at.is_(None), LoginSession.expires_at > now
                )
            )
            is not None
        )

    def revoke(self, session_id: uuid.UUID, reason: str, *, now: datetime) -> None:
        """Sign one browser out. The first reason stays."""
        self._session.execute(
            update(LoginSession)
            .where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None))
            .values(revoked_at=now, revoked_reason=reason[:64])
        )

    def revoke_all(self, user_id: uuid.UUID, reason: str, *, now: datetime) -> None:
        """Sign the user out everywhere."""
        self._session.execute(
            update(LoginSession)
            .where(LoginSession.user_id == user_id, LoginSession.revoked_at.is_(None))
            .values(revoked_at=now, revoked_reason=reason[:64])
        )

    def live_sessions(self, user_id: uuid.UUID, now: datetime) -> int:
        """How many browsers the user is signed in with."""
        return (
            self._session.scalar(
                select(func.count())
                .select_from(LoginSession)
                .where(
                    LoginSession.user_id == user_id, LoginSession.revoked_at.is_(None), LoginSession.expires_at > now
                )
            )
            or 0
        )

    def purge(self, before: datetime) -> int:
        """Delete sessions, with their tokens, that ended before this time."""
        gone = self._session.scalars(
            delete(LoginSession)
            .where((LoginSession.expires_at < before) | (LoginSession.revoked_at < before))
            .returning(LoginSession.id)
        )
        return len(gone.all())


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
