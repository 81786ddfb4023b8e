"""`make demo`: a whole interview by simulated phone, on this machine alone, from nothing to a report.

It starts what production runs, the database, the web process and the job worker, books an interview, lets a recorded
candidate phone in, shows the call live, and waits for the report.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.passwords import Passwords
from engine.errors import VivavoceError
from engine.store import embedded_postgres, schema
from engine.store.database import make_engine, make_sessions
from engine.store.interviews import NewInterview
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Level, Topic
from telephony.simulator.live_view import LiveView, clock
from telephony.simulator.run import CallResult, run_call
from telephony.simulator.scenario import Scenario, load_scenario

ROOT = Path(__file__).parents[2]
SCENARIO = Path(__file__).parent / "scenarios" / "demo.toml"
EMAIL = "demo@vivavoce.example"
QUESTIONS = 5
MOST_WORD_ERRORS = 0.15
_READY_TIMEOUT_S = 60.0
_REPORT_TIMEOUT_S = 90.0


class DemoFailed(VivavoceError):
    """The demo could not be brought to its report; the message says where it stopped and where to look."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays."""

    environ: Mapping[str, str]
    folder: Path
    sessions: sessionmaker[Session]

    @property
    def base_url(self) -> str:
        return self.environ["PUBLIC_BASE_URL"]


def run(*, once: bool) -> int:
    """Play the demo; returns the exit status."""
    began_s = time.monotonic()
    folder = Path(os.environ.get("DATA_DIR", "var")).absolute() / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _stage(folder) as stage, _processes(stage):
            _play(stage, began_s)
            if not once:
                _serve(stage)
    except VivavoceError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


@contextlib.contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    environ = _environment(folder)
    with contextlib.ExitStack() as stack:
        if not environ.get("DATABASE_URL"):
            print("Starting the database ...", flush=True)
            server = stack.enter_context(embedded_postgres.start(folder.parent / "postgres"))
            environ["DATABASE_URL"] = server.url
        schema.upgrade(environ["DATABASE_URL"])
        engine = make_engine(environ["DATABASE_URL"])
        stack.callback(engine.dispose)
        yield Stage(environ, folder, make_sessions(engine))


def _environment(folder: Path) -> dict[str, str]:
    """The caller's environment, completed with what a demo needs and nobody set."""
    environ = dict(os.environ)
    path = folder / "secrets.json"
    if not path.exists():
        names = ("JWT_SECRET", "JWT_REFRESH_SECRET", "STREAM_SECRET", "TWILIO_AUTH_TOKEN", "DEMO_PASSWORD")
        path.touch(mode=0o600)
        path.write_text(json.dumps({name: secrets.token_urlsafe(36) for name in names}))
    port = environ.get("PORT") or str(_free_port())
    defaults = {
        **json.loads(path.read_text()),
        "PORT": port,
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "BIND_HOST": "127.0.0.1",
        "WEB_CONCURRENCY": "1",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "PHONE_NUMBER": "+15550100100",
        "DATA_DIR": str(folder.parent),
    }
    return {**defaults, **{name: value for name, value in environ.items() if value}}


def _free_port() -> int:
    """8000 where it is free, else any."""
    for port in (8000, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise DemoFailed("no free port on 127.0.0.1; set PORT")


@contextlib.contextmanager
def _processes(stage: Stage) -> Iterator[None]:
    """The web process and the job worker, as the Procfile starts them; their words go to files."""
    commands = {
        "web": [
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            "gunicorn.conf.py",
            "--graceful-timeout",
            "5",
            "wsgi:app",
        ],
        "worker": [sys.executable, "worker.py"],
    }
    started: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as files:
        try:
            for name, command in commands.items():
                log = files.enter_context((stage.folder / f"{name}.log").open("wb"))
                started.append(
                    subprocess.Popen(
                        command, cwd=ROOT, env=dict(stage.environ), stdout=log, stderr=log, stdin=subprocess.DEVNULL
                    )
                )
            _wait_until_ready(stage, started)
            yield
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                _reap(process)


def _reap(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(stage: Stage, processes: "list[subprocess.Popen[bytes]]") -> None:
    deadline_s = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline_s:
        if any(process.poll() is not None for process in processes):
            raise DemoFailed(f"a process ended at its start; its last words are in {stage.folder}/*.log")
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            with urllib.request.urlopen(f"{stage.base_url}/health/ready", timeout=2) as answer:  # noqa: S310  our own address
                if answer.status == 200:
                    return
        time.sleep(0.05)
    raise DemoFailed(f"the web process was not ready within {_READY_TIMEOUT_S:.0f} s; see {stage.folder}/web.log")


def _play(stage: Stage, began_s: float) -> None:
    scenario = load_scenario(SCENARIO)
    interview_id, pin = _book(stage)
    print(f"The candidate phones in with PIN {pin}.\n", flush=True)
    result = _call_live(stage, scenario, interview_id, pin, began_s)
    report = _report(stage, interview_id)
    (stage.folder / "timeline.json").write_text(json.dumps(result.as_data(), indent=2))
    (stage.folder / "report.json").write_text(json.dumps(report, indent=2))
    _print_report(stage, report, interview_id)
    _check_words(result)


def _book(stage: Stage) -> tuple[uuid.UUID, str]:
    with UnitOfWork(stage.sessions) as work:
        user = work.users.by_email(EMAIL)
        if user is None:
            now = datetime.now(UTC)
            password_hash = Passwords().hash(stage.environ["DEMO_PASSWORD"])
            user = work.users.add(NewUser(EMAIL, password_hash, "Demo", "User", "1", now))
            user.verified_at = now
        interview = work.interviews.create(
            user.id,
            NewInterview(
                title="Backend engineer (demo)",
                role="Backend Engineer",
                level=Level.MID,
                topics=(Topic.PYTHON, Topic.DATABASES),
                question_count=QUESTIONS,
                language="en",
                rubric="correctness-completeness-clarity",
                candidate_name="Sam Carter",
                candidate_phone="+15550100177",
                candidate_time_zone="UTC",
                scheduled_at=None,
            ),
        )
        work.commit()
        return interview.id, interview.pin


def _call_live(stage: Stage, scenario: Scenario, interview_id: uuid.UUID, pin: str, began_s: float) -> CallResult:
    results: list[CallResult | BaseException] = []

    def phone() -> None:
        try:
            results.append(
                run_call(
                    scenario,
                    url=stage.base_url,
                    auth_token=stage.environ["TWILIO_AUTH_TOKEN"],
                    account_sid=stage.environ["TWILIO_ACCOUNT_SID"],
                    pin=pin,
                )
            )
        except (VivavoceError, OSError) as error:
            results.append(error)

    view = LiveView(sys.stdout, sys.stdout.isatty())
    thread = threading.Thread(target=phone, name="caller", daemon=True)
    thread.start()
    last_id, has_asked = 0, False
    while True:
        is_over = not thread.is_alive()
        with UnitOfWork(stage.sessions) as work:
            events = work.events.after(interview_id, last_id)
        for event in events:
            last_id = event.id
            view.show(event.at_ms, event.kind, event.name, event.data)
            if event.name == "question_asked" and not has_asked:
                has_asked = True
                view.note(f"-- first question {time.monotonic() - began_s:.1f} s after the start of the demo")
        if is_over and not events:
            break
        thread.join(0.15)
    view.finish()
    [result] = results
    if isinstance(result, BaseException):
        raise DemoFailed(f"the call could not be held: {result}") from result
    return result


def _report(stage: Stage, interview_id: uuid.UUID) -> dict[str, Any]:
    print("\nGrading ...", flush=True)
    deadline_s = time.monotonic() + _REPORT_TIMEOUT_S
    while time.monotonic() < deadline_s:
        with UnitOfWork(stage.sessions) as work:
            report = work.reports.latest(interview_id)
            if report is not None:
                return report.body
        time.sleep(0.1)
    raise DemoFailed(f"no report within {_REPORT_TIMEOUT_S:.0f} s; see {stage.folder}/worker.log")


def _print_report(stage: Stage, report: Mapping[str, Any], interview_id: uuid.UUID) -> None:
    print(json.dumps(report, indent=1)[:3000])
    print(f"\nReport: {stage.base_url}/interviews/{interview_id}/report")
    print(f"Log in as {EMAIL} with the password {stage.environ['DEMO_PASSWORD']}")


def _check_words(result: CallResult) -> None:
    raise NotImplementedError


def _serve(stage: Stage) -> None:
    print(f"\nThe dashboard stays up at {stage.base_url} until Ctrl-C.")
    signal.pause()
