"""How many calls one web process carries on one core, and at what price a frame.

`make bench-media CALLS=n` holds n simulated calls at once, in real time, against one web process pinned to one core.
Speech engines are scripted, so that the media path itself is measured: socket, codec, voice detection, endpoint, core,
paced output, recording and event log. The callers speak recorded speech half of the time. The job worker runs on the
other core together with the callers, as it would on a machine of its own.
"""

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.media_callers import CALLS_A_SECOND, Caller, Callers
from benchmarks.media_dialling import booked_interviews
from engine.store import embedded_postgres, schema
from engine.store.database import make_engine, make_sessions
from engine.store.unit_of_work import UnitOfWork
from telephony.line_meter import MOST_LAG_MS, percentile_ms

WARM_UP_S = 5.0
MEASURED_S = 20.0
_READY_TIMEOUT_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-media", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=MEASURED_S)
    options = parser.parse_args()
    if options.calls < 1:
        parser.error("CALLS must be 1 or more")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vivavoce-bench-")))
        folder.chmod(0o755)
        environ = _environment(stack, folder, options.calls)
        figures = _measured(environ, folder, options.calls, options.seconds)
    print(json.dumps(figures))
    return 0 if figures["calls_kept"] == options.calls else 1


def _environment(stack: ExitStack, folder: Path, calls: int) -> dict[str, str]:
    server = stack.enter_context(embedded_postgres.start(folder / "postgres", durable=False))
    schema.upgrade(server.url)
    port = "8791"
    return {
        **os.environ,
        **{name: secrets.token_urlsafe(36) for name in ("JWT_SECRET", "JWT_REFRESH_SECRET", "STREAM_SECRET")},
        "ENVIRONMENT": "test",
        "DATABASE_URL": server.url,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": secrets.token_urlsafe(24),
        "PHONE_NUMBER": "+15550100100",
        "PORT": port,
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "BIND_HOST": "127.0.0.1",
        "WEB_CONCURRENCY": "1",
        "DATA_DIR": str(folder / "data"),
        "SPEECH_TO_TEXT": "scripted",
        "TEXT_TO_SPEECH": "scripted",
        "MAX_CALLS": str(calls),
    }


def _measured(environ: dict[str, str], folder: Path, calls: int, seconds: float) -> dict[str, Any]:
    cores = sorted(os.sched_getaffinity(0))
    engine = make_engine(environ["DATABASE_URL"])
    sessions = make_sessions(engine)
    pins = booked_interviews(sessions, calls, datetime.now(UTC))
    _take_precedence()
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--graceful-timeout", "5", "wsgi:app"]
    with (folder / "web.log").open("wb") as log:
        web = subprocess.Popen(
            ["taskset", "-c", str(cores[0]), *command] if shutil.which("taskset") else command,
            env=environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        os.sched_setaffinity(0, {cores[-1]})
        jobs = subprocess.Popen(
            [sys.executable, "worker.py"], env=environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            _wait_until_ready(environ["PUBLIC_BASE_URL"], web, folder)
            worker = _worker_of(web.pid)
            rss_before_kb = _rss_kb(worker)
            callers = Callers(pins, environ)
            callers.start()
            if not callers.all_arrived.wait(calls / CALLS_A_SECOND + _READY_TIMEOUT_S):
                raise SystemExit("not all calls could be connected; see the web process's log")
            time.sleep(WARM_UP_S)
            cpu_before_s, frames_before = _cpu_s(worker), callers.frames_sent
            time.sleep(seconds)
            cpu_s = _cpu_s(worker) - cpu_before_s
            frames = callers.frames_sent - frames_before
            rss_kb = _rss_kb(worker) - rss_before_kb
            kept = callers.stop()
            counts = _lag_counts(sessions, calls)
        finally:
            for process in (web, jobs):
                process.send_signal(signal.SIGTERM)
            for process in (web, jobs):
                process.wait(timeout=20)
            engine.dispose()
    return _figures(callers.calls, kept, cpu_s, frames, rss_kb, counts)


def _figures(
    callers: list[Caller], kept: list[Caller], cpu_s: float, frames: int, rss_kb: int, counts: list[int]
) -> dict[str, Any]:  # fmt: skip
    generator_lags = sorted(lag for caller in callers for lag in caller.send_lags_ms)
    return {
        "calls": len(callers),
        "calls_kept": len(kept),
        "us_per_frame": round(cpu_s / frames * 1e6, 1) if frames else None,
        "p50_lag_ms": percentile_ms(counts, 0.50),
        "p99_lag_ms": percentile_ms(counts, 0.99),
        "rss_kb_per_call": round(rss_kb / len(callers)),
        "frames": sum(counts),
        "generator_p99_lag_ms": round(generator_lags[int(len(generator_lags) * 0.99)], 1) if generator_lags else None,
        "media_messages_received": sum(caller.messages_received for caller in callers),
    }


def _lag_counts(sessions: Any, calls: int) -> list[int]:
    """The frame lags of all calls, as each session measured them; waits until their logs are in the database."""
    deadline_s = time.monotonic() + 30
    while True:
        total = [0] * (MOST_LAG_MS + 1)
        with UnitOfWork(sessions) as work:
            measured = work.calls.line_qualities()
        for line_quality in measured:
            for lag_ms, count in enumerate(line_quality.get("frame_lag_counts", ())):
                total[lag_ms] += count
        if len(measured) >= calls or time.monotonic() > deadline_s:
            return total
        time.sleep(0.2)


def _wait_until_ready(base_url: str, web: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline_s = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline_s and web.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if urllib.request.urlopen(f"{base_url}/health/ready", timeout=2).status == 200:
                return
        time.sleep(0.1)
    raise SystemExit(f"The web process did not become ready:\n{(folder / 'web.log').read_text()[-2000:]}")


def _take_precedence() -> None:
    """Run before other work of the machine where that is allowed: its load is not what is measured."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)


def _worker_of(parent_pid: int) -> int:
    """The one gunicorn worker that carries the calls."""
    children = Path(f"/proc/{parent_pid}/task/{parent_pid}/children").read_text().split()
    if len(children) != 1:
        raise SystemExit(f"expected one web worker, found {len(children)}")
    return int(children[0])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
