"""What the Procfile says is started for real: release, web and worker on an own database."""

import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0

pytestmark = pytest.mark.processes


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a small server on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "JWT_SECRET": secrets.token_urlsafe(48),
        "JWT_REFRESH_SECRET": secrets.token_urlsafe(48),
        "STREAM_SECRET": secrets.token_urlsafe(48),
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": secrets.token_urlsafe(24),
        "PHONE_NUMBER": "+15550100",
        "SPEECH_TO_TEXT": "scripted",
        "TEXT_TO_SPEECH": "scripted",
        "DATA_DIR": str(tmp_path / "data"),
        "BIND_HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
    }


@pytest.fixture
def commands() -> dict[str, list[str]]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: shlex.split(command) for name, _, command in (line.partition(":") for line in lines)}


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def _answer(url: str, process: "subprocess.Popen[bytes]", log: Path) -> tuple[int, str]:
    """The first answer under this address; fails with the server's log when the process ends or stays silent."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            return _get(url)
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"no answer from {url}; the process said:\n{log.read_text()}")


def test_release_web_and_worker_start_and_stop_as_the_procfile_says(
    environment: dict[str, str], commands: dict[str, list[str]], tmp_path: Path
) -> None:
    release = subprocess.run(
        commands["release"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert release.returncode == 0, release.stdout + release.stderr

    web_log, worker_log = tmp_path / "web.log", tmp_path / "worker.log"
    address = f"http://127.0.0.1:{environment['PORT']}"
    with (
        _running(commands["web"], environment, web_log) as web,
        _running(commands["worker"], environment, worker_log) as worker,
    ):
        status, body = _answer(f"{address}/health/live", web, web_log)
        assert status == 200, body
        status, body = _answer(f"{address}/health/ready", web, web_log)
        assert status == 200, body
        assert worker.poll() is None, worker_log.read_text()

    assert (web.returncode, worker.returncode) == (0, 0), web_log.read_text() + worker_log.read_text()


def test_a_web_process_without_settings_says_what_is_missing_and_does_not_serve(
    environment: dict[str, str], commands: dict[str, list[str]], tmp_path: Path
) -> None:
    bare = environment | {"JWT_SECRET": "", "PHONE_NUMBER": ""}
    log = tmp_path / "web.log"

    with _running(commands["web"], bare, log) as web:
        status = web.wait(PATIENCE_S)

    assert status != 0
    assert "JWT_SECRET is not set" in log.read_text()
    assert "PHONE_NUMBER is not set" in log.read_text()
