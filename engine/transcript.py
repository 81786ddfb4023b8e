"""Words with their place in time: the form in which speech reaches dialogue, grading and report."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word on the audio clock of its call."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float
    """From 0 to 1, as the recogniser states it."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A stretch of recognised speech: the text as written, and its words in order."""

    text: str
    words: tuple[Word, ...] = ()

    @property
    def start_ms(self) -> int | None:
        return self.words[0].start_ms if self.words else None

    @property
    def end_ms(self) -> int | None:
        return self.words[-1].end_ms if self.words else None

    @property
    def confidence(self) -> float:
        """Mean confidence of the words; 0.0 where nothing was recognised."""
        return sum(word.confidence for word in self.words) / len(self.words) if self.words else 0.0


def joined(parts: Iterable[Transcript]) -> Transcript:
    """The parts as one transcript, in the order given; empty parts vanish."""
    kept = [part for part in parts if part.text.strip()]
    return Transcript(
        text=" ".join(part.text.strip() for part in kept),
        words=tuple(word for part in kept for word in part.words),
    )
