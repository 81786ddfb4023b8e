"""Asks an end-of-turn model about the silences of calls, beside the thread that carries them.

An opinion takes a core for some 80 ms. So it is worked out in a real thread, no more than a few at once in a process:
a silence that finds all places taken goes without a vote.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from gevent import get_hub
from gevent.monkey import is_module_patched

from engine.clock import FRAME_MS
from engine.config import EndpointSettings
from engine.ports import HEARD_BY_TURN_MODEL_S, TurnModel, TurnVoted

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 2
_FRAMES: Final = HEARD_BY_TURN_MODEL_S * 1000 // FRAME_MS


class VotingBooth:
    """The model of a process, and the places at it; None: there is no model, and no call has votes."""

    def __init__(self, model: TurnModel | None) -> None:
        self._model = model
        self._places = deque(range(MOST_AT_ONCE))
        """Taking and giving back is atomic, across real threads and greenlets alike."""

    def for_call(self, endpoint: EndpointSettings, deliver: Callable[[TurnVoted], None]) -> "TurnVotes | None":
        """The votes of one call; None where nobody would heed them. deliver: called on any thread."""
        if self._model is None or endpoint.policy != "adaptive":
            return None
        return TurnVotes(self._model, self._places, deliver)


class TurnVotes:
    """One call's voice, kept for the model, and its silences."""

    def __init__(self, model: TurnModel, places: deque[int], deliver: Callable[[TurnVoted], None]) -> None:
        self._model = model
        self._places = places
        self._deliver = deliver
        self._heard: deque[bytes] = deque(maxlen=_FRAMES)
        self.unheard = 0
        """Silences for which there was no place."""

    def frame(self, pcm: bytes) -> None:
        """The candidate's next 20 ms."""
        self._heard.append(pcm)

    def ask(self, ended_ms: int) -> None:
        """A pause may have begun behind what was heard so far: have an opinion worked out beside."""
        try:
            place = self._places.popleft()
        except IndexError:
            self.unheard += 1
            return
        pcm = b"".join(self._heard)

        def work() -> None:
            try:
                self._deliver(TurnVoted(self._model.score(pcm), ended_ms))
            except Exception:
                log.exception("the end-of-turn model failed; this silence has no vote")
            finally:
                self._places.append(place)

        if is_module_patched("threading"):
            get_hub().threadpool.spawn(work)
        else:
            threading.Thread(target=work, daemon=True).start()
