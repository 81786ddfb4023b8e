"""The job process as it is started in production."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.event_files import FileEventLog, event_log_path
from engine.ports import EventRecord
from engine.store import embedded_postgres, jobs, schema
from engine.store.database import make_engine, make_sessions
from engine.store.interviews import NewInterview
from engine.store.models import Call, Interview, WebhookDelivery
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.store.webhooks import WebhookRepository
from engine.vocabulary import Direction, InterviewState, WebhookEvent
from engine.work.jobs import tidy_up

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[3]
Facts = Callable[..., list[EventRecord]]


def until(condition: Callable[[], bool], timeout_s: float = 45.0) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[[str], "subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []
    log = (tmp_path / "worker.log").open("wb")

    def start(url: str) -> "subprocess.Popen[bytes]":
        environment = (
            os.environ
            | {
                "DATABASE_URL": url,
                "DATA_DIR": str(tmp_path),
                "ENVIRONMENT": "test",
                "TWILIO_ACCOUNT_SID": "AC0",
                "TWILIO_AUTH_TOKEN": "t" * 32,
                "PHONE_NUMBER": "+15550100",
            }
            | {name: name.lower() * 4 for name in ("JWT_SECRET", "JWT_REFRESH_SECRET", "STREAM_SECRET")}
        )
        process = subprocess.Popen([sys.executable, "worker.py"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
    log.close()
    print((tmp_path / "worker.log").read_text())


def has_report(sessions: sessionmaker[Session], call: Call) -> bool:
    try:
        with UnitOfWork(sessions) as work:
            return work.reports.latest(call.interview_id) is not None
    except SQLAlchemyError:
        return False


def test_a_log_left_by_a_dead_process_becomes_a_report_that_is_told_of_and_sigterm_ends_the_worker(
    database_url: str,
    sessions: sessionmaker[Session],
    call: Call,
    facts: Facts,
    tmp_path: Path,
    start_worker: Callable[[str], "subprocess.Popen[bytes]"],
) -> None:
    log = FileEventLog(event_log_path(tmp_path / "calls", call.id))
    for record in facts("call_started", "question_asked", "answer_completed"):
        log.append(record)
    log.close()
    (tmp_path / "recordings").mkdir()
    orphan = tmp_path / "recordings" / "nobody.wav"
    orphan.touch()
    os.utime(orphan, (0, 0))
    with UnitOfWork(sessions) as work:
        owner_id = work.interviews.get(call.interview_id).owner_id
        WebhookRepository(work.session).add(owner_id, "http://127.0.0.1:9/", [WebhookEvent.REPORT_READY])
        jobs.enqueue(work.session, "delete_what_is_over", timestamp=0)
        work.commit()

    def was_tried() -> bool:
        with sessions() as session:
            return session.scalar(select(WebhookDelivery.attempts)) == 1

    worker = start_worker(database_url)
    until(lambda: has_report(sessions, call) and was_tried() and not orphan.exists())
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(20) == 0


def test_the_worker_goes_on_after_the_database_was_away(
    new_user: Callable[..., NewUser],
    new_interview: Callable[..., NewInterview],
    facts: Facts,
    start_worker: Callable[[str], "subprocess.Popen[bytes]"],
) -> None:
    place = Path(tempfile.mkdtemp(prefix="vivavoce-worker-"))
    place.chmod(0o755)
    server = embedded_postgres.start(place, durable=False)
    engine = make_engine(server.url)
    sessions = make_sessions(engine)
    try:
        schema.upgrade(server.url)
        with UnitOfWork(sessions) as work:
            owner = work.users.add(new_user())
            calls = [
                work.calls.register(work.interviews.create(owner.id, new_interview()).id, sid, Direction.INBOUND)
                for sid in ("CA1", "CA2")
            ]
            work.commit()
        worker = start_worker(server.url)
        for number, call in enumerate(calls):
            with UnitOfWork(sessions) as work:
                work.events.ship(call.id, facts("call_started", "question_asked", "answer_completed", "call_ended"))
                work.commit()
            until(lambda call=call: has_report(sessions, call))  # type: ignore[misc]  # bound now, not at the end
            if number == 0:
                server.stop()
                server = embedded_postgres.start(place, durable=False)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    finally:
        engine.dispose()
        server.stop()
        shutil.rmtree(place)


def test_a_worker_without_settings_says_what_is_missing() -> None:
    bare = {"PATH": os.environ["PATH"]} | dict.fromkeys(("DATABASE_URL", "JWT_SECRET", "STREAM_SECRET"), "")
    ran = subprocess.run(
        [sys.executable, str(ROOT / "worker.py")], cwd="/", env=bare, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "JWT_SECRET" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_job_of_a_worker_that_died_is_run_by_another_and_holds_up_none_of_its_kind(
    database_url: str,
    sessions: sessionmaker[Session],
    call: Call,
    facts: Facts,
    start_worker: Callable[[str], "subprocess.Popen[bytes]"],
) -> None:
    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, facts("call_started", "question_asked", "answer_completed", "call_ended"))
        work.session.execute(text("insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 h')"))
        work.session.execute(
            text("update procrastinate_jobs set status = 'doing', worker_id = (select id from procrastinate_workers)")
        )
        jobs.enqueue_grading(work.session, call.interview_id)  # asked for again meanwhile: it waits for the dead one
        work.commit()

    start_worker(database_url)

    until(lambda: has_report(sessions, call))


def test_an_interview_that_goes_on_again_is_graded_when_it_ends_and_not_before(
    database_url: str, sessions: sessionmaker[Session], call: Call, facts: Facts, start_worker: Callable[..., object]
) -> None:
    broken = facts("call_started", "question_asked", "answer_completed", "call_ended", "call_started")
    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, broken)
        work.commit()

    start_worker(database_url)
    until(lambda: not waits(sessions))
    assert not has_report(sessions, call)

    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, facts("interview_ended", "call_ended", first=len(broken)))
        work.commit()
    until(lambda: has_report(sessions, call))


def waits(sessions: sessionmaker[Session]) -> bool:
    with sessions() as session:
        return jobs.is_waiting(session, jobs.GRADE_INTERVIEW)


def test_tidying_up_closes_what_nobody_called_for(sessions: sessionmaker[Session], interview: Interview) -> None:
    tidy_up(sessions, interview.pin_expires_at - timedelta(seconds=1))
    with UnitOfWork(sessions) as work:
        assert work.interviews.get(interview.id).state == InterviewState.SCHEDULED
    tidy_up(sessions, interview.pin_expires_at)
    with UnitOfWork(sessions) as work:
        assert work.interviews.get(interview.id).state == InterviewState.EXPIRED
        work.session.execute(update(Interview).values(state=InterviewState.SCHEDULED))


def test_a_waiting_job_is_not_enqueued_twice(sessions: sessionmaker[Session]) -> None:
    with UnitOfWork(sessions) as work:
        assert jobs.enqueue(work.session, "tidy_up", queueing_lock="tidy") is not None
        assert jobs.enqueue(work.session, "tidy_up", queueing_lock="tidy") is None
        work.commit()
