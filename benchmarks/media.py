"""How many calls one web process carries on one core, and at what price a frame.

`make bench-media CALLS=n` holds n simulated calls at once, in real time, against one web process pinned to one core.
Speech engines are scripted, so that the media path itself is measured: socket, codec, voice detection, endpoint, core,
paced output, recording and event log. The callers speak recorded speech half of the time. The job worker runs on the
other core together with the callers, as it would on a machine of its own.

For comparison the same callers then talk to a server that does nothing but send back what it gets: Flask-Sock under the
same gunicorn on the same core (benchmarks/echo_app.py). `ratio_to_echo` is how many times more a frame of a whole call
costs. BESIDE="command" runs another system's benchmark on the same core afterwards; `ratio_to_beside` is how many
times more a frame costs there.
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
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.beside import NotMeasured, us_per_frame
from benchmarks.media_callers import CALLS_A_SECOND, Caller, Callers, Connected
from benchmarks.media_dialling import booked_interviews, let_in, upgraded
from engine.store import embedded_postgres, schema
from engine.store.database import make_engine, make_sessions
from engine.store.unit_of_work import UnitOfWork
from telephony.line_meter import MOST_LAG_MS, percentile_ms

WARM_UP_S = 5.0
MEASURED_S = 20.0
ECHO_CALLS = 20
"""Few enough for an echo that is slow, many enough for frames to come close together."""
_READY_TIMEOUT_S = 60.0
ECHO_PORT = 8792


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-media", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=MEASURED_S)
    parser.add_argument("--echo-calls", type=int, default=ECHO_CALLS, help="callers of the echo; 0 leaves it out")
    parser.add_argument("--beside", default="", help="a command that prints what a frame costs elsewhere, as `n us`")
    options = parser.parse_args()
    if options.calls < 1:
        parser.error("CALLS must be 1 or more")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vivavoce-bench-")))
        folder.chmod(0o755)
        environ = _environment(stack, folder, options.calls)
        figures = _measured(environ, folder, options.calls, options.seconds)
        if options.echo_calls:
            echo_us = _echoed(environ, folder, options.echo_calls, options.seconds / 2)
            figures |= {"echo_us_per_frame": echo_us, "ratio_to_echo": round(figures["us_per_frame"] / echo_us, 2)}
    if options.beside:
        try:
            there_us = us_per_frame(options.beside, min(os.sched_getaffinity(os.getppid())))
        except NotMeasured as error:
            raise SystemExit(str(error)) from error
        figures |= {"beside_us_per_frame": there_us, "ratio_to_beside": round(there_us / figures["us_per_frame"], 2)}
    figures["load"] = [round(value, 1) for value in os.getloadavg()]
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
            _wait_until_ready(environ["PUBLIC_BASE_URL"], web, folder / "web.log")
            worker = _worker_of(web.pid)
            rss_before_kb = _rss_kb(worker)
            callers = Callers([_caller_of(environ, pin) for pin in pins])
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


def _caller_of(environ: dict[str, str], pin: str) -> Callable[[], Connected]:
    def dial() -> Connected:
        call_sid = "CA" + uuid.uuid4().hex
        address, token = let_in(environ, call_sid, pin)
        return upgraded(address, environ["TWILIO_AUTH_TOKEN"]), call_sid, token

    return dial


def _echoed(environ: dict[str, str], folder: Path, calls: int, seconds: float) -> float:
    """CPU of a bare echo, in microseconds a frame: one message in, one out."""
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "--workers", "1", "--bind", f"127.0.0.1:{ECHO_PORT}"]
    core = sorted(os.sched_getaffinity(os.getppid()))[0]
    with (folder / "echo.log").open("wb") as log:
        web = subprocess.Popen(
            [*(["taskset", "-c", str(core)] if shutil.which("taskset") else []), *command, "benchmarks.echo_app:app"],
            env=environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_until_ready(f"http://127.0.0.1:{ECHO_PORT}", web, folder / "echo.log")
            worker = _worker_of(web.pid)
            address = f"ws://127.0.0.1:{ECHO_PORT}/echo"
            callers = Callers([lambda: (upgraded(address, "-"), "CA" + uuid.uuid4().hex, "")] * calls)
            callers.start()
            if not callers.all_arrived.wait(calls / CALLS_A_SECOND + _READY_TIMEOUT_S):
                raise SystemExit("not all callers could be connected to the echo")
            cpu_before_s, frames_before = _cpu_s(worker), callers.frames_sent
            time.sleep(seconds)
            used_us = (_cpu_s(worker) - cpu_before_s) * 1e6
            frames = callers.frames_sent - frames_before
            callers.stop()
            return round(used_us / frames, 1)
        finally:
            web.send_signal(signal.SIGTERM)
            web.wait(timeout=20)


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


def _wait_until_ready(base_url: str, web: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline_s = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline_s and web.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if urllib.request.urlopen(f"{base_url}/health/ready", timeout=2).status == 200:
                return
        time.sleep(0.1)
    raise SystemExit(f"The web process did not become ready:\n{log.read_text()[-2000:]}")


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
