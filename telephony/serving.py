"""The gunicorn worker that carries calls: told to stop, it goes on serving until its last call has ended."""

import logging
import time
from types import FrameType
from typing import Any

import gevent
from gunicorn.workers.ggevent import GeventWorker  # type: ignore[import-untyped]  # ships no type information

from telephony.draining import DRAINING, Draining

log = logging.getLogger(__name__)


class CallWorker(GeventWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn's own worker stops accepting at once. A call that breaks then could not go on: what Twilio asks next
    would find nobody. So this one answers on, says that it is draining, and stops when nobody is on the line.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM."""
        gevent.spawn(self._leave, sig, frame)  # a handler of signals may not wait

    def _leave(self, sig: int, frame: FrameType | None) -> None:
        served: Any = self.wsgi
        draining: Draining | None = getattr(served, "extensions", {}).get(DRAINING)
        if draining is not None:
            log.info("draining: no new calls")
            draining.begin()
            if not draining.wait_for_calls(self.cfg.graceful_timeout, time.monotonic, gevent.sleep):
                log.warning("calls are cut: they lasted longer than the time to drain")
        super().handle_exit(sig, frame)
