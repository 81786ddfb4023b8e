"""Where the fault test plays: PostgreSQL, two web workers, one job process, and the means to kill each of them."""

import contextlib
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
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks import chaos_clock
from engine.store import embedded_postgres, schema
from engine.store.database import make_engine, make_sessions

ROOT = Path(__file__).parents[1]
_READY_TIMEOUT_S = 60.0
_WATCHED_MOVES = """
create table chaos_moves (kind text, id uuid, was text, became text, at timestamptz default clock_timestamp());
create function chaos_note() returns trigger language plpgsql as $$
begin
  if new.state is distinct from old.state then
    insert into chaos_moves (kind, id, was, became) values (tg_table_name, new.id, old.state, new.state);
  end if;
  return new;
end $$;
create trigger chaos_calls after update on calls for each row execute function chaos_note();
create trigger chaos_interviews after update on interviews for each row execute function chaos_note();
"""
"""Every move of a call or interview is written down by the database itself, to be held against the tables of moves."""


def watch_moves(session: Session) -> None:
    """From now on the database writes down how calls and interviews move."""
    session.execute(text(_WATCHED_MOVES))


class Stage:
    """Everything runs as the Procfile starts it. A job process that ends is started again, as a supervisor does."""

    def __init__(self, folder: Path, database_url: str, *, has_jobs: bool = True) -> None:
        """has_jobs: without the job process the web workers bring the events of calls to the database themselves."""
        self.folder = folder
        self.data = folder / "data"
        self.environ = _environment(database_url, self.data)
        self._clock = folder / "clock"
        self.set_clock(0.0)
        self.environ[chaos_clock.VARIABLE] = str(self._clock)
        self._engine = make_engine(database_url)
        self.sessions: sessionmaker[Session] = make_sessions(self._engine)
        self._stopping = threading.Event()
        self._logs = contextlib.ExitStack()
        self._web: subprocess.Popen[bytes] | None = None
        self._jobs: subprocess.Popen[bytes] | None = None
        self._has_jobs = has_jobs

    @property
    def base_url(self) -> str:
        return self.environ["PUBLIC_BASE_URL"]

    def __enter__(self) -> "Stage":
        with self.sessions.begin() as session:
            watch_moves(session)
        command = ["gunicorn", "--config", "benchmarks/chaos_gunicorn.py", "--graceful-timeout", "60", "wsgi:app"]
        self._web = self._started("web", [sys.executable, "-m", *command])
        self._supervisor = threading.Thread(target=self._keep_jobs_running, name="supervisor", daemon=True)
        if self._has_jobs:
            self._supervisor.start()
        self._wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for process in (self._web, self._jobs):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        if self._has_jobs:
            self._supervisor.join(20)
        for process in (self._web, self._jobs):
            if process is not None:
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self._engine.dispose()
        self._logs.close()

    def web_workers(self) -> list[int]:
        """The processes that hold calls."""
        assert self._web is not None
        children = Path(f"/proc/{self._web.pid}/task/{self._web.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def holder_of(self, call_id: str) -> int | None:
        """The web worker that has this call's event log locked, as the kernel tells it."""
        with contextlib.suppress(OSError):
            inode = (self.data / "calls" / f"{call_id}.jsonl").stat().st_ino
            for line in Path("/proc/locks").read_text().splitlines():
                fields = line.split()
                if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
                    return int(fields[4])
        return None

    def kill(self, pid: int) -> float:
        """kill -9; returns the moment, on the monotonic clock."""
        os.kill(pid, signal.SIGKILL)
        return time.monotonic()

    def set_clock(self, offset_s: float) -> None:
        """The wall clock of web and job processes jumps."""
        self._clock.write_text(str(offset_s))

    def tell_web_to_stop(self) -> None:
        """SIGTERM to the web server, as an update of the installation sends it."""
        assert self._web is not None
        self._web.send_signal(signal.SIGTERM)

    def web_has_left(self, within_s: float) -> int | None:
        """The web server's exit status; None when it is still there after this time."""
        assert self._web is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._web.wait(within_s)
        return None

    def kill_jobs(self) -> float:
        """kill -9 of the job process."""
        assert self._jobs is not None
        self._jobs.kill()
        return time.monotonic()

    def _keep_jobs_running(self) -> None:
        while not self._stopping.is_set():
            self._jobs = self._started("worker", [sys.executable, "-m", "benchmarks.chaos_clock"])
            while self._jobs.poll() is None and not self._stopping.wait(0.1):
                pass
            if not self._stopping.wait(0.5) and self._jobs.poll() is None:
                self._jobs.wait()

    def _started(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        log = self._logs.enter_context((self.folder / f"{name}.log").open("ab"))
        return subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _wait_until_ready(self) -> None:
        assert self._web is not None
        deadline_s = time.monotonic() + _READY_TIMEOUT_S
        while time.monotonic() < deadline_s and self._web.poll() is None:
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                if urllib.request.urlopen(f"{self.base_url}/health/ready", timeout=2).status == 200:
                    return
            time.sleep(0.1)
        raise SystemExit(f"The web process did not become ready:\n{(self.folder / 'web.log').read_text()[-2000:]}")


@contextlib.contextmanager
def own_postgres(folder: Path) -> Iterator["Postgres"]:
    """A PostgreSQL of this test's own, migrated, which it may stop and start."""
    postgres = Postgres(folder)
    try:
        schema.upgrade(postgres.url)
        yield postgres
    finally:
        postgres.stop()


class Postgres:
    """A server that is restarted under the product."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = embedded_postgres.start(folder, durable=False)
        self.url = self._server.url

    def restart(self) -> float:
        """Stop and start again; returns the moment at which it went away."""
        began_s = time.monotonic()
        self._server.stop()
        self._server = embedded_postgres.start(self._folder, durable=False)
        return began_s

    def stop(self) -> None:
        self._server.stop()


def _environment(database_url: str, data: Path) -> dict[str, str]:
    port = _free_port()
    return {
        **os.environ,
        **{name: secrets.token_urlsafe(36) for name in ("JWT_SECRET", "JWT_REFRESH_SECRET", "STREAM_SECRET")},
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": secrets.token_urlsafe(24),
        "PHONE_NUMBER": "+12025550100",
        "PORT": str(port),
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "BIND_HOST": "127.0.0.1",
        "WEB_CONCURRENCY": "2",
        "DATA_DIR": str(data),
        "OUTBOUND_CALLS": "twilio",
        "TWILIO_REST_URL": f"http://127.0.0.1:{_free_port()}",
        "CALLS_PER_SECOND": "0",
        "SPEECH_TO_TEXT": "scripted",
        "TEXT_TO_SPEECH": "scripted",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
