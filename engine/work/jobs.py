"""Every job that the worker process runs, and when the recurring ones are due."""

import logging
import uuid
from datetime import UTC, datetime, timedelta

from procrastinate import App, JobContext, RetryStrategy
from sqlalchemy.orm import Session, sessionmaker

from engine.ports import ChatModel
from engine.questions.bank import QuestionBank
from engine.store.jobs import BATCH, GRADE_INTERVIEW, WRITE_QUESTIONS
from engine.store.unit_of_work import UnitOfWork
from engine.work.grading import grade_interview
from engine.work.question_writing import write_questions

STALLED_AFTER_S = 30
"""A job whose worker has given no sign of life for so long is given to another one."""

_TRIES = 3
_KEEP_ATTEMPTS = timedelta(days=1)
_KEEP_STREAM_TOKENS = timedelta(days=1)
_KEEP_LOGINS = timedelta(days=30)
_KEEP_DONE_JOBS_H = 72

logger = logging.getLogger(__name__)


def register(app: App, sessions: sessionmaker[Session], bank: QuestionBank, model: ChatModel | None = None) -> None:
    """Teach the app its tasks. Each works on ids and may run again after a crash. model: grades beside the rules."""

    @app.task(name=GRADE_INTERVIEW, queue=BATCH, retry=RetryStrategy(max_attempts=_TRIES - 1, exponential_wait=3))
    def grade(interview_id: str) -> None:
        report = grade_interview(sessions, bank, uuid.UUID(interview_id), model)
        logger.info("interview graded", extra={"interview_id": interview_id, "report_version": report.version})

    @app.task(name=WRITE_QUESTIONS, queue=BATCH, retry=RetryStrategy(max_attempts=_TRIES - 1, exponential_wait=3))
    def write(interview_id: str) -> None:
        if model is not None:
            write_questions(sessions, bank, uuid.UUID(interview_id), model, datetime.now(UTC))

    @app.periodic(cron="* * * * * */10")
    @app.task(name="rescue_stalled_jobs", queue=BATCH, queueing_lock="rescue_stalled_jobs", pass_context=True)
    async def rescue(context: JobContext, timestamp: int) -> None:
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            logger.warning("a job is taken over from a worker that fell silent", extra={"job": job.task_name})
            await manager.retry_job(job)

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="tidy_up", queue=BATCH, queueing_lock="tidy_up")
    def tidy(timestamp: int) -> None:
        tidy_up(sessions, datetime.now(UTC))

    @app.periodic(cron="17 3 * * *")
    @app.task(name="remove_done_jobs", queue=BATCH, queueing_lock="remove_done_jobs", pass_context=True)
    async def remove_done(context: JobContext, timestamp: int) -> None:
        await context.app.job_manager.delete_old_jobs(nb_hours=_KEEP_DONE_JOBS_H)


def tidy_up(sessions: sessionmaker[Session], now: datetime) -> None:
    """Close interviews whose PIN has run out; delete what is past: attempts, stream tokens, logins, question sets."""
    with UnitOfWork(sessions) as work:
        work.interviews.expire(now)
        work.attempts.purge(now - _KEEP_ATTEMPTS)
        work.calls.purge_stream_tokens(now - _KEEP_STREAM_TOKENS)
        work.logins.purge(now - _KEEP_LOGINS)
        work.generated.purge(now)
        work.commit()
