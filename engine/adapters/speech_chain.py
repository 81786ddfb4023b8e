"""A chain of recognisers behind one port."""

import threading
import time
from collections.abc import Callable, Sequence

from engine.adapters.chained_recognition import ChainedRecognition
from engine.adapters.recogniser_links import ChainLimits, RecogniserChain, RecogniserLink
from engine.ports import UNLIMITED, Account, RecognitionEvent


def _on_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="recogniser-switch", daemon=True).start()


class ChainedSpeechToText:
    """engine.ports.SpeechToText. The last link should be free and local: it is asked whatever its breaker says."""

    def __init__(
        self,
        links: Sequence[RecogniserLink],
        *,
        limits: ChainLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = _on_a_thread,
    ) -> None:
        """clock and start: see RecogniserChain."""
        if not links:
            raise ValueError("a chain needs at least one engine")
        self.name = "+".join(link.engine.name for link in links)
        self._chain = RecogniserChain(tuple(links), limits or ChainLimits(), clock, start)

    def open(self, on_event: Callable[[RecognitionEvent], None], account: Account = UNLIMITED) -> ChainedRecognition:
        """Begin one call with the first engine that may be asked. Raises UpstreamUnavailable when none can be."""
        return ChainedRecognition(self._chain, on_event, account)

    def close(self) -> None:
        for link in self._chain.links:
            link.engine.close()
