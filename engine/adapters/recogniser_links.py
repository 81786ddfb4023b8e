"""What a chain of recognisers is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.adapters.provider_health import ProviderHealth
from engine.ports import SpeechToText


@dataclass(frozen=True, slots=True)
class RecogniserLink:
    """One engine of a chain, and how patient the chain is with it."""

    engine: SpeechToText
    health: ProviderHealth
    is_paid: bool = False
    finish_s: float | None = 2.0
    """From the request to finish until its answer. None: the engine's own deadlines have to do."""
    stall_ms: int | None = 6000
    """Speech during which nothing is heard of the engine. None for one that answers at pauses only."""


@dataclass(frozen=True, slots=True)
class ChainLimits:
    buffer_s: float = 60.0
    """Audio kept for the next engine, at most."""
    return_after_s: float = 30.0
    """A better engine is tried again so long after the switch, while nobody speaks."""


@dataclass(frozen=True, slots=True)
class RecogniserChain:
    """What all calls of a chain share."""

    links: tuple[RecogniserLink, ...]
    limits: ChainLimits
    clock: Callable[[], float]
    """Seconds that never run backwards."""
    start: Callable[[Callable[[], None]], None]
    """Has a switch done, which may wait neither on the call's thread nor on that of an engine."""
