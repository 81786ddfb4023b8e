"""The whole way of a call that we place: jobs on the real queue, Twilio's wire, webhooks and media socket."""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from procrastinate import App
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from dashboard.app import create_app
from dashboard.health import ThisProcess
from engine.adapters.provider_health import ProviderHealth
from engine.adapters.selection import build_speech
from engine.adapters.time_zones import TimeZones
from engine.config import Settings, load_settings
from engine.pricing import load_prices
from engine.questions.bank import load_bank
from engine.scheduling.calling_hours import CallingHours, Hours
from engine.store.dials import Waiting
from engine.store.interviews import NewInterview
from engine.store.jobs import BATCH, DIAL, worker_app
from engine.store.live_news import LiveNews
from engine.store.models import Call, Interview, User
from engine.store.notifications import COMMANDS, Listener
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Level, Topic
from engine.work import dial_jobs, jobs
from engine.work.booking import book_now
from engine.work.desk import Desk
from engine.work.dialling import Dialler, dial, look
from engine.work.settling import settle
from engine.work.shipping import EventShipper
from telephony import media, signature, webhooks
from telephony.outbound import TwilioCalls
from tests.fakes.twilio_rest import Callee, FakeTwilio, fake_twilio
from tests.loops import in_a_thread

PHONE = "+12025550143"
OURS = "+12025550100"
ZONES = TimeZones()


def all_day() -> CallingHours:
    """Rules under which a telephone may ring at any hour, so that no test depends on when it runs."""
    return CallingHours((Hours(clock(0), clock(23, 59, 59, 999999)),) * 7, {})


def zone_where_it_is_morning() -> str:
    """A zone in which whatever happens in the next hours happens on one day, at whatever hour the tests run."""
    east_h = (8 - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-east_h:+d}"


def new_interview(phone: str, questions: int = 1) -> NewInterview:
    return NewInterview(
        title="Backend",
        role="Engineer",
        level=Level.MID,
        topics=(Topic.PYTHON,),
        question_count=questions,
        language="en",
        rubric="correctness-completeness-clarity",
        candidate_name="Grace",
        candidate_phone=phone,
        candidate_time_zone=zone_where_it_is_morning(),
        scheduled_at=None,
    )


@dataclass
class Office:
    """A database with one account, a telephone provider, and the means to book and to dial."""

    sessions: sessionmaker[Session]
    settings: Settings
    twilio: FakeTwilio
    owner: User
    callees: dict[str, Callee]
    hours: CallingHours = field(default_factory=all_day)
    per_second: float = 0.0
    lines: int = 100
    month_usd: Decimal = Decimal()
    health: ProviderHealth = field(default_factory=lambda: ProviderHealth("telephone/twilio"))

    @property
    def url(self) -> str:
        return self.settings.public_base_url

    def dialler(self) -> Dialler:
        return Dialler(
            self.sessions,
            TwilioCalls(self.settings, timeout_s=5) if self.settings.calls.provider == "twilio" else None,
            self.health,
            ZONES,
            self.hours,
            account=self.twilio.account_sid,
            per_second=self.per_second,
            lines=self.lines,
            month_usd=self.month_usd,
            longest_call_s=3600,
            phone_number=OURS,
        )

    def plan(self, phone: str = PHONE, *, owner: User | None = None, questions: int = 1) -> Interview:
        with UnitOfWork(self.sessions) as work:
            user = owner or self.owner
            made = work.interviews.create(user.id, new_interview(phone, questions))
            PermissionRepository(work.session).grant(user.id, phone, "told_user", datetime.now(UTC))
            work.commit()
        return made

    def book(self, how: Callable[..., Appointment], interview: Interview, *arguments: object) -> Appointment:
        with self.sessions.begin() as session:
            return how(Desk(session, ZONES, self.hours, datetime.now(UTC)), interview, *arguments)

    def appointment(self, interview: Interview) -> Appointment:
        with self.sessions() as session:
            return session.scalars(select(Appointment).where(Appointment.interview_id == interview.id)).one()

    def calls(self, interview: Interview) -> list[Call]:
        with UnitOfWork(self.sessions) as work:
            return list(work.calls.of_interview(interview.id))

    def interview(self, interview: Interview) -> Interview:
        with UnitOfWork(self.sessions) as work:
            return work.interviews.get(interview.id)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def due_now(self, interview: Interview | None = None) -> Appointment:
        """A call that is due this moment."""
        return self.book(book_now, interview or self.plan())

    def dial(self, appointment: Appointment, after: timedelta = timedelta()) -> uuid.UUID | None:
        """What the job does when the moment has come."""
        now = datetime.now(UTC) + after
        dialler = self.dialler()
        try:
            if look(dialler, appointment.id, appointment.edition, now) is None:
                return None
            return next(iter(dial(dialler, [Waiting(appointment.id, appointment.edition)], now)), None)
        finally:
            if dialler.placer is not None:
                dialler.placer.close()

    def tell(self, path: str, *, token: str = "the account's secret", **form: str) -> TestResponse:
        """What Twilio posts, signed."""
        app = Flask("phone")
        app.register_blueprint(webhooks.blueprint(self.settings, self.sessions, lambda: True))
        headers = {
            signature.SIGNATURE_HEADER: signature.sign(token, self.settings.public_base_url + path, form),
        }
        return app.test_client().post(path, data=form, headers=headers)

    def settle(self, interview: Interview, after: timedelta = timedelta()) -> None:
        """What the jobs do that follow from the end of a call."""
        with self.sessions.begin() as session:
            desk = Desk(session, ZONES, self.hours, datetime.now(UTC) + after)
            for call in self.calls(interview):
                settle(desk, call.id)

    def jobs(self, task: str) -> list[datetime | None]:
        """When each waiting job of a task is due."""
        with self.sessions() as session:
            found = text("select scheduled_at from procrastinate_jobs where task_name = :task and status = 'todo'")
            return list(session.scalars(found, {"task": task}))

    def take_jobs(self) -> None:
        """The jobs that wait are taken up by somebody."""
        with self.sessions.begin() as session:
            session.execute(text("delete from procrastinate_jobs"))

    def job_app(self) -> App:
        app = worker_app(self.settings.database_url)
        dial_jobs.register(app, self.dialler())
        return app


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load_settings(
        {
            "ENVIRONMENT": "test",
            "DATABASE_URL": database_url,
            "JWT_SECRET": "j" * 40,
            "JWT_REFRESH_SECRET": "r" * 40,
            "STREAM_SECRET": "s" * 40,
            "TWILIO_ACCOUNT_SID": "AC1",
            "TWILIO_AUTH_TOKEN": "the account's secret",
            "PHONE_NUMBER": OURS,
            "DATA_DIR": str(tmp_path),
            "SPEECH_TO_TEXT": "scripted",
            "TEXT_TO_SPEECH": "scripted",
        }
    )


@pytest.fixture
def owner(sessions: sessionmaker[Session]) -> User:
    return make_user(sessions, "ada@example.org")


def make_user(sessions: sessionmaker[Session], email: str) -> User:
    with UnitOfWork(sessions) as work:
        now = datetime.now(UTC)
        user = work.users.add(NewUser(email, "-", "Ada", "Example", "1", now, verified_at=now))
        work.commit()
    return user


@pytest.fixture
def office(sessions: sessionmaker[Session], settings: Settings, owner: User) -> Iterator[Office]:
    """Without a web process: what Twilio would tell falls on deaf ears, or is told by the test."""
    callees: dict[str, Callee] = {}
    with fake_twilio("AC1", "the account's secret", lambda number: callees.get(number, Callee("silent"))) as twilio:
        yield Office(sessions, pointed_at(settings, twilio), twilio, owner, callees)


@pytest.fixture
def live_office(sessions: sessionmaker[Session], settings: Settings, owner: User) -> Iterator[Office]:
    """With the web process's routes on a real port, pages among them: a call can be watched, and held to its report."""
    listener = Listener(settings.database_url)
    process = ThisProcess(news=LiveNews(listener))
    app = create_app(settings, public_endpoints=webhooks.ENDPOINTS | media.ENDPOINTS, process=process)
    http = make_server("127.0.0.1", 0, app, threaded=True)
    url = f"http://127.0.0.1:{http.port}"
    settings = replace(settings, public_base_url=url)
    engines = build_speech(settings)
    switchboard = media.Switchboard(settings, sessions, engines, load_bank(), load_prices())
    app.register_blueprint(webhooks.blueprint(settings, sessions, switchboard.lines_free))
    media.register(app, switchboard, settings)
    shipper = EventShipper(sessions, settings.event_logs_dir)
    shipper.start()
    listener.on(COMMANDS, switchboard.commands.look)
    listener.start()
    server = threading.Thread(target=http.serve_forever, daemon=True)
    server.start()
    callees: dict[str, Callee] = {}

    def at(number: str) -> Callee:
        return callees.get(number, Callee("silent"))

    with fake_twilio("AC1", "the account's secret", at, url) as twilio:
        yield Office(sessions, pointed_at(settings, twilio), twilio, owner, callees)
    http.shutdown()
    server.join()
    http.server_close()
    shipper.stop()
    listener.stop()
    engines.close()
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def pointed_at(settings: Settings, twilio: FakeTwilio) -> Settings:
    return replace(settings, messages=replace(settings.messages, twilio_rest_url=twilio.url))


def work_until(app: App, is_done: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Run both queues until something has come about."""

    async def run() -> None:
        async with app.open_async():
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[DIAL, BATCH],
                    concurrency=50,
                    fetch_job_polling_interval=0.1,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=1,
                )
            )
            deadline_s = time.monotonic() + timeout_s
            while not await asyncio.to_thread(is_done):
                assert not worker.done(), worker.exception() if worker.done() else ""
                assert time.monotonic() < deadline_s, "it did not come about in time"
                await asyncio.sleep(0.05)
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    in_a_thread(lambda: asyncio.run(run()))


def with_grading(app: App, office: Office) -> App:
    jobs.register(app, office.sessions, load_bank())
    return app
