"""Is the process alive, can it work, how has it been doing: for load balancers and monitoring."""

import hmac
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address

from flask import Blueprint, Response, abort, jsonify, make_response, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.database import Database
from dashboard.metrics import Metrics
from dashboard.samples import Sample, month_samples, queue_samples, text_of
from engine.store.jobs import longest_wait_s
from engine.store.live_news import News, NoNews

MOST_WAIT_S = 60.0
"""A job that is due for longer waits for a worker that is not there, or that cannot keep up."""

_log = logging.getLogger("dashboard.health")


@dataclass(frozen=True, slots=True)
class ThisProcess:
    """What the process knows of itself, read at each request."""

    samples: Callable[[], Iterable[Sample]] = tuple
    """More figures for /metrics."""
    is_draining: Callable[[], bool] = lambda: False
    """Whether it was told to stop and only carries on what it has begun."""
    news: News = field(default_factory=NoNews)
    """Of interviews that go on; without any, readers look into the database every second."""
    engines: Callable[[], Mapping[str, str]] = dict
    """What it needs of speech and language, by name, each "ok" or in what way not. Without `speech` it is of no use."""

    def status(self, checks: Mapping[str, str]) -> str:
        """In one word. Calls can do without a worker and without one engine of a chain, but not without a database."""
        if self.is_draining():
            return "draining"
        if checks["database"] != "ok" or checks.get("speech", "ok") != "ok":
            return "unavailable"
        return "ok" if all(state == "ok" for state in checks.values()) else "degraded"


def blueprint(database: Database, metrics: Metrics, metrics_token: str, process: ThisProcess) -> Blueprint:
    """metrics_token: what a scraper from elsewhere must present; empty means that only this machine may ask."""
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
        checks = {"database": "ok" if database_answers() else "unavailable", **process.engines()}
        if checks["database"] == "ok":
            waited_s = longest_wait_s(database.current(), datetime.now(UTC))
            checks["queue"] = "ok" if waited_s <= MOST_WAIT_S else "behind"
        status = process.status(checks)
        body = {"status": status, "checks": checks}
        return make_response(jsonify(body), 200 if status in ("ok", "degraded") else 503)

    @bp.get("/metrics", endpoint="metrics")
    def metrics_page() -> Response:
        if not _may_read_metrics(metrics_token):
            abort(404)
        is_up = database_answers()
        more = list(process.samples())
        if is_up:
            now = datetime.now(UTC)
            more += [*month_samples(database.current(), now), *queue_samples(database.current(), now)]
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
