"""Where the demo plays: its settings, the database, the web process and the job worker.

Loads little itself, so that the web process, which loads for seconds, is started at once.
"""

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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import VivavoceError
from engine.store import embedded_postgres

ROOT = Path(__file__).parents[2]
_READY_TIMEOUT_S = 60.0


class DemoFailed(VivavoceError):
    """The demo could not be brought to its report; the message says where it stopped and where to look."""


@dataclass(slots=True)
class Stage:
    """Where the demo plays."""

    environ: Mapping[str, str]
    folder: Path
    _files: contextlib.ExitStack
    _processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return self.environ["PUBLIC_BASE_URL"]

    @property
    def has_language_model(self) -> bool:
        """Whether the processes were told of one."""
        return bool(self.environ.get("OPENAI_API_KEY") or self.environ.get("OPENAI_BASE_URL"))

    def start_web(self) -> None:
        """The web process, as the Procfile starts it; what it says goes to a file."""
        self._start("web", "-m", "gunicorn", "--config", "gunicorn.conf.py", "--graceful-timeout", "5", "wsgi:app")

    def start_worker(self) -> None:
        """The job worker, likewise."""
        self._start("worker", "worker.py")

    def wait_until_ready(self) -> None:
        """Return when the web process answers. Raises DemoFailed when a process has ended, or after a minute."""
        wait_until_ready(self.base_url, self._processes, self.folder)

    def check_processes(self) -> None:
        """Raises DemoFailed when a process has ended."""
        check_processes(self._processes, self.folder)

    def stop(self) -> None:
        """End what was started here, and wait for it."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            reap(process)

    def _start(self, name: str, *arguments: str) -> None:
        log = self._files.enter_context((self.folder / f"{name}.log").open("wb"))
        self._processes.append(
            subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=dict(self.environ),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        )


@contextlib.contextmanager
def open_stage(folder: Path, providers: Mapping[str, str]) -> Iterator[Stage]:
    """A database, started here unless DATABASE_URL names one, settings for everything, and the web process loading.

    providers: settings that go before those of the caller's environment.
    """
    environ = _environment(folder) | dict(providers)
    with contextlib.ExitStack() as stack:
        if not environ.get("DATABASE_URL"):
            print("Starting the database ...", flush=True)
            server = stack.enter_context(embedded_postgres.start(folder.parent / "postgres"))
            environ["DATABASE_URL"] = server.url
        stage = Stage(environ, folder, stack)
        stack.callback(stage.stop)
        stage.start_web()
        yield stage


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


def reap(process: "subprocess.Popen[bytes]") -> None:
    """Wait for the end of a process that was told to end, and end it when that takes too long."""
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def check_processes(processes: "Sequence[subprocess.Popen[bytes]]", logs: Path) -> None:
    """Raises DemoFailed when one has ended."""
    if any(process.poll() is not None for process in processes):
        raise DemoFailed(f"a process ended that the demo needs; its last words are in {logs}/*.log")


def wait_until_ready(base_url: str, processes: "Sequence[subprocess.Popen[bytes]]", logs: Path) -> None:
    """Return when the web process answers. Raises DemoFailed when one has ended, or after a minute."""
    deadline_s = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline_s:
        check_processes(processes, logs)
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"{base_url}/health/ready", timeout=2).close()  # noqa: S310  our own address
            return
        time.sleep(0.05)
    raise DemoFailed(f"the web process was not ready within {_READY_TIMEOUT_S:.0f} s; see {logs}/web.log")
