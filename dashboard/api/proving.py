"""/api/v1/auth: confirming an address, and a new password by mail."""

from flask import Blueprint, Response

from dashboard.access import current_user
from dashboard.accounts import device_of_request
from dashboard.api.envelope import failure, json_body, success
from dashboard.proving import Proving
from dashboard.schemas import ForgottenInput, TokenInput
from dashboard.signing_in import utc_now
from dashboard.validation import checked
from engine.errors import LinkRejected


def blueprint(proving: Proving) -> Blueprint:
    bp = Blueprint("api_proving", __name__, url_prefix="/api/v1")
    bp.register_error_handler(LinkRejected, _link_rejected)

    @bp.post("/auth/verification")
    def send_verification() -> Response:
        proving.send_verification_again(current_user(), now=utc_now())
        return success({"asked": True}, 202)

    @bp.post("/auth/verify")
    def verify() -> Response:
        proving.verify(checked(TokenInput, json_body()).token, now=utc_now())
        return success({"verified": True})

    @bp.post("/auth/forgot-password")
    def ask_for_password() -> Response:
        wanted = checked(ForgottenInput, json_body())
        proving.ask_for_password(wanted.email, device_of_request(), now=utc_now())
        return success({"asked": True}, 202)

    @bp.post("/auth/reset-password")
    def set_password() -> Response:
        body = json_body()
        token = body.pop("token", None) if isinstance(body, dict) else None
        wanted = checked(TokenInput, {"token": token})
        proving.set_password(wanted.token, body, device_of_request(), now=utc_now())
        return success({"password_changed": True})

    return bp


def _link_rejected(error: LinkRejected) -> Response:
    return failure(410, "LINK_USED_OR_EXPIRED", str(error), {})
