"""`make bench-leaks CALLS=500`: many simulated interviews with random faults in one process; what do they leave behind?

With SERVER=gevent the calls are greenlets over patched modules, as in the web process. The clouds' real packages talk
to the false servers of the tests, which run in the same process; so the figures are taken while nobody is on the
line, before the first call and after the last, and memory at steps in between. Calls go so fast that one core can
keep up: deadlines are shortened by as much, and would pass on a process that lags. The last line of the output is one
JSON object.
"""

import argparse
import contextlib
import gc
import json
import logging
import os
import random
import re
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from engine.questions.bank import QuestionBank, load_bank
from tests.fakes.fault_calls import ANSWERS, Interview, Providers, providers
from tests.fakes.openai_faults import Fault as OpenAIFault
from tests.fakes.openai_faults import status
from tests.fakes.wire_faults import Fault

_AT_ONCE = 4
_SPEED = 3.0
_SETTLE_S = 20.0
_WARM_UP_CALLS = 24
"""Pools and caches that stay for the life of the process are filled before the counting begins."""
_ACTS = ("abort", "close", "malformed", "wrong_types", "error", "stall", "duplicate", "unknown")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.leaks")
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=_SPEED, help="times as fast as life")
    parser.add_argument("--at-once", type=int, default=_AT_ONCE)
    options = parser.parse_args(arguments)
    logging.disable(logging.WARNING)  # faults are what this is about
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    print(json.dumps(measured(options.calls, options.seed, speed=options.speed, at_once=options.at_once)))
    return 0


def measured(
    calls: int,
    seed: int = 1,
    *,
    speed: float = _SPEED,
    at_once: int = _AT_ONCE,
    warm_up: int = _WARM_UP_CALLS,
    slack: int = 0,
) -> dict[str, Any]:
    """Hold so many calls; what was there before and after, and memory after each fifth.

    slack: so many threads or sockets more than before are not waited for.
    """
    chance, bank = random.Random(seed), load_bank()
    steps = sorted({max(1, calls * fifth // 5) for fifth in range(1, 6)})
    reasons: Counter[str] = Counter()
    lost = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        providers(speed=speed) as made,
        ThreadPoolExecutor(at_once, thread_name_prefix="call") as pool,
    ):
        held = partial(_held, pool, made, bank, Path(folder), speed)
        for _ in range(warm_up):
            _plan(made, chance)
        for call in held(range(-warm_up, 0)):
            _forget(call)
        made.forget()
        before, began_s, switches, done = _settled(None), time.monotonic(), 0, 0
        memory = {"0": _memory()}
        for step in steps:
            for _ in range(done, step):
                _plan(made, chance)
            for call in held(range(done, step)):
                reasons[call.reason] += 1
                lost += call.answers != call.said or len(call.answers) != len(ANSWERS)
                switches += len(call.timeline.switches) if call.timeline is not None else 0
                _forget(call)
            done = step
            made.forget()
            memory[str(step)] = _memory()
        after = _settled({key: count + slack for key, count in before.items()})
        names = _names()
    return {
        "calls": calls,
        "greenlets": "gevent" if _is_patched() else "none",
        "seconds": round(time.monotonic() - began_s, 1),
        "reasons": dict(reasons),
        "calls_with_lost_answers": lost,
        "switches": switches,
        "before": before,
        "after": after,
        "threads": names,
        "memory": memory,
    }


def _held(
    pool: ThreadPoolExecutor, made: Providers, bank: QuestionBank, folder: Path, speed: float, numbers: range
) -> list[Interview]:
    return list(pool.map(lambda number: Interview(folder / str(number), bank, made, speed=speed).hold(), numbers))


def _forget(call: Interview) -> None:
    """The recording and the log were looked at."""
    for path in call.folder.iterdir():
        path.unlink()
    call.folder.rmdir()
    call.line = call.timeline = None
    call.records, call.spoken = [], []


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
            made.deepgram.plan("/v1/speak", Fault(chance.choice(("abort", "stall", "close")), at=chance.randrange(40)))
        case 4:
            made.openai.script("/audio/transcriptions", OpenAIFault("reset"), status(500))
            made.openai.script("/audio/speech", OpenAIFault("truncated"))


def _settled(wanted: dict[str, int] | None) -> dict[str, int]:
    """What is held once nothing changes any more, or after a while. wanted: what it should come down to."""
    until_s = time.monotonic() + _SETTLE_S
    last, same = _held_now(), 0
    while time.monotonic() < until_s and same < 8:
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
        "native_threads": sum(1 for _ in Path("/proc/self/task").iterdir()),
        "sockets": sum(link.startswith("socket:") for link in links),
        "files": sum(link.startswith("/") and not link.startswith("/proc") for link in links),
        "greenlets": 0,
    }
    if "greenlet" in sys.modules:
        greenlet = sys.modules["greenlet"].greenlet
        # By its true type: a weak reference whose object is gone cannot even be asked for its class.
        found = [each for each in gc.get_objects() if issubclass(type(each), greenlet)]
        counts["greenlets"] = sum(not each.dead for each in found)
    return counts


def _is_patched() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def _names() -> dict[str, int]:
    """Threads by what they are for."""
    return dict(Counter(re.sub(r"[-_ ]?\d.*", "", thread.name) for thread in threading.enumerate()))


def _descriptors() -> Iterator[str]:
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that this very listing used
            yield str(each.readlink())


def _memory() -> dict[str, float]:
    """Resident memory now, and how many objects the garbage collector knows of."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {"mib": round(pages * resource.getpagesize() / 2**20, 1), "objects": len(gc.get_objects())}


if __name__ == "__main__":
    raise SystemExit(main())
