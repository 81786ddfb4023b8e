"""Each request gets an id, one line in the log, and a place in the metrics."""

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request

from dashboard.metrics import Metrics
from engine.adapters.log_format import bind_log_ids

_log = logging.getLogger("dashboard.requests")
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id() -> str:
    """The id of the request in hand: the caller's own if it is well formed, else one of ours."""
    if "request_id" not in g:
        offered = request.headers.get("X-Request-ID", "")
        g.request_id = offered if _ACCEPTABLE_ID.fullmatch(offered) else uuid.uuid4().hex
    return str(g.request_id)


def install(app: Flask, metrics: Metrics) -> None:
    """Must be installed first: what runs before a request id is set logs without one."""

    def begin() -> None:
        g.began_s = time.perf_counter()
        bind_log_ids(request_id=request_id())

    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        # The rule, not the address: ids and search words stay out of logs and label values.
        route = request.url_rule.rule if request.url_rule else "unmatched"
        duration_s = time.perf_counter() - g.get("began_s", time.perf_counter())
        metrics.observe(route, request.method, response.status_code, duration_s)
        _log.info(
            "request",
            extra={
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "duration_ms": round(duration_s * 1000, 1),
            },
        )
        return response

    app.before_request(begin)
    app.after_request(end)
