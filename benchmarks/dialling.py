"""`make bench-dial`: many booked calls that are due in one second, two job workers, one account at the provider.

The workers are real processes; Twilio is played on the loopback and writes down when it is asked for each call. First
without any pace: how exact is the moment? Then with one: does everybody get a turn, and was the delay told in advance?
The last line of the output is one JSON object.
"""

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session, sessionmaker

from engine.store import embedded_postgres, schema
from engine.store.appointments import AppointmentRepository
from engine.store.database import make_engine, make_sessions
from engine.store.dials import DialRepository
from engine.store.interviews import NewInterview
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import AppointmentKind, AppointmentState, Level, Topic
from telephony.simulator.demo_stage import reap
from tests.fakes.twilio_rest import FakeTwilio, fake_twilio

ROOT: Final = Path(__file__).resolve().parents[1]
SID, TOKEN, OURS = "AC" + "1" * 32, "benchmark", "+12025550100"
_AHEAD_S: Final = 25
_PACED_CALLS: Final = 24
_PACED_PER_SECOND: Final = 2.0
_LATEST_S: Final = 60


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.dialling")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at-once", action="store_true", help="all due at the same instant, not within one second")
    options = parser.parse_args(arguments)
    with database() as url, fake_twilio(SID, TOKEN) as twilio:
        sessions = make_sessions(make_engine(url))
        spread_s = 0.0 if options.at_once else 1.0
        exact = timed(url, sessions, twilio, calls=options.calls, workers=options.workers, spread_s=spread_s)
        fair = paced(url, sessions, twilio, workers=options.workers)
    print(json.dumps(exact | {"paced": fair, "load": Path("/proc/loadavg").read_text().split()[0]}))
    return 0 if exact["dialled_once"] == options.calls and not exact["early"] else 1


def timed(
    url: str, sessions: sessionmaker[Session], twilio: FakeTwilio, *, calls: int, workers: int, spread_s: float
) -> dict[str, Any]:
    """So many calls within a second and no pace: how late each is asked for, and how often."""
    twilio.requests.clear()
    due = book(sessions, [calls // 4] * 4 + [calls % 4], datetime.now(UTC) + timedelta(seconds=_AHEAD_S), spread_s)
    with processes(url, twilio, workers, per_second=0.0):
        wait_for(twilio, len(due), max(due.values()))
    late_ms = sorted((at - due[phone]).total_seconds() * 1000 for at, phone in twilio.requests)
    times = Counter(phone for _, phone in twilio.requests)
    return {
        "calls": len(due),
        "workers": workers,
        "spread_s": spread_s,
        "dialled_once": sum(count == 1 for count in times.values()),
        "dialled_twice": sum(count > 1 for count in times.values()),
        "early": sum(late < 0 for late in late_ms),
        "late_ms_p50": round(at_share(late_ms, 0.5), 1),
        "late_ms_p99": round(at_share(late_ms, 0.99), 1),
        "late_ms_max": round(late_ms[-1], 1) if late_ms else None,
    }


def paced(url: str, sessions: sessionmaker[Session], twilio: FakeTwilio, *, workers: int) -> dict[str, Any]:
    """One account with many calls and three with two: who waits how long, and how well that was foretold."""
    twilio.requests.clear()
    due_at = datetime.now(UTC) + timedelta(seconds=_AHEAD_S)
    due = book(sessions, [_PACED_CALLS - 6, 2, 2, 2], due_at, 0.0)
    few = set(list(due)[_PACED_CALLS - 6 :])
    with processes(url, twilio, workers, per_second=_PACED_PER_SECOND):
        while datetime.now(UTC) < due_at + timedelta(seconds=1.5):
            time.sleep(0.05)
        with sessions() as session:
            told = DialRepository(session).expected(SID, _PACED_PER_SECOND, datetime.now(UTC))
            phones = {row.id: row.phone for row in session.query(Appointment).filter(Appointment.id.in_(told))}
        foretold = {phones[appointment_id]: at for appointment_id, at in told.items()}
        wait_for(twilio, len(due), due_at)
    order = [phone for _, phone in twilio.requests]
    at = [moment for moment, _ in twilio.requests]
    gaps_s = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(at)]
    off_s = sorted(
        abs((moment - foretold[phone]).total_seconds()) for moment, phone in twilio.requests if phone in foretold
    )
    return {
        "calls": len(due),
        "per_second": _PACED_PER_SECOND,
        "dialled_once": sum(count == 1 for count in Counter(order).values()),
        "shortest_gap_s": round(min(gaps_s), 3) if gaps_s else None,
        "last_turn_of_those_with_two": max((place for place, phone in enumerate(order, 1) if phone in few), default=0),
        "delays_told": len(foretold),
        "told_wrong_by_s_p50": round(at_share(off_s, 0.5), 2),
        "told_wrong_by_s_max": round(off_s[-1], 2) if off_s else None,
    }


def book(
    sessions: sessionmaker[Session], counts: Sequence[int], due_at: datetime, spread_s: float
) -> dict[str, datetime]:
    """Book as many calls for each of some accounts; when each number is due."""
    due: dict[str, datetime] = {}
    with UnitOfWork(sessions) as work:
        for count in counts:
            user = work.users.add(
                NewUser(f"{uuid.uuid4().hex}@vivavoce.example", "-", "B", "M", "1", due_at, verified_at=due_at)
            )
            for _ in range(count):
                phone = f"+1202{2_000_000 + int(uuid.uuid4().int % 7_000_000)}"
                while phone in due:
                    phone = f"+1202{2_000_000 + int(uuid.uuid4().int % 7_000_000)}"
                at = due_at + timedelta(seconds=spread_s * len(due) / sum(counts))
                interview = work.interviews.create(user.id, new_interview(phone))
                PermissionRepository(work.session).grant(user.id, phone, "told_user", due_at)
                AppointmentRepository(work.session).add(appointment(user.id, interview.id, phone, at))
                due[phone] = at
        work.commit()
    return due


def new_interview(phone: str) -> NewInterview:
    return NewInterview(
        title="Benchmark",
        role="Backend Engineer",
        level=Level.MID,
        topics=(Topic.PYTHON,),
        question_count=3,
        language="en",
        rubric="correctness-completeness-clarity",
        candidate_name="Callee",
        candidate_phone=phone,
        candidate_time_zone=zone_at_noon(),
        scheduled_at=None,
    )


def appointment(owner_id: uuid.UUID, interview_id: uuid.UUID, phone: str, at: datetime) -> Appointment:
    """A call at once, due at an instant of our choice: no message has to go ahead of it."""
    return Appointment(
        interview_id=interview_id,
        owner_id=owner_id,
        kind=AppointmentKind.NOW,
        state=AppointmentState.BOOKED,
        phone=phone,
        time_zone=zone_at_noon(),
        due_at=at,
        ends_at=at + timedelta(minutes=15),
        length_min=15,
        edition=0,
        zone_edition="",
    )


def zone_at_noon() -> str:
    """A zone in whose middle of the day it is now, so that telephones may ring."""
    ahead = 13 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


@contextlib.contextmanager
def processes(url: str, twilio: FakeTwilio, count: int, *, per_second: float) -> Iterator[None]:
    """So many job workers."""
    with tempfile.TemporaryDirectory() as folder:
        environ = os.environ | {
            "ENVIRONMENT": "test",
            "DATABASE_URL": url,
            "JWT_SECRET": "j" * 40,
            "JWT_REFRESH_SECRET": "r" * 40,
            "STREAM_SECRET": "s" * 40,
            "TWILIO_ACCOUNT_SID": SID,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_REST_URL": twilio.url,
            "PHONE_NUMBER": OURS,
            "DATA_DIR": folder,
            "CALLS_PER_SECOND": str(per_second),
            "CALL_LINES": "10000",
        }
        log = (Path(folder) / "workers.log").open("wb")
        started = [
            subprocess.Popen([sys.executable, "worker.py"], cwd=ROOT, env=environ, stdout=log, stderr=log)
            for _ in range(count)
        ]
        try:
            yield
        finally:
            for process in started:
                process.terminate()
            for process in started:
                reap(process)
            log.close()
            for line in (Path(folder) / "workers.log").read_text().splitlines():
                if " ERROR " in line or "Traceback" in line:
                    print(line, file=sys.stderr)


def wait_for(twilio: FakeTwilio, calls: int, due_at: datetime) -> None:
    """Until every call was asked for, and a moment longer: would any be asked for twice?"""
    deadline = due_at + timedelta(seconds=_LATEST_S)
    while len(twilio.requests) < calls and datetime.now(UTC) < deadline:
        time.sleep(0.05)
    time.sleep(1.0)


def at_share(values: Sequence[float], share: float) -> float:
    """The value below which so large a share lies; 0 where there are none."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


@contextlib.contextmanager
def database() -> Iterator[str]:
    """The one of the environment, else an own one for this run."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with embedded_postgres.start(Path(folder) / "postgres", durable=False) as server:
            schema.upgrade(server.url)
            yield server.url


if __name__ == "__main__":
    sys.exit(main())
