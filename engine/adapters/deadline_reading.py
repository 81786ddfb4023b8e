"""Reads replies on worker threads, so that whoever waits for them waits no longer than the limits say.

A time limit of an HTTP client holds for each read alone: a server that sends a byte now and then keeps a caller for
ever. Here the caller stops waiting on the wall clock, and the connection is cut under the thread that reads it.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from engine.errors import UpstreamUnavailable

WORKERS: Final = 16
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Seconds until the first item, between items, and for everything."""

    first_s: float
    next_s: float
    whole_s: float


class Reading:
    """One reply on its way: told by its reader how to cut the connection, and by its owner that nobody waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cuts: list[Callable[[], None]] = []
        self._is_over = False

    @property
    def is_over(self) -> bool:
        return self._is_over

    def cut_with(self, cut: Callable[[], None]) -> None:
        """How to end the connection; done at once when nobody waits any more."""
        with self._lock:
            self._cuts.append(cut)
            is_over = self._is_over
        if is_over:
            cut()

    def end(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._is_over = True
            cuts, self._cuts = self._cuts, []
        for cut in cuts:
            cut()

    def done(self) -> None:
        """Everything was read: the connection is another reader's from here on and must not be cut."""
        with self._lock:
            self._cuts.clear()


class DeadlineReader:
    """A bounded set of threads that read replies for others."""

    def __init__(self, name: str, workers: int = WORKERS, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=f"{name}-reading")

    def read(self, source: Callable[[Reading], Iterable[Item]], limits: ReadingLimits) -> Iterator[Item]:
        """The items of a source that a worker reads.

        Raises UpstreamUnavailable when a limit passes, and whatever the source raises. Leaving early cuts the
        connection.
        """
        reading = Reading()
        arrived: queue.SimpleQueue[_Arrival[Item]] = queue.SimpleQueue()
        ends_at = self._clock() + limits.whole_s
        self._threads.submit(_read_all, source, reading, arrived)
        patience_s = limits.first_s
        try:
            while True:
                arrival = arrived.get(timeout=max(0.0, min(patience_s, ends_at - self._clock())))
                if arrival.error is not None:
                    raise arrival.error
                if arrival.is_end:
                    return
                yield from arrival.items
                patience_s = limits.next_s
        except queue.Empty:
            raise UpstreamUnavailable(f"{self._name} did not go on in time.") from None
        finally:
            reading.end()

    def close(self) -> None:
        """Let the threads go; readings under way end with their connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Arrival(Generic[Item]):
    """What a worker hands over: an item, the end, or an error."""

    items: tuple[Item, ...] = ()
    is_end: bool = False
    error: Exception | None = None


def _read_all(
    source: Callable[[Reading], Iterable[Item]], reading: Reading, arrived: "queue.SimpleQueue[_Arrival[Item]]"
) -> None:
    try:
        for item in source(reading):
            if reading.is_over:
                return
            arrived.put(_Arrival((item,)))
        reading.done()
        arrived.put(_Arrival(is_end=True))
    except Exception as error:  # noqa: BLE001  it is not swallowed: whoever waits raises it
        arrived.put(_Arrival(error=error))
