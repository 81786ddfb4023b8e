"""Who may call what: every route is protected unless it stands in the list below.

A page that is asked for without a valid token goes to the silent renewal (when the browser holds a refresh token) or
to the login page, and comes back afterwards; the API answers 401.
"""

import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt as pyjwt
from flask import Flask, Response, abort, g, redirect, render_template, request, url_for
from flask_jwt_extended import JWTManager, get_jwt, verify_jwt_in_request
from flask_jwt_extended.exceptions import CSRFError, JWTExtendedException
from werkzeug.wrappers import Response as AnyResponse

from dashboard.csrf import UNSAFE_METHODS, Csrf
from dashboard.database import Database
from engine.store.logins import LoginRepository
from engine.store.models import User
from engine.store.users import UserRepository

PUBLIC_ENDPOINTS = frozenset(
    {
        "static",
        "pages.landing",
        "pages.help",
        "pages.set_theme",
        "accounts.login",
        "accounts.log_in",
        "accounts.register",
        "accounts.make_account",
        "accounts.refresh",  # checks the refresh token itself
        "mailed_links.forgotten",
        "mailed_links.ask_for_password",
        "mailed_links.new_password",  # the token in the address is the proof, here and below
        "mailed_links.set_password",
        "mailed_links.ask_to_verify",
        "mailed_links.verify",
        "mailed_links.ask_to_unlock",
        "mailed_links.unlock",
        "api_auth.login",
        "api_auth.refresh",  # checks the refresh token itself
        "api_proving.ask_for_password",
        "api_proving.set_password",  # checks the token of the mail
        "api_proving.verify",  # likewise
        "candidate.page",
        "candidate.act",
        "candidate.ask_unsubscribe",
        "candidate.unsubscribe",  # the signed token is the proof: mail programs post without a cookie
        "schedule.feed",  # likewise
        "health.health",
        "health.live",
        "health.ready",
        "health.metrics",  # checks the caller itself
    }
)
"""Routes of the dashboard that need no signed-in person. Nothing else does without one."""

_FORMS_OF_VISITORS = frozenset(
    {
        "pages.set_theme",
        "accounts.log_in",
        "accounts.make_account",
        "candidate.act",
        "mailed_links.ask_for_password",
        "mailed_links.set_password",
        "mailed_links.verify",
        "mailed_links.unlock",
    }
)
REFRESH_MARK = "csrf_refresh_token"
"""Readable cookie that tells that the browser also holds a refresh token, which this path does not see."""


class NotSignedIn(Exception):
    """The request carries no valid token."""


def current_user() -> User:
    """The person who sent the request in hand. For protected routes only."""
    user = signed_in_user()
    if user is None:
        raise NotSignedIn
    return user


def signed_in_user() -> User | None:
    """The person who sent the request in hand, or None for a visitor."""
    user: User | None = g.get("user")
    return user


def current_session_id() -> uuid.UUID:
    return uuid.UUID(g.session_id)


def safe_next(target: str | None) -> str:
    """A path of ours to go to after signing in: the one asked for, or the overview if it could lead elsewhere."""
    fallback = url_for("pages.overview")
    if not target or not target.startswith("/") or target.startswith("//") or len(target) > 2000:
        return fallback
    if "\\" in target or any(ord(character) < 32 for character in target):
        return fallback
    parts = urlsplit(target)
    return fallback if parts.scheme or parts.netloc or parts.path.startswith("/auth/") else target


def install(app: Flask, database: Database, csrf: Csrf, jwt: JWTManager, public_endpoints: frozenset[str]) -> None:
    """public_endpoints: routes of other blueprints that authenticate their callers in a way of their own."""
    everyone = PUBLIC_ENDPOINTS | public_endpoints

    def is_revoked(_header: dict[str, Any], claims: dict[str, Any]) -> bool:
        try:
            session_id = uuid.UUID(str(claims.get("sid")))
        except ValueError:
            return True
        return not LoginRepository(database.current()).is_live(session_id, datetime.now(UTC))

    jwt.token_in_blocklist_loader(is_revoked)

    def identify() -> AnyResponse | None:
        if request.endpoint is None:
            _identify_visitor(database)
            return None
        if request.endpoint in everyone:
            if request.endpoint in PUBLIC_ENDPOINTS:
                _identify_visitor(database)
            if request.method in UNSAFE_METHODS and request.endpoint in _FORMS_OF_VISITORS:
                csrf.check_visitor()
            return None
        try:
            verify_jwt_in_request()
            _load_user(database)
        except CSRFError:
            abort(403, "The form was open for too long or did not come from this page. Reload it and try again.")
        except (JWTExtendedException, pyjwt.PyJWTError, NotSignedIn) as error:
            return _refused(error)
        return None

    app.before_request(identify)


def _identify_visitor(database: Database) -> None:
    """On public pages a valid token is welcome and an invalid one is no fault."""
    if request.endpoint == "static" or not (request.cookies.get("access_token_cookie")):
        return
    try:
        if request.method not in UNSAFE_METHODS and verify_jwt_in_request(optional=True):
            _load_user(database)
    except (JWTExtendedException, pyjwt.PyJWTError, NotSignedIn):
        g.pop("user", None)


def _load_user(database: Database) -> None:
    claims = get_jwt()
    try:
        user = UserRepository(database.current()).get(uuid.UUID(str(claims["sub"])))
    except (KeyError, ValueError) as error:
        raise NotSignedIn from error
    if user is None or not user.is_active or user.deleted_at is not None:
        raise NotSignedIn
    g.user = user
    g.session_id = str(claims["sid"])


def _refused(error: Exception) -> AnyResponse:
    if request.path.startswith("/api/"):
        raise NotSignedIn from error
    here = request.full_path.rstrip("?")
    is_page_view = request.method in ("GET", "HEAD")
    if request.cookies.get(REFRESH_MARK):
        # 307 keeps method and body: a form that was open for an hour is renewed, then sent again by the browser.
        return redirect(f"{url_for('accounts.refresh')}?{urlencode({'next': here})}", 302 if is_page_view else 307)
    if is_page_view and request.headers.get("Sec-Fetch-Site") == "cross-site":
        return _knock_again(here)
    return to_login(here if is_page_view else None)


def to_login(after: str | None) -> AnyResponse:
    """Off to the login page; an htmx request moves the whole page there, not a part of it."""
    address = url_for("accounts.login", next=after) if after else url_for("accounts.login")
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("accounts.login")})
    return redirect(address)


def _knock_again(here: str) -> Response:
    # Strict cookies are not sent to somebody who arrives by a link from elsewhere. One hop of our own brings them.
    return Response(render_template("accounts/arriving.html", here=here))
