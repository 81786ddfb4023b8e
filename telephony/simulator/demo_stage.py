"""Where the demo plays: its settings, the database, the web process and the job worker."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from engine.errors import VivavoceError
from engine.store import embedded_postgres, schema
from engine.store.database import make_engine, make_sessions

ROOT = Path(__file__).parents[2]
_READY_TIMEOUT_S = 60.0


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

    @property
    def has_language_model(self) -> bool:
        """Whether the processes were told of one."""
        return bool(self.environ.get("OPENAI_API_KEY") or self.environ.get("OPENAI_BASE_URL"))


@contextlib.contextmanager
def open_stage(folder: Path, providers: Mapping[str, str]) -> Iterator[Stage]:
    """A database, started here unless DATABASE_URL names one, and settings for everything.

    providers: settings that go before those of the caller's environment.
    """
    environ = _environment(folder) | dict(providers)
    with contextlib.ExitStack() as stack:
        if not environ.get("DATABASE_URL"):
            print("Starting the database ...", flush=True)
            server = stack.enter_context(embedded_postgres.start(folder.parent / "postgres"))
            environ["DATABASE_URL"] = server.url
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
def running_processes(stage: Stage) -> Iterator[None]:
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
                if name == "worker":
                    schema.upgrade(stage.environ["DATABASE_URL"])  # while the web process loads its models
                log = files.enter_context((stage.folder / f"{name}.log").open("wb"))
                started.append(
                    subprocess.Popen(
                        command, cwd=ROOT, env=dict(stage.environ), stdout=log, stderr=log, stdin=subprocess.DEVNULL
                    )
                )
            wait_until_ready(stage.base_url, started, stage.folder)
            yield
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                reap(process)


def reap(process: "subprocess.Popen[bytes]") -> None:
    """Wait for the end of a process that was told to end, and end it when that takes too long."""
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_ready(base_url: str, processes: "list[subprocess.Popen[bytes]]", logs: Path) -> None:
    """Return when the web process answers. Raises DemoFailed when one has ended, or after a minute."""
    deadline_s = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline_s:
        if any(process.poll() is not None for process in processes):
            raise DemoFailed(f"a process ended at its start; its last words are in {logs}/*.log")
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"{base_url}/health/ready", timeout=2).close()  # noqa: S310  our own address
            return
        time.sleep(0.05)
    raise DemoFailed(f"the web process was not ready within {_READY_TIMEOUT_S:.0f} s; see {logs}/web.log")
