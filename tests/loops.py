"""Work that runs an event loop of its own: a test's thread may have one already, which the browser's tests leave."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def in_a_thread(work: Callable[[], None]) -> None:
    """Run it on a fresh thread, to its end; its exception is raised here."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
