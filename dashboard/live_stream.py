"""Server-sent events of a running call: the rows are read from the database whenever there is news of them.

A browser that comes back says by Last-Event-ID what it has; so nothing is lost, whichever process it comes back to.
"""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, Response, current_app, request
from flask_jwt_extended import get_jwt
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from dashboard.access import current_user
from dashboard.database import Database
from dashboard.health import ThisProcess
from dashboard.live import public_event
from dashboard.schemas import EventsQuery
from dashboard.validation import checked
from engine.store.events import EventRepository
from engine.store.interviews import InterviewRepository
from engine.store.models import Interview
from engine.vocabulary import InterviewState

QUIET_S: Final = 15.0
"""After so long without news a comment shows proxies, and us, that the other side is still there."""
LONGEST_S: Final = 900.0
_AT_ONCE: Final = 500
_OVER: Final = (
    InterviewState.EVALUATING, InterviewState.COMPLETED, InterviewState.CANCELLED, InterviewState.EXPIRED
)  # fmt: skip


def blueprint(database: Database, process: ThisProcess) -> Blueprint:
    bp = Blueprint("live_stream", __name__, url_prefix="/api/v1/interviews")

    @bp.get("/<uuid:interview_id>/events/stream")
    def stream(interview_id: uuid.UUID) -> Response:
        """The events after `after`, or after Last-Event-ID, and every further one as it comes."""
        InterviewRepository(database.current()).find(interview_id, current_user().id)
        last = request.headers.get("Last-Event-ID", "")
        query = checked(EventsQuery, request.args.to_dict() | ({"after": last} if last.isdecimal() else {}))
        sessions: sessionmaker[Session] = current_app.extensions["sessions"]
        # The login is good for as long as the token; the browser renews it and comes back.
        longest_s = min(LONGEST_S, float(get_jwt()["exp"]) - time.time())
        told = _told(sessions, process, interview_id, query.after, time.monotonic() + longest_s)
        return Response(told, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return bp


def _told(
    sessions: sessionmaker[Session], process: ThisProcess, interview_id: uuid.UUID, after: int, until_s: float
) -> Iterator[str]:
    yield "retry: 1000\n\n"
    seen = process.news.wait(str(interview_id), -1, 0.0)
    while time.monotonic() < until_s and not process.is_draining():
        try:
            found, state = _read(sessions, interview_id, after)
        except SQLAlchemyError:
            return  # the browser comes back, perhaps to another process
        yield f"id: {found['last']}\ndata: {json.dumps(found)}\n\n" if found["last"] > after else ": still here\n\n"
        has_more, after = found.pop("has_more"), found["last"]
        if state in _OVER and not has_more:
            yield "event: over\ndata: {}\n\n"
            return
        if not has_more:
            seen = process.news.wait(str(interview_id), seen, min(QUIET_S, max(0.0, until_s - time.monotonic())))


def _read(sessions: sessionmaker[Session], interview_id: uuid.UUID, after: int) -> tuple[dict[str, Any], str]:
    with sessions() as session:
        rows = EventRepository(session).after(interview_id, after, _AT_ONCE)
        state = session.get_one(Interview, interview_id).state
    found = {
        "last": rows[-1].id if rows else after,
        "at_ms": rows[-1].at_ms if rows else None,
        "has_more": len(rows) == _AT_ONCE,
        "events": [public for row in rows if (public := public_event(row)) is not None],
    }
    return found, state
