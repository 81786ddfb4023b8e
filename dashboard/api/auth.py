"""/api/v1/auth and /api/v1/me: tokens for programs, in the body, never in cookies."""

from typing import Any

import jwt as pyjwt
from flask import Blueprint, Response, request
from flask_jwt_extended.exceptions import JWTExtendedException

from dashboard.access import NotSignedIn, current_session_id, current_user
from dashboard.accounts import device_of_request
from dashboard.api.envelope import json_body, success
from dashboard.schemas import LoginInput, LogoutInput
from dashboard.signing_in import SigningIn, utc_now
from dashboard.tokens import TokenPair, Tokens, verified_refresh_token
from dashboard.validation import checked
from engine.store.models import User


def user_data(user: User) -> dict[str, Any]:
    """An account as the API tells it: never the hash."""
    return {
        "id": str(user.id),
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "time_zone": user.time_zone,
        "created_at": user.created_at.isoformat(),
        "verified_at": user.verified_at.isoformat() if user.verified_at else None,
        "last_login_at": user.last_login_at.isoformat() if user.last_login_at else None,
    }


def blueprint(signing_in: SigningIn, tokens: Tokens) -> Blueprint:
    bp = Blueprint("api_auth", __name__, url_prefix="/api/v1")

    def pair_data(pair: TokenPair) -> dict[str, Any]:
        return {
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "token_type": "Bearer",
            "expires_in": tokens.access_lifetime_s(),
        }

    @bp.post("/auth/login")
    def login() -> Response:
        entered = checked(LoginInput, json_body())
        user, pair = signing_in.log_in(entered, device_of_request(), now=utc_now())
        return success(pair_data(pair) | {"user": user_data(user)})

    @bp.post("/auth/refresh")
    def refresh() -> Response:
        try:
            token, holder = verified_refresh_token(locations=["headers"])
        except (JWTExtendedException, pyjwt.PyJWTError, KeyError, ValueError) as error:
            raise NotSignedIn from error
        pair = signing_in.renew(token, holder, now=utc_now())
        if pair is None:
            raise NotSignedIn
        return success(pair_data(pair))

    @bp.post("/auth/logout")
    def logout() -> Response:
        wanted = checked(LogoutInput, json_body() if _has_body() else {})
        signing_in.leave(current_user().id, current_session_id(), everywhere=wanted.everywhere, now=utc_now())
        return success({"logged_out": True})

    @bp.get("/me")
    def me() -> Response:
        return success(user_data(current_user()))

    return bp


def _has_body() -> bool:
    return bool(request.content_length)
