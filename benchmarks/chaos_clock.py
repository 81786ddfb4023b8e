"""A wall clock that can be made to jump, for the processes of the fault test: the product's own reading of it.

The offset in seconds stands in a file. PostgreSQL, the monotonic clock and the kernel keep the true time, as where the
clock of one machine is set anew.
"""

import datetime as calendar
import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "VIVAVOCE_CHAOS_CLOCK"
_ROOMS: Final = ("engine", "telephony", "dashboard", "wsgi", "worker", "__main__")
_true_datetime = calendar.datetime
_true_time = time.time


def offset_s() -> float:
    """By how much the clock is wrong now."""
    return float(Path(os.environ[VARIABLE]).read_text() or 0)


class JumpingDatetime(_true_datetime):
    """datetime with another now; everything else, and every value, is the true one's."""

    @classmethod
    def now(cls, tz: calendar.tzinfo | None = None) -> Any:
        return _true_datetime.now(tz) + calendar.timedelta(seconds=offset_s())


def install() -> None:
    """From now on the product's modules, as far as they are loaded, read the jumping clock."""
    time.time = lambda: _true_time() + offset_s()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _ROOMS and getattr(module, "datetime", None) is _true_datetime:
            module.datetime = JumpingDatetime  # type: ignore[attr-defined]  # it has the name, as was looked at


def run_worker() -> None:
    """The job process on the jumping clock."""
    loaded = runpy.run_path("worker.py", run_name="worker")
    install()
    loaded["main"]()


if __name__ == "__main__":
    run_worker()
