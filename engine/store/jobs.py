"""The job queue: jobs are enqueued in the caller's transaction and exist if and only if it commits."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

DIAL = "dial"
"""Short jobs with an exact hour: placing calls."""
BATCH = "batch"
"""Everything that may wait: grading, tidying up."""

GRADE_INTERVIEW = "grade_interview"
WRITE_QUESTIONS = "write_questions"
SEND_MESSAGE = "send_message"
DIAL_CALL = "dial_call"
SETTLE_CALL = "settle_call"
END_CALL = "end_call"
TELL_OF_BREAK = "tell_of_break"
ANSWERED = "call_answered"
PUT_THROUGH = "put_through"
DELIVER_WEBHOOK = "deliver_webhook"

_QUEUES = {
    GRADE_INTERVIEW: BATCH,
    WRITE_QUESTIONS: BATCH,
    SEND_MESSAGE: BATCH,
    TELL_OF_BREAK: BATCH,
    DELIVER_WEBHOOK: BATCH,
    DIAL_CALL: DIAL,
    SETTLE_CALL: DIAL,
    END_CALL: DIAL,
    ANSWERED: DIAL,
    PUT_THROUGH: DIAL,
}

TELL_AFTER = timedelta(minutes=2)
"""So long after a break a candidate who has not called again by then is told how the interview goes on."""
DIAL_LEAD = timedelta(seconds=8)
"""So long before a call its job wakes up, looks at everything, and then waits for the exact moment."""

SETTLE_AFTER = timedelta(seconds=10)

_enqueuing = App(connector=SyncPsycopgConnector())
"""Never opened: it only writes on connections that it is lent."""


def enqueue(
    session: Session,
    task_name: str,
    *,
    queueing_lock: str | None = None,
    schedule_at: datetime | None = None,
    **arguments: Any,
) -> int | None:
    """Put a job on its queue as part of the session's transaction; returns its number.

    queueing_lock: while a job with the same lock still waits, nothing is added and None is returned; while one runs,
    the new one waits for its end.
    schedule_at: not before this instant. arguments: JSON values; ids as text.
    """
    try:
        with session.begin_nested():
            # Asked for inside: only then does the session set the savepoint on it.
            connection = session.connection().connection.driver_connection
            deferrer = _enqueuing.configure_task(
                task_name,
                queue=_QUEUES.get(task_name, BATCH),
                lock=queueing_lock,
                queueing_lock=queueing_lock,
                schedule_at=schedule_at,
                connection=connection,
            )
            return deferrer.defer(**arguments)
    except AlreadyEnqueued:
        return None


def enqueue_grading(session: Session, interview_id: uuid.UUID) -> None:
    """Have an interview graded; once, while the same job waits."""
    enqueue(session, GRADE_INTERVIEW, queueing_lock=f"grade {interview_id}", interview_id=str(interview_id))


def enqueue_settling(session: Session, call_id: uuid.UUID, *, may_go_on: bool) -> None:
    """Have the conclusion drawn from a call of ours that is over.

    may_go_on: it broke off, and may be taken up again on the same line within seconds.
    """
    at = datetime.now(UTC) + SETTLE_AFTER if may_go_on else None
    enqueue(session, SETTLE_CALL, schedule_at=at, call_id=str(call_id))


def enqueue_telling_of_break(session: Session, interview_id: uuid.UUID, call_id: uuid.UUID) -> None:
    """Have the candidate of a call that broke off told how it goes on, unless it has gone on by then."""
    at = datetime.now(UTC) + TELL_AFTER
    enqueue(session, TELL_OF_BREAK, schedule_at=at, interview_id=str(interview_id), call_id=str(call_id))


def is_waiting(session: Session, task_name: str, **arguments: Any) -> bool:
    """Whether a job with these arguments among its own is still to be done, or under way."""
    found = session.scalar(
        text(
            "select 1 from procrastinate_jobs where task_name = :name and status in ('todo', 'doing') "
            "and args @> cast(:arguments as jsonb) limit 1"
        ),
        {"name": task_name, "arguments": json.dumps(arguments)},
    )
    return found is not None


def worker_app(url: str) -> App:
    """An app for the process that runs jobs; its tasks are registered by the caller. Nothing is connected yet.

    url: as the rest of the product knows it, beginning with postgresql+psycopg://.
    """
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return App(connector=PsycopgConnector(conninfo=plain))


def queue_lengths(session: Session) -> dict[tuple[str, str], int]:
    """How many jobs wait and run, by queue and status (todo, doing)."""
    found = session.execute(
        text(
            "select queue_name, status::text, count(*) from procrastinate_jobs "
            "where status in ('todo', 'doing') group by 1, 2 order by 1, 2"
        )
    )
    return {(str(queue), str(status)): int(count) for queue, status, count in found}


def longest_wait_s(session: Session, now: datetime) -> float:
    """For how long the job that is most overdue has waited for a worker; 0 when none is due."""
    due_at = session.scalar(
        text(
            "select min(coalesce(job.scheduled_at, event.at)) from procrastinate_jobs job "
            "join procrastinate_events event on event.job_id = job.id and event.type = 'deferred' "
            "where job.status = 'todo' and coalesce(job.scheduled_at, event.at) <= :now"
        ),
        {"now": now},
    )
    return (now - due_at).total_seconds() if due_at else 0.0


def heartbeat_age_s(session: Session, now: datetime) -> float | None:
    """How long ago a worker last gave a sign of life; None when no worker has one to its name."""
    seen_at = session.scalar(text("select max(last_heartbeat) from procrastinate_workers"))
    return (now - seen_at).total_seconds() if seen_at else None
