"""One answer to everything that goes wrong: in the frame for people, in the envelope for programs."""

import logging

from flask import Flask, Response, make_response, render_template, request
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from dashboard.access import NotSignedIn
from dashboard.api.envelope import failure
from dashboard.requests_log import request_id
from dashboard.signing_in import InvalidCredentials, wait_text
from dashboard.validation import InvalidInput
from engine.errors import Conflict, NotFound, TooManyAttempts

_log = logging.getLogger("dashboard.errors")

CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    416: "RANGE_NOT_SATISFIABLE",
    422: "VALIDATION_FAILED",
    429: "TOO_MANY_ATTEMPTS",
    500: "INTERNAL_ERROR",
    503: "UNAVAILABLE",
}
HEADINGS = {
    400: ("This request cannot be read", "Go back, reload the page and try once more."),
    403: ("This form was not accepted", "The form was open for too long. Go back, reload the page and try again."),
    404: ("This page does not exist", "The address may be mistyped, or what stood here is gone."),
    405: ("This page cannot be used that way", "Go back and use the buttons of the page."),
    409: ("This is no longer possible", "Things have changed since the page was loaded. Go back and reload it."),
    413: ("That was too much at once", "Shorten what you entered and send it again."),
    422: ("Something in the address is not valid", "Go back and choose from what the page offers."),
    429: ("Too many attempts", "Wait a little and try again."),
    500: ("Something went wrong on our side", "Nothing you did caused it. Try again in a moment."),
    503: ("The database cannot be reached", "Calls that are running go on. Try again in a moment."),
}
# Machines ask here; they get a line of text instead of a page.
_PLAIN = ("/telephony/", "/health", "/metrics")


def install(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(Conflict, _conflict)
    app.register_error_handler(InvalidInput, _invalid)
    app.register_error_handler(TooManyAttempts, _too_many)
    app.register_error_handler(NotSignedIn, _not_signed_in)
    app.register_error_handler(InvalidCredentials, _wrong_credentials)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(InterfaceError, _database_away)
    app.register_error_handler(Exception, _uncaught)


def _http_error(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    said = error.description if error.code == 403 and error.description != type(error).description else None
    return answer(error.code, said, headers=[(k, v) for k, v in error.get_headers() if k in ("Allow", "Content-Range")])


def _not_found(_error: NotFound) -> Response:
    return answer(404)


def _conflict(error: Conflict) -> Response:
    return answer(409, str(error))


def _invalid(error: InvalidInput) -> Response:
    return answer(422, str(error) if request.path.startswith("/api/") else None, fields=error.fields)


def _too_many(error: TooManyAttempts) -> Response:
    return answer(429, wait_text(error.retry_after_s), headers=[("Retry-After", str(error.retry_after_s))])


def _not_signed_in(_error: NotSignedIn) -> Response:
    return answer(401, "Sign in first: send a valid access token.")


def _wrong_credentials(error: InvalidCredentials) -> Response:
    return answer(401, str(error), code="INVALID_CREDENTIALS")


def _database_away(error: OperationalError | InterfaceError) -> Response:
    _log.error("the database does not answer", exc_info=error)
    return answer(503, headers=[("Retry-After", "5")])


def _uncaught(error: Exception) -> Response:
    _log.error("uncaught error", exc_info=error)
    return answer(500)


def answer(  # what an error answer is made of, all but the status by name
    status: int,
    said: str | None = None,
    *,
    code: str | None = None,
    fields: dict[str, str] | None = None,
    headers: list[tuple[str, str]] | None = None,
) -> Response:
    """The answer to a failed request, in the form that its caller understands."""
    heading, advice = HEADINGS.get(status, (f"This did not work ({status})", "Go back and try again."))
    if request.path.startswith("/api/"):
        response = failure(status, code or CODES.get(status, "ERROR"), said or f"{heading}.", fields or {})
    elif request.path.startswith(_PLAIN):
        response = make_response(f"{heading}\n", status, {"Content-Type": "text/plain; charset=utf-8"})
    else:
        page = render_template(
            "errors/error.html", heading=heading, advice=said or advice, status=status, reference=request_id()
        )
        response = make_response(page, status)
    response.headers.extend(headers or [])
    return response
