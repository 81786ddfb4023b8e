"""The job process: settings -> database -> queues. `python worker.py`; SIGTERM lets running jobs finish."""

import asyncio
import contextlib
import logging
import os
import signal
import sys

from dotenv import load_dotenv
from procrastinate import App
from procrastinate.exceptions import ConnectorException

from engine.adapters.key_checks import check_keys_beside_the_start
from engine.adapters.messengers import build_messengers
from engine.adapters.model_names import check_models
from engine.adapters.provider_health import HealthBoard, ProviderHealth
from engine.adapters.selection import build_chat
from engine.adapters.time_zones import TimeZones
from engine.adapters.webhook_http import WebhookSender
from engine.config import Settings, load_settings
from engine.errors import VivavoceError
from engine.pricing import load_prices
from engine.questions.bank import load_bank
from engine.scheduling.calling_hours import load_calling_hours
from engine.store.database import make_engine, make_sessions
from engine.store.jobs import BATCH, DIAL, worker_app
from engine.work import dial_jobs, jobs, schedule_jobs
from engine.work.candidate_links import LinkMaker
from engine.work.dialling import Dialler
from engine.work.health_reporting import HealthReporter
from engine.work.retention import keeping_of
from engine.work.sending import PostOffice
from engine.work.shipping import EventShipper
from engine.work.spending import Costs, budgets_of
from engine.work.takeover import LastWords
from telephony.account_check import twilio_checks
from telephony.outbound import TwilioCalls
from telephony.sms import TwilioSms

POLL_S = 0.25
GRACE_S = 60.0
FAREWELL_S = 120
"""What the provider lets a call last beyond the longest interview, so that it is we who take leave."""
LONGEST_PAUSE_S = 10.0
BATCH_AT_ONCE = 3
"""So that a mail server or a webhook that does not answer holds up no grading; what must not run twice has its lock."""

logger = logging.getLogger("worker")


async def run_queues(app: App) -> None:
    """Run both queues until one of them ends, which happens when the database goes away, or until cancelled."""
    async with app.open_async():
        queues = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=[queue],
                    name=queue,
                    concurrency=at_once,
                    fetch_job_polling_interval=POLL_S,
                    shutdown_graceful_timeout=GRACE_S,
                    install_signal_handlers=False,
                )
            )
            for queue, at_once in ((DIAL, dial_jobs.DIALS_AT_ONCE), (BATCH, BATCH_AT_ONCE))
        ]
        try:
            await asyncio.wait(queues, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for queue in queues:
                queue.cancel()
            ends = await asyncio.gather(*queues, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end


async def supervise(app: App) -> None:
    """Keep the queues running: after a restart of the database they are started anew, ever more slowly tried."""
    pause_s = 1.0
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await run_queues(app)
        except (ConnectorException, OSError) as error:
            logger.warning("the queues stopped: %s", type(error).__name__)
        else:
            logger.warning("the queues stopped without being told to")
        has_run = asyncio.get_running_loop().time() - began > LONGEST_PAUSE_S
        pause_s = 1.0 if has_run else min(pause_s * 2, LONGEST_PAUSE_S)
        await asyncio.sleep(pause_s)


async def until_told_to_stop(app: App) -> None:
    supervisor = asyncio.ensure_future(supervise(app))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, supervisor.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await supervisor


def run(settings: Settings) -> None:
    """Assemble the process and run it to its end."""
    check_models(settings)
    engine = make_engine(settings.database_url)
    sessions = make_sessions(engine)
    app = worker_app(settings.database_url)
    model = build_chat(settings.clouds)
    costs = Costs(load_prices(settings.prices_file), budgets_of(settings))
    bank = load_bank()
    jobs.register(app, sessions, bank, model, costs)
    jobs.register_webhooks(app, sessions, WebhookSender(may_be_local=not settings.is_production))
    jobs.register_deletion(app, sessions, keeping_of(settings))
    sms = TwilioSms(settings) if settings.messages.sms == "twilio" else None
    office = PostOffice(
        sessions,
        build_messengers(settings, sms, sys.stdout if sys.stdout.isatty() else None),
        TimeZones(),
        LinkMaker(settings.stream_secret, settings.public_base_url),
        settings.phone_number,
        settings.messages.mail_from,
    )
    hours = load_calling_hours()
    schedule_jobs.register(app, office, hours)
    health = HealthBoard()
    dialler = Dialler(
        sessions,
        TwilioCalls(settings) if settings.calls.provider == "twilio" else None,
        health.register(ProviderHealth("telephone/twilio")),
        office.zones,
        hours,
        account=settings.twilio_account_sid,
        per_second=settings.calls.per_second,
        lines=settings.calls.lines,
        month_usd=settings.monthly_budget_usd,
        longest_call_s=settings.max_interview_min * 60 + FAREWELL_S,
        phone_number=settings.phone_number,
    )
    check_keys_beside_the_start(lambda: twilio_checks(settings), health)
    dial_jobs.register(app, dialler)
    reporter = HealthReporter(sessions, health)
    reporter.start()
    # Web processes ship their own logs; this one takes over those of a web process that died.
    shipper = EventShipper(sessions, settings.event_logs_dir, last_words=LastWords(sessions, bank, settings))
    shipper.start()
    logger.info("ready for jobs")
    try:
        asyncio.run(until_told_to_stop(app))
    finally:
        shipper.stop()
        reporter.stop()
        if dialler.placer is not None:
            dialler.placer.close()
        for messenger in office.messengers.values():
            messenger.close()
        engine.dispose()
        if model is not None:
            model.close()
    logger.info("stopped")


def main() -> int:
    load_dotenv()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    try:
        run(load_settings(os.environ))
    except VivavoceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
