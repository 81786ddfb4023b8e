"""Servers on this machine that speak the cloud providers' protocols, with the local engines behind them."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from telephony.simulator.demo_stage import ROOT, DemoFailed, reap

_COMMAND = [sys.executable, "-m", "tests.fakes.serve"]


@contextlib.contextmanager
def loopback_providers(folder: Path, *, are_wanted: bool) -> Iterator[dict[str, str]]:
    """Start them and hand over the environment variables that lead to them. Raises DemoFailed when they do not start.

    They are part of the tests, so a copy of the product without those has none. Where they are not wanted, nothing is
    started, and there are no variables.
    """
    if not are_wanted:
        yield {}
        return
    if not (ROOT / "tests" / "fakes" / "serve.py").is_file():
        raise DemoFailed("the loopback providers belong to the tests, which this copy of the product came without")
    print("Providers: loopback stand-ins for Deepgram and OpenAI on 127.0.0.1; no account is used.", flush=True)
    log = folder / "providers.log"
    with log.open("wb") as words:
        process = subprocess.Popen(_COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words)
    assert process.stdin is not None and process.stdout is not None
    with process.stdout, process.stdin:
        try:
            line = process.stdout.readline()  # it comes when their models are loaded, or not at all
            if not line:
                raise DemoFailed(f"the loopback providers ended at their start; their last words are in {log}")
            yield dict(json.loads(line))
        finally:
            process.stdin.close()
            reap(process)
