"""The pages behind links in mails about the account, and those that ask for such mails.

A GET changes nothing, since mail scanners open every link; each change is a form that a person sends.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.accounts import device_of_request
from dashboard.password_rule import RULE
from dashboard.proving import Proving
from dashboard.schemas import ForgottenInput
from dashboard.signing_in import utc_now, wait_text
from dashboard.tokens import Tokens
from dashboard.validation import InvalidInput, checked, form_data
from engine.errors import Conflict, LinkRejected, TooManyAttempts
from engine.store.models import User
from engine.vocabulary import AccountMail


class MailedLinks:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, proving: Proving, tokens: Tokens, *, has_mail_server: bool) -> None:
        self._proving = proving
        self._tokens = tokens
        self._has_mail_server = has_mail_server

    def forgotten(self) -> Response:
        is_asked = "asked" in request.args
        return self._ask_page({}, {}, 200, is_asked=is_asked)

    def ask_for_password(self) -> AnyResponse:
        data = form_data(request.form)
        shown = {"email": str(data.get("email", ""))[:255]}
        try:
            wanted = checked(ForgottenInput, data)
            self._proving.ask_for_password(wanted.email, device_of_request(), now=utc_now())
        except InvalidInput as error:
            return self._ask_page(shown, error.fields, 422)
        except TooManyAttempts as error:
            response = self._ask_page(shown, {"": wait_text(error.retry_after_s)}, 429)
            response.headers["Retry-After"] = str(error.retry_after_s)
            return response
        return redirect(url_for("mailed_links.forgotten", asked=1), 303)

    def new_password(self, token: str) -> Response:
        return self._opened(token, AccountMail.PASSWORD_RESET, lambda user: _password_page(token, user, {}, 200))

    def set_password(self, token: str) -> AnyResponse:
        try:
            self._proving.set_password(token, form_data(request.form), device_of_request(), now=utc_now())
        except InvalidInput as error:
            fields = error.fields
            return self._opened(
                token, AccountMail.PASSWORD_RESET, lambda user: _password_page(token, user, fields, 422)
            )
        except LinkRejected as error:
            return _dead_end(AccountMail.PASSWORD_RESET, str(error))
        response = make_response(redirect(url_for("accounts.login", changed=1), 303))
        self._tokens.drop_cookies(response)
        return response

    def ask_to_verify(self, token: str) -> Response:
        return self._opened(token, AccountMail.VERIFICATION, lambda user: _act_page(token, "verify", user))

    def verify(self, token: str) -> Response:
        try:
            user = self._proving.verify(token, now=utc_now())
        except LinkRejected as error:
            return _dead_end(AccountMail.VERIFICATION, str(error))
        return make_response(render_template("accounts/verified.html", email=user.email))

    def ask_to_unlock(self, token: str) -> Response:
        return self._opened(token, AccountMail.ACCOUNT_LOCKED, lambda user: _act_page(token, "unlock", user))

    def unlock(self, token: str) -> AnyResponse:
        try:
            self._proving.unlock(token, device_of_request(), now=utc_now())
        except LinkRejected as error:
            return _dead_end(AccountMail.ACCOUNT_LOCKED, str(error))
        return redirect(url_for("accounts.login", unlocked=1), 303)

    def send_verification_again(self) -> AnyResponse:
        try:
            self._proving.send_verification_again(current_user(), now=utc_now())
        except Conflict:
            return redirect(url_for("accounts.account"), 303)
        return redirect(url_for("accounts.account", told="sent") + "#address", 303)

    def choose_mails(self) -> AnyResponse:
        self._proving.tell_of_reports(current_user(), by_mail=request.form.get("reports") == "yes")
        return redirect(url_for("accounts.account", told="saved") + "#mails", 303)

    def _opened(self, token: str, purpose: AccountMail, page: Callable[[User], Response]) -> Response:
        try:
            user = self._proving.owner(token, purpose, now=utc_now())
        except LinkRejected as error:
            return _dead_end(purpose, str(error))
        return page(user)

    def _ask_page(
        self, values: dict[str, Any], errors: dict[str, str], status: int, *, is_asked: bool = False
    ) -> Response:
        page = render_template(
            "accounts/forgotten.html",
            values=values,
            errors=errors,
            is_asked=is_asked,
            has_mail_server=self._has_mail_server,
        )
        return make_response(page, status)


def blueprint(proving: Proving, tokens: Tokens, *, has_mail_server: bool) -> Blueprint:
    bp = Blueprint("mailed_links", __name__)
    views = MailedLinks(proving, tokens, has_mail_server=has_mail_server)
    bp.get("/forgot-password")(views.forgotten)
    bp.post("/forgot-password")(views.ask_for_password)
    bp.get("/reset-password/<token>")(views.new_password)
    bp.post("/reset-password/<token>")(views.set_password)
    bp.get("/verify/<token>")(views.ask_to_verify)
    bp.post("/verify/<token>")(views.verify)
    bp.get("/unlock/<token>")(views.ask_to_unlock)
    bp.post("/unlock/<token>")(views.unlock)
    bp.post("/account/verification")(views.send_verification_again)
    bp.post("/account/mails")(views.choose_mails)

    @bp.after_request
    def keep_secret(response: Response) -> Response:
        """The address holds the link's secret: no other page, not even of ours, is told of it."""
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return bp


def _password_page(token: str, user: User, errors: dict[str, str], status: int) -> Response:
    page = render_template(
        "accounts/new_password.html", token=token, email=user.email, errors=errors, password_rule=RULE
    )
    return make_response(page, status)


def _act_page(token: str, purpose: str, user: User) -> Response:
    is_done = purpose == "verify" and user.verified_at is not None
    if is_done:
        return make_response(render_template("accounts/verified.html", email=user.email))
    return make_response(render_template("accounts/mailed.html", token=token, purpose=purpose, email=user.email))


def _dead_end(purpose: AccountMail, said: str) -> Response:
    return make_response(render_template("accounts/dead_end.html", said=said, purpose=purpose.value), 410)
