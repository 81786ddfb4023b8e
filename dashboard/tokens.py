"""The two tokens of a signed-in browser: made here, put into cookies here, and nowhere else.

The access token is short and carried with every request; the refresh token is sent to one path only and signed with a
secret of its own. Both name the login session they belong to, so that ending the session ends both.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    set_access_cookies,
    set_refresh_cookies,
    unset_jwt_cookies,
    verify_jwt_in_request,
)
from flask_jwt_extended.config import config

from dashboard.csrf import Csrf
from engine.config import Settings

REMEMBERED_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token is made for."""

    user_id: uuid.UUID
    email: str
    session_id: uuid.UUID
    is_refresh: bool
    is_remembered: bool


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str
    is_remembered: bool


class Tokens:
    def __init__(self, settings: Settings, csrf: Csrf) -> None:
        self._settings = settings
        self._csrf = csrf

    def install(self, jwt: JWTManager) -> None:
        """Teach the JWT extension our claims and our two secrets."""
        settings, csrf = self._settings, self._csrf

        def key_to_sign(holder: Holder) -> str:
            return settings.jwt_refresh_secret if holder.is_refresh else settings.jwt_secret

        def key_to_check(_header: dict[str, Any], claims: dict[str, Any]) -> str:
            return settings.jwt_refresh_secret if claims.get("type") == "refresh" else settings.jwt_secret

        def subject(holder: Holder) -> str:
            return str(holder.user_id)

        def claims(holder: Holder) -> dict[str, Any]:
            session_id = str(holder.session_id)
            own = {"sid": session_id, "csrf": csrf.for_session(session_id)}
            return own | ({"remember": holder.is_remembered} if holder.is_refresh else {"email": holder.email})

        jwt.encode_key_loader(key_to_sign)
        jwt.decode_key_loader(key_to_check)
        jwt.user_identity_loader(subject)
        jwt.additional_claims_loader(claims)

    def lifetime_s(self, is_remembered: bool) -> int:
        """Seconds that a browser stays signed in without being used."""
        return REMEMBERED_S if is_remembered else self._settings.jwt_refresh_expiration_s

    def access_lifetime_s(self) -> int:
        return self._settings.jwt_expiration_s

    def pair(self, user_id: uuid.UUID, email: str, session_id: uuid.UUID, *, is_remembered: bool) -> TokenPair:
        lifetime = timedelta(seconds=self.lifetime_s(is_remembered))
        access, refresh = (
            Holder(user_id, email, session_id, is_refresh=is_refresh, is_remembered=is_remembered)
            for is_refresh in (False, True)
        )
        return TokenPair(
            access=create_access_token(access),
            refresh=create_refresh_token(refresh, expires_delta=lifetime),
            is_remembered=is_remembered,
        )

    def set_cookies(self, response: Response, pair: TokenPair) -> None:
        """Without "remember me" the cookies end with the browser; the tokens in them end earlier anyway."""
        max_age = REMEMBERED_S if pair.is_remembered else None
        set_access_cookies(response, pair.access, max_age=max_age)
        set_refresh_cookies(response, pair.refresh, max_age=max_age)

    def drop_cookies(self, response: Response) -> None:
        unset_jwt_cookies(response)


def verified_refresh_token(*, locations: list[str]) -> tuple[str, Holder]:
    """The refresh token that the request in hand carries, checked for signature, age and CSRF value.

    locations: "cookies" or "headers". Raises the JWT extension's and PyJWT's errors. Whether its session lives is not
    checked here: a spent token must reach the rotation, which revokes the session it was stolen from.
    """
    verify_jwt_in_request(refresh=True, locations=locations, skip_revocation_check=True)
    claims = get_jwt()
    if locations == ["cookies"]:
        token = request.cookies.get(config.refresh_cookie_name, "")
    else:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    holder = Holder(
        user_id=uuid.UUID(str(claims["sub"])),
        email="",
        session_id=uuid.UUID(str(claims["sid"])),
        is_refresh=True,
        is_remembered=bool(claims.get("remember")),
    )
    return token, holder
