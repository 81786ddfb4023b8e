"""Every job that the worker process runs, and when the recurring ones are due."""

import logging
import uuid
from datetime import UTC, datetime, timedelta

from procrastinate import App, JobContext
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.webhook_http import WebhookSender
from engine.ports import ChatModel
from engine.pricing import load_prices
from engine.questions.bank import QuestionBank
from engine.store.drafts import DraftRepository
from engine.store.jobs import BATCH, DELIVER_WEBHOOK, GRADE_INTERVIEW, WRITE_QUESTIONS
from engine.store.unit_of_work import UnitOfWork
from engine.store.webhooks import WebhookRepository
from engine.vocabulary import InterviewState
from engine.work.grading import grade_interview
from engine.work.model_grading import Charging
from engine.work.phrases import tidy_phrases
from engine.work.question_writing import write_questions
from engine.work.retention import Keeping, delete_what_is_over
from engine.work.retries import TRIES, ProviderRetries
from engine.work.spending import Budgets, Costs, job_account
from engine.work.webhooks import deliver

STALLED_AFTER_S = 30
"""A job whose worker has given no sign of life for so long is given to another one."""

_KEEP_ATTEMPTS = timedelta(days=1)
_KEEP_STREAM_TOKENS = timedelta(days=1)
_KEEP_LOGINS = timedelta(days=30)
_KEEP_DELIVERIES = timedelta(days=30)
_KEEP_DONE_JOBS_H = 72
KEEP_DRAFTS = timedelta(days=14)
"""How long a draft of an interview waits for somebody to touch it."""
_NO_CALL_LASTS = timedelta(hours=6)
"""Longer than any interview may."""

logger = logging.getLogger(__name__)


def register(
    app: App,
    sessions: sessionmaker[Session],
    bank: QuestionBank,
    model: ChatModel | None = None,
    costs: Costs | None = None,
) -> None:
    """Teach the app its tasks. Each works on ids and may run again after a crash.

    model: grades beside the rules. costs: prices and ceilings; the product's own by default.
    """
    costs = costs or Costs(load_prices(), Budgets())

    @app.task(name=GRADE_INTERVIEW, queue=BATCH, retry=ProviderRetries(), pass_context=True)
    def grade(context: JobContext, interview_id: str) -> None:
        interview = uuid.UUID(interview_id)
        if _goes_on(sessions, interview):
            return  # it had broken off for a moment; it is graded when it ends
        account = job_account(sessions, costs, interview, GRADE_INTERVIEW)
        is_last_try = context.job.attempts >= TRIES - 1
        charging = Charging(account, may_try_again=not is_last_try)
        report = grade_interview(sessions, bank, interview, model, charging)
        logger.info("interview graded", extra={"interview_id": interview_id, "report_version": report.version})

    @app.task(name=WRITE_QUESTIONS, queue=BATCH, retry=ProviderRetries())
    def write(interview_id: str) -> None:
        if model is not None:
            interview = uuid.UUID(interview_id)
            account = job_account(sessions, costs, interview, WRITE_QUESTIONS)
            write_questions(sessions, bank, interview, model, datetime.now(UTC), account=account)

    @app.periodic(cron="* * * * * */10")
    @app.task(name="rescue_stalled_jobs", queue=BATCH, queueing_lock="rescue_stalled_jobs", pass_context=True)
    async def rescue(context: JobContext, timestamp: int) -> None:
        await rescue_stalled_jobs(context.app.job_manager)

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="tidy_up", queue=BATCH, queueing_lock="tidy_up")
    def tidy(timestamp: int) -> None:
        tidy_up(sessions, datetime.now(UTC))

    @app.periodic(cron="17 3 * * *")
    @app.task(name="remove_done_jobs", queue=BATCH, queueing_lock="remove_done_jobs", pass_context=True)
    async def remove_done(context: JobContext, timestamp: int) -> None:
        await context.app.job_manager.delete_old_jobs(nb_hours=_KEEP_DONE_JOBS_H)


def register_webhooks(app: App, sessions: sessionmaker[Session], sender: WebhookSender) -> None:
    """Teach the app to tell users' own systems."""

    @app.task(name=DELIVER_WEBHOOK, queue=BATCH)
    async def deliver_webhook(delivery_id: str) -> None:
        await deliver(sessions, sender, uuid.UUID(delivery_id), datetime.now(UTC))


def register_deletion(app: App, sessions: sessionmaker[Session], keeping: Keeping) -> None:
    """Teach the app to delete what is over."""

    @app.periodic(cron="23 2 * * *")
    @app.task(name="delete_what_is_over", queue=BATCH, queueing_lock="delete_what_is_over")
    def delete(timestamp: int) -> None:
        delete_what_is_over(sessions, keeping, datetime.now(UTC))

    @app.periodic(cron="41 * * * *")
    @app.task(name="tidy_phrases", queue=BATCH, queueing_lock="tidy_phrases")
    def tidy_spoken(timestamp: int) -> None:
        tidy_phrases(sessions, keeping.speech_cache, datetime.now(UTC))


def _goes_on(sessions: sessionmaker[Session], interview_id: uuid.UUID) -> bool:
    with UnitOfWork(sessions) as work:
        return work.interviews.get(interview_id).state == InterviewState.IN_PROGRESS


async def rescue_stalled_jobs(manager: JobManager) -> None:
    """Give the jobs of workers that fell silent to others."""
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
        logger.warning("a job is taken over from a worker that fell silent", extra={"job": job.task_name})
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            # The same waits already, for the end of this one: so this one ends.
            await manager.finish_job(job, Status.FAILED, delete_job=False)


def tidy_up(sessions: sessionmaker[Session], now: datetime) -> None:
    """Close what nobody ends any more: calls without news, interviews whose PIN has run out.

    Delete what is past: attempts, stream tokens, logins, links of mails, question sets, answers under keys, deliveries,
    drafts left alone.
    """
    with UnitOfWork(sessions) as work:
        work.calls.end_forgotten(now - _NO_CALL_LASTS)
        work.interviews.expire(now)
        work.attempts.purge(now - _KEEP_ATTEMPTS)
        work.calls.purge_stream_tokens(now - _KEEP_STREAM_TOKENS)
        work.logins.purge(now - _KEEP_LOGINS)
        work.generated.purge(now)
        work.idempotency.purge(now)
        work.account_tokens.purge(now)
        DraftRepository(work.session).purge(now - KEEP_DRAFTS)
        WebhookRepository(work.session).purge(now - _KEEP_DELIVERIES)
        work.commit()
