"""Is the process alive, can it work, how has it been doing: for load balancers and monitoring."""

import hmac
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from ipaddress import ip_address

from flask import Blueprint, Response, abort, jsonify, make_response, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.database import Database
from dashboard.metrics import Metrics
from dashboard.samples import Sample, month_samples, text_of

_log = logging.getLogger("dashboard.health")


def blueprint(
    database: Database,
    metrics: Metrics,
    metrics_token: str,
    samples: Callable[[], Iterable[Sample]],
    is_draining: Callable[[], bool],
) -> Blueprint:
    """samples: more figures, read at each request. is_draining: whether the process takes nothing new any more.

    metrics_token: what a scraper from elsewhere must present; empty means that only this machine may ask.
    """
    bp = Blueprint("health", __name__)

    def database_answers() -> bool:
        try:
            database.current().execute(text("select 1"))
        except SQLAlchemyError:
            _log.warning("the database does not answer")
            return False
        return True

    @bp.get("/health/live")
    def live() -> Response:
        return jsonify({"status": "ok"})

    @bp.get("/health", endpoint="health")
    @bp.get("/health/ready", endpoint="ready")
    def health() -> Response:
        is_up = database_answers()
        status = "draining" if is_draining() else "ok" if is_up else "unavailable"
        body = {"status": status, "checks": {"database": "ok" if is_up else "unavailable"}}
        return make_response(jsonify(body), 200 if status == "ok" else 503)

    @bp.get("/metrics", endpoint="metrics")
    def metrics_page() -> Response:
        if not _may_read_metrics(metrics_token):
            abort(404)
        is_up = database_answers()
        more = [*samples(), *(month_samples(database.current(), datetime.now(UTC)) if is_up else ())]
        body = metrics.text({"vivavoce_database_up": 1.0 if is_up else 0.0}) + text_of(more)
        return Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")

    return bp


def _may_read_metrics(token: str) -> bool:
    offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(offered.encode(), token.encode()):
        return True
    # A proxy on this machine also connects from it, but says for whom.
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    try:
        return not is_forwarded and ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
