"""Several voices in a row behind one port: a sentence that one cannot say, another says.

A sentence that breaks off is said again from its beginning by the next voice, after a short pause: what was heard
cannot be taken back, where in the text it broke nobody knows, and one voice for the whole sentence is better to follow
than two halves. So at most one begun sentence is heard twice, and never a word left out.

A call that changed voices keeps the new one for a while, so that voices do not alternate from sentence to sentence.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from engine.adapters.voice_race import AllVoicesFailed, Entrant, VoiceBrokeOff, VoiceLimits, VoiceRace
from engine.audio import mulaw
from engine.dialogue.speakable import speakable
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, EngineSwitched, TextToSpeech

logger = logging.getLogger(__name__)

_PAUSE_SAMPLES: Final = 1600
"""200 ms between what broke off and its second beginning."""
_TRIED_AGAIN: Final = "A better voice is tried again."
OnSwitch = Callable[[EngineSwitched], None]


@dataclass(frozen=True, slots=True)
class VoiceLink:
    """One voice of a chain; where it should be left alone after failures, a WatchedTextToSpeech."""

    engine: TextToSpeech
    is_paid: bool = False


@dataclass(frozen=True, slots=True)
class VoiceChain:
    """What all calls of a chain share."""

    links: tuple[VoiceLink, ...]
    limits: VoiceLimits = field(default_factory=VoiceLimits)
    keep_s: float = 60.0
    """So long a call stays with another voice before the better one is tried again."""
    clock: Callable[[], float] = time.monotonic


def _nobody(switched: EngineSwitched) -> None:
    """For speech that belongs to no call."""


class ChainedTextToSpeech:
    """engine.ports.TextToSpeech. A call takes a voice of its own with `for_call`."""

    def __init__(self, chain: VoiceChain) -> None:
        if not chain.links:
            raise ValueError("a chain needs at least one voice")
        self.name = "+".join(link.engine.name for link in chain.links)
        self._chain = chain

    def for_call(self, on_switch: OnSwitch) -> "VoiceOfCall":
        """The voice of one call, which tells when another engine goes on speaking; on the thread that asked."""
        return VoiceOfCall(self._chain, on_switch)

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        return VoiceOfCall(self._chain, _nobody).synthesise(text, speed=speed, account=account)

    def close(self) -> None:
        for link in self._chain.links:
            link.engine.close()


class VoiceOfCall:
    """engine.ports.TextToSpeech of one call. Closing it leaves the engines alone."""

    def __init__(self, chain: VoiceChain, on_switch: OnSwitch) -> None:
        self.name = chain.links[0].engine.name
        self._chain = chain
        self._on_switch = on_switch
        self._lock = threading.Lock()
        self._speaking = 0
        """The engine that spoke last."""
        self._switched_at_s: float | None = None

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        if not speakable(text):
            return  # signs alone: an engine that says nothing has not failed
        limits, row = self._chain.limits, self._row(account)
        entrants = [
            Entrant(
                index,
                self._chain.links[index].engine.name,
                partial(self._chain.links[index].engine.synthesise, text, speed=speed, account=account),
                is_last=index == max(row),
            )
            for index in row
        ]
        first_s, failures = limits.first_s, dict[int, str]()
        while True:
            race = VoiceRace(limits, self._chain.clock)
            try:
                for chunk in race.run(entrants, first_s=first_s):
                    if race.winner is not None and race.winner.index != self._speaking:
                        self._told(race.winner.index, failures | race.late | race.failures)
                    yield chunk
                return
            except VoiceBrokeOff:
                yield mulaw.silence(_PAUSE_SAMPLES)
            except AllVoicesFailed as error:
                raise UpstreamUnavailable(f"No voice speaks: {error}") from error
            failures |= race.failures
            entrants = [entrant for entrant in entrants if entrant.index not in failures]
            first_s = limits.again_s

    def close(self) -> None:
        """The engines belong to the chain."""

    def _row(self, account: Account) -> list[int]:
        """Whom to ask, in order: the present voice first, until it is time to try a better one."""
        links = self._chain.links
        free = [index for index, link in enumerate(links) if not link.is_paid]
        row = free if free and not account.may_spend() else list(range(len(links)))
        with self._lock:
            is_kept = self._switched_at_s is not None
            is_kept = is_kept and self._chain.clock() < (self._switched_at_s or 0.0) + self._chain.keep_s
            present = self._speaking
        return sorted(row, key=lambda index: (index != present, index)) if is_kept else row

    def _told(self, index: int, failures: dict[int, str]) -> None:
        with self._lock:
            before, self._speaking = self._speaking, index
            if before == index:
                return
            self._switched_at_s = self._chain.clock()
        fallback = _TRIED_AGAIN if index < before else "The interview has spent what it may spend."
        names = self._chain.links[before].engine.name, self._chain.links[index].engine.name
        reason = failures.get(before, fallback)
        logger.warning(
            "another voice goes on with the call", extra={"from": names[0], "to": names[1], "reason": reason}
        )
        self._on_switch(EngineSwitched("text_to_speech", *names, reason))


def voice_for_call(voice: TextToSpeech, on_switch: OnSwitch) -> TextToSpeech:
    """The voice as one call should use it."""
    return voice.for_call(on_switch) if isinstance(voice, ChainedTextToSpeech) else voice
