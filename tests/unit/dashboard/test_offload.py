import subprocess
import sys
import threading

import pytest

from dashboard.offload import offload


def test_without_gevent_the_work_runs_where_it_is_asked_for() -> None:
    assert offload(threading.get_ident) == threading.get_ident()


def test_an_error_of_the_work_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        offload(lambda number: 1 / number, 0)


UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, time
from gevent.monkey import get_original
from dashboard.offload import offload
sleep, ident = get_original("time", "sleep"), get_original("threading", "get_ident")
ticks = []
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.005)
ticker = gevent.spawn(tick)
def work(seconds):
    sleep(seconds)
    return ident()
where = offload(work, 0.3)
assert where != ident(), "the work ran on the loop's own thread"
assert len(ticks) > 10, f"the loop stood still: {len(ticks)} ticks"
try:
    offload(int, "x")
except ValueError:
    print("fine")
ticker.kill()
"""


def test_under_gevent_other_greenlets_go_on_meanwhile() -> None:
    done = subprocess.run([sys.executable, "-c", UNDER_GEVENT], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "fine", done.stderr
