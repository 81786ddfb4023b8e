"""`make bench-leaks CALLS=500`: many simulated interviews with random faults in one process; what do they leave behind?

The clouds' real packages talk to the false servers of the tests, which run in the same process; so the figures are
taken while nobody is on the line, before the first call and after the last, and memory at steps in between. The last
line of the output is one JSON object.
"""

import argparse
import contextlib
import gc
import json
import logging
import os
import random
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from engine.questions.bank import QuestionBank, load_bank
from tests.fakes.fault_calls import ANSWERS, Interview, Providers, providers
from tests.fakes.openai_faults import Fault as OpenAIFault
from tests.fakes.openai_faults import status
from tests.fakes.wire_faults import Fault

_AT_ONCE = 8
_SPEED = 6.0
_SETTLE_S = 20.0
_WARM_UP_CALLS = 8
"""Pools and caches that stay for the life of the process are filled before the counting begins."""
_ACTS = ("abort", "close", "malformed", "wrong_types", "error", "stall", "duplicate", "unknown")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.leaks")
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    logging.disable(logging.WARNING)  # faults are what this is about
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    print(json.dumps(measured(options.calls, options.seed)))
    return 0


def measured(calls: int, seed: int = 1) -> dict[str, Any]:
    """Hold so many calls; what was there before and after, and memory at about a fifth, three fifths and the end."""
    chance, bank = random.Random(seed), load_bank()
    steps = sorted({max(1, calls // 5), max(1, calls * 3 // 5), calls})
    reasons: Counter[str] = Counter()
    lost = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        providers(speed=_SPEED) as made,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        _held(pool, made, bank, Path(folder), range(-_WARM_UP_CALLS, 0))
        before, began_s, memory, switches, done = _settled(None), time.monotonic(), {}, 0, 0
        memory["0"] = _memory_mib()
        for step in steps:
            for _ in range(done, step):
                _plan(made, chance)
            for call in _held(pool, made, bank, Path(folder), range(done, step)):
                reasons[call.reason] += 1
                lost += call.answers != list(ANSWERS)
                switches += len(call.timeline.switches) if call.timeline is not None else 0
                _forget(call)
            done = step
            made.deepgram.listening.clear()
            made.openai.requests.clear()
            memory[str(step)] = _memory_mib()
        after = _settled(before)
    return {
        "calls": calls,
        "seconds": round(time.monotonic() - began_s, 1),
        "reasons": dict(reasons),
        "calls_with_lost_answers": lost,
        "switches": switches,
        "before": before,
        "after": after,
        "memory_mib": memory,
    }


def _held(
    pool: ThreadPoolExecutor, made: Providers, bank: QuestionBank, folder: Path, numbers: range
) -> "list[Interview]":
    return list(pool.map(lambda number: Interview(folder / str(number), bank, made, speed=_SPEED).hold(), numbers))


def _forget(call: Interview) -> None:
    """The recording and the log were looked at."""
    for path in call.folder.iterdir():
        path.unlink()
    call.folder.rmdir()
    call.line = call.timeline = None
    call.records = []


def _plan(made: Providers, chance: random.Random) -> None:
    """Something goes wrong in most calls, somewhere."""
    at = chance.choice((0, 1, 4, "finish"))
    fault = Fault(chance.choice(_ACTS), at=at, status=503)  # type: ignore[arg-type]
    match chance.randrange(6):
        case 0 | 1:
            made.deepgram.plan("/v1/listen", fault)
        case 2:
            made.deepgram.plan("/v1/listen", Fault("refuse", status=chance.choice((429, 500, 503))))
        case 3:
            made.deepgram.plan("POST /v1/speak", *([None] * 3), Fault(chance.choice(("abort", "stall", "close")), at=2))
        case 4:
            made.openai.script("/audio/transcriptions", OpenAIFault("reset"), status(500))
            made.openai.script("/audio/speech", OpenAIFault("truncated"))


def _settled(wanted: dict[str, int] | None) -> dict[str, int]:
    """What is held once nothing changes any more, or after a while. wanted: what it should come down to."""
    until_s = time.monotonic() + _SETTLE_S
    last, same = _held_now(), 0
    while time.monotonic() < until_s and same < 15:
        time.sleep(0.2)
        now = _held_now()
        is_wanted = wanted is None or all(now[key] <= wanted[key] for key in wanted)
        same = same + 1 if now == last and is_wanted else 0
        last = now
    return last


def _held_now() -> dict[str, int]:
    gc.collect()
    links = list(_descriptors())
    counts = {
        "threads": threading.active_count(),
        "sockets": sum(link.startswith("socket:") for link in links),
        "files": sum(link.startswith("/") and not link.startswith("/proc") for link in links),
    }
    if "greenlet" in sys.modules:
        greenlet = sys.modules["greenlet"].greenlet
        counts["greenlets"] = sum(isinstance(each, greenlet) for each in gc.get_objects())
    return {"greenlets": 0} | counts


def _descriptors() -> Iterator[str]:
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that this very listing used
            yield str(each.readlink())


def _memory_mib() -> float:
    """Resident memory now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * resource.getpagesize() / 2**20, 1)


if __name__ == "__main__":
    raise SystemExit(main())
