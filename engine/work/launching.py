"""Many calls at the same moment: taken in hand together, asked for side by side, written down afterwards.

What is asked of the database is the same for one call as for a hundred, so a crowd at the full hour is not late.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final, TypeVar

from engine.store.dials import Taken, Waiting
from engine.work.dialling import Dialler, Placed, note, place, take

_REQUESTS_AT_ONCE: Final = 8
_NOTED_AT_ONCE: Final = 200
_CROWD_PASSES_S: Final = 1.5
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class Launcher:
    """Places calls from one event loop. Everything that blocks runs on threads of its own."""

    def __init__(self, dialler: Dialler, now: Callable[[], datetime]) -> None:
        self._dialler = dialler
        self._now = now
        self._threads = ThreadPoolExecutor(_REQUESTS_AT_ONCE + 2, thread_name_prefix="dialling")
        self._waiting: list[tuple[Waiting, asyncio.Future[None]]] = []
        self._is_taking = False
        self._placed: list[Placed] = []
        self._asked = 0
        self._asking: set[asyncio.Task[None]] = set()

    async def aside(self, work: Callable[[], Result]) -> Result:
        """Do something that blocks."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def launch(self, call: Waiting) -> None:
        """Place a call whose moment has come, together with whichever others have come by now."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((call, done))
        if not self._is_taking:
            self._is_taking = True
            try:
                await self._take_all()
            finally:
                self._is_taking = False
        await done
        if not self._dialler.per_second:
            # The end of a job costs as much as a call: it waits until the crowd of this second has passed.
            await asyncio.sleep(_CROWD_PASSES_S)

    async def _take_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            wanted = [call for call, _ in batch]
            try:
                taken = await self.aside(lambda wanted=wanted: take(self._dialler, wanted, self._now()))  # type: ignore[misc]
            except BaseException as error:
                for _, done in batch:
                    done.set_exception(error)
                raise
            self._asking.add(asyncio.create_task(self._ask_all(taken, [done for _, done in batch])))

    async def _ask_all(self, taken: Sequence[Taken], waiting: Sequence[asyncio.Future[None]]) -> None:
        for failed in await asyncio.gather(*(self._ask(each) for each in taken), return_exceptions=True):
            if failed is not None:
                # The row stands as being dialled: whoever asks the provider about silent calls will find out.
                logger.error("a call could not be asked for", exc_info=failed)
        for done in waiting:
            done.set_result(None)
        self._asking = {task for task in self._asking if task is not asyncio.current_task()}

    async def _ask(self, taken: Taken) -> None:
        placer = self._dialler.placer
        if placer is None:
            return
        self._asked += 1
        try:
            self._placed.append(await self.aside(lambda: place(self._dialler, placer, taken)))
        finally:
            self._asked -= 1
        if not self._asked or len(self._placed) >= _NOTED_AT_ONCE:  # after a crowd, so that it keeps nobody waiting
            placed, self._placed = self._placed, []
            await self.aside(lambda: note(self._dialler, placed, self._now()))
