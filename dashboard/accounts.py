"""The pages around an account: register, log in, silent renewal, log out, account."""

import jwt as pyjwt
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask_jwt_extended.exceptions import CSRFError, JWTExtendedException
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_session_id, current_user, safe_next, signed_in_user, to_login
from dashboard.database import Database
from dashboard.password_rule import RULE
from dashboard.schemas import LoginInput, RegisterInput
from dashboard.signing_in import Device, InvalidCredentials, SigningIn, utc_now, wait_text
from dashboard.tokens import TokenPair, Tokens, verified_refresh_token
from dashboard.validation import FORM_KEY, InvalidInput, checked, form_data
from engine.config import Settings
from engine.errors import Conflict, TooManyAttempts
from engine.store.outbox import OutboxRepository
from engine.vocabulary import AccountMail

_NOTICES = {
    "left": {"kind": "ok", "text": "You are logged out."},
    "changed": {"kind": "ok", "text": "Your password is changed, and every device is logged out. Log in with it now."},
    "unlocked": {"kind": "ok", "text": "Your account is unlocked. Log in now."},
    "sent": {"kind": "ok", "text": "The mail is on its way."},
    "saved": {"kind": "ok", "text": "Your choice is kept."},
}


def device_of_request() -> Device:
    return Device(request.remote_addr or "unknown", request.user_agent.string)


class AccountPages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, signing_in: SigningIn, tokens: Tokens, database: Database, settings: Settings) -> None:
        self._signing_in = signing_in
        self._tokens = tokens
        self._database = database
        self._has_mail_server = bool(settings.messages.smtp_url)

    def _enter(self, pair: TokenPair, target: str) -> AnyResponse:
        response = make_response(redirect(target, 303))
        self._tokens.set_cookies(response, pair)
        return response

    def login(self) -> AnyResponse:
        if signed_in_user():
            return redirect(safe_next(request.args.get("next")))
        return _login_page({}, {}, 200)

    def log_in(self) -> AnyResponse:
        data = form_data(request.form)
        shown = {"email": str(data.get("email", ""))[:255], "remember": data.get("remember")}
        try:
            entered = checked(LoginInput, data)
            _user, pair = self._signing_in.log_in(entered, device_of_request(), now=utc_now())
        except InvalidInput as error:
            return _login_page(shown, error.fields, 422)
        except InvalidCredentials as error:
            return _login_page(shown, {"email": str(error)}, 401)
        except TooManyAttempts as error:
            return _waiting(_login_page(shown, {"": wait_text(error.retry_after_s)}, 429), error)
        return self._enter(pair, safe_next(request.args.get("next")))

    def register(self) -> AnyResponse:
        if signed_in_user():
            return redirect(url_for("pages.overview"))
        return _register_page({}, {}, 200)

    def make_account(self) -> AnyResponse:
        data = form_data(request.form)
        shown = {name: value for name, value in data.items() if not name.startswith("password")}
        device = device_of_request()
        try:
            new = checked(RegisterInput, {"terms": "false"} | data)
            user = self._signing_in.register(new, device, form_key=request.form.get(FORM_KEY, ""), now=utc_now())
        except InvalidInput as error:
            return _register_page(shown, error.fields, 422)
        except Conflict:
            taken = "This address is registered already. Log in instead, or use another one."
            return _register_page(shown, {"email": taken}, 409)
        except TooManyAttempts as error:
            return _waiting(_register_page(shown, {"": wait_text(error.retry_after_s)}, 429), error)
        return self._enter(
            self._signing_in.begin_session(user, device, now=utc_now()), url_for("pages.overview", welcome=1)
        )

    def refresh(self) -> AnyResponse:
        """Renew the tokens and go on to `next`; without it (a script asks) answer 204.

        A page that was asked for arrives by GET. A form arrives by POST with its fields, and 307 sends them on.
        """
        target = request.args.get("next")
        try:
            token, holder = verified_refresh_token(locations=["cookies"])
            pair = self._signing_in.renew(token, holder, now=utc_now())
        except CSRFError:
            # Whoever sent this is not our page: the person stays signed in.
            abort(403)
        except (JWTExtendedException, pyjwt.PyJWTError, KeyError, ValueError):
            pair = None
        if pair is None:
            return _signed_out(self._tokens, target)
        if target is None:
            response = make_response("", 204)
        else:
            response = make_response(redirect(safe_next(target), 302 if request.method == "GET" else 307))
        self._tokens.set_cookies(response, pair)
        return response

    def logout(self) -> AnyResponse:
        everywhere = request.form.get("everywhere") == "true"
        self._signing_in.leave(current_user().id, current_session_id(), everywhere=everywhere, now=utc_now())
        response = make_response(redirect(url_for("accounts.login", left=1), 303))
        self._tokens.drop_cookies(response)
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    def account(self) -> str:
        outbox = OutboxRepository(self._database.current())
        return render_template(
            "accounts/account.html",
            mail=outbox.latest_to_user(current_user().id, AccountMail.VERIFICATION),
            has_mail_server=self._has_mail_server,
            notice=_NOTICES.get(request.args.get("told", "")),
        )


def blueprint(signing_in: SigningIn, tokens: Tokens, database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("accounts", __name__)
    views = AccountPages(signing_in, tokens, database, settings)
    bp.get("/login")(views.login)
    bp.post("/login")(views.log_in)
    bp.get("/register")(views.register)
    bp.post("/register")(views.make_account)
    bp.route("/auth/refresh", methods=["GET", "POST"])(views.refresh)
    bp.post("/logout")(views.logout)
    bp.get("/account")(views.account)
    return bp


def _login_page(values: dict[str, object], errors: dict[str, str], status: int) -> Response:
    notice = next((_NOTICES[name] for name in request.args if name in _NOTICES and not errors), None)
    target = request.args.get("next")
    page = render_template("accounts/login.html", values=values, errors=errors, next=target, notice=notice)
    return make_response(page, status)


def _register_page(values: dict[str, object], errors: dict[str, str], status: int) -> Response:
    page = render_template("accounts/register.html", values=values, errors=errors, password_rule=RULE)
    return make_response(page, status)


def _waiting(response: Response, error: TooManyAttempts) -> Response:
    response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _signed_out(tokens: Tokens, target: str | None) -> AnyResponse:
    """The renewal failed: everything is cleared, and a person signs in again and comes back."""
    response = make_response("", 401) if target is None else make_response(to_login(safe_next(target)))
    if target is not None and request.method == "POST":
        response.status_code = 303  # the form's fields, a password perhaps, must not be sent to the login page
    tokens.drop_cookies(response)
    return response
