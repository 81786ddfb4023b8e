"""The one form of every answer: {"data": ...} or {"error": {...}}."""

from typing import Any

from flask import Response, jsonify, make_response, request
from werkzeug.exceptions import BadRequest

from dashboard.requests_log import request_id
from dashboard.validation import InvalidInput


def success(data: Any, status: int = 200, *, paging: dict[str, int] | None = None) -> Response:
    body: dict[str, Any] = {"data": data}
    if paging is not None:
        body["paging"] = paging
    return make_response(jsonify(body), status)


def failure(status: int, code: str, message: str, fields: dict[str, str]) -> Response:
    """code is stable and for programs, message for people; fields maps each faulty field to what is wrong with it."""
    error = {"code": code, "message": message, "fields": fields, "request_id": request_id()}
    return make_response(jsonify({"error": error}), status)


def json_body() -> Any:
    """The request's JSON document. Raises InvalidInput when there is none or it cannot be read."""
    try:
        return request.get_json(force=False)
    except (BadRequest, RecursionError) as error:  # the latter for brackets nested thousands deep
        raise InvalidInput({"": "Send a JSON object with Content-Type: application/json."}) from error
