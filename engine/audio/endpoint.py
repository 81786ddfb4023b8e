"""Is the candidate's turn over? Decided frame by frame on the audio clock, by exchangeable policies."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.audio.levels import FULL_SCALE, rms
from engine.clock import FRAME_MS

WINDOW_MS = 100
"""Loudness is judged over stretches of this length."""


@dataclass(frozen=True, slots=True)
class EndOfTurn:
    ended_ms: int
    """When the candidate stopped speaking; the decision comes later by the silence that it needed."""


@dataclass(frozen=True, slots=True)
class SeemsOver:
    """The turn may well be over, though not so surely that the floor should be taken."""

    ended_ms: int
    """When the candidate stopped speaking."""


class Ending(StrEnum):
    """How what was said so far ends, as far as its words tell."""

    UNKNOWN = "unknown"
    """The words of the last stretch are not known (yet)."""
    FILLER = "filler"
    """With "um", "you know" and the like."""
    TRAILING = "trailing"
    """With a word that cannot be the last one: a conjunction, an article, a preposition, an auxiliary."""
    UNFINISHED = "unfinished"
    """With a word that wants another: a verb without its object, an adjective without its noun."""
    LISTING = "listing"
    """Within an enumeration that has been announced and is not through."""
    FRAGMENT = "fragment"
    """With a few words that make no clause: an answer to a short question, else a beginning."""
    CLAUSE = "clause"
    """With a clause that can stand alone."""
    CLOSED = "closed"
    """With words that close an answer: "that's it", "I don't know", a plain yes or no."""
    ASKS_TIME = "asks_time"
    """With a request for time: "let me think", "one moment"."""


@dataclass(frozen=True, slots=True)
class WordClues:
    """What the words so far tell about the end of the turn."""

    ending: Ending
    words: int
    """How many were said in the turn."""


ReadWords = Callable[[str], WordClues]
"""Judges a text; engine/dialogue/endings.py has it."""


class Hint(StrEnum):
    """What a recogniser that tells turns says about them."""

    EAGER_END = "eager_end"
    """The turn may be over."""
    RESUMED = "resumed"
    """It was not."""
    END = "end"
    """The turn is over, as the recogniser sees it."""


class EndpointPolicy(Protocol):
    """Hears everything the candidate does and says once, for each turn, that it is over."""

    def attend(self, kind: str, at_ms: int) -> None:
        """From this audio time on an answer is listened to.

        kind: the shape of the question (engine.questions.question.Shape), empty where it is no question of the
        interview. Speech that is under way goes on; words before this do not count.
        """

    def push(self, pcm: bytes, at_ms: int, is_speech: bool) -> EndOfTurn | SeemsOver | None:
        """Take one 20 ms frame, its audio time and the voice detector's opinion of it.

        A silence may seem over once, and end the turn once, later.
        """

    def read(self, text: str, at_ms: int, covers_ms: int | None = None) -> None:
        """What the recogniser makes of the turn so far, known at this audio time.

        covers_ms: end of the last word, where the recogniser says so.
        """

    def hint(self, hint: Hint, at_ms: int) -> None:
        """What the recogniser makes of the turn's end, known at this audio time."""

    def vote(self, share: float, ended_ms: int) -> None:
        """An end-of-turn model's opinion, 0 to 1, of the silence after the speech that ended then."""


class FixedEndpoint:
    """A turn is over after a fixed time of silence.

    A stretch of 100 ms is silent when it is below the threshold or the voice detector finds no speech in it, so that
    steady noise does not hold a turn. The deadline counts from the end of the last speech; frames missing from the
    line count as silence. A turn in which nothing was said never ends here.
    """

    def __init__(self, silence_ms: int = 1500, threshold_dbfs: float = -50.0) -> None:
        """silence_ms: 100 or more. Raises ValueError otherwise."""
        if silence_ms < WINDOW_MS:
            raise ValueError(f"a turn cannot end after {silence_ms} ms of silence: {WINDOW_MS} ms is the least")
        self._silence_ms = silence_ms
        self._threshold_power = (FULL_SCALE * 10 ** (threshold_dbfs / 20)) ** 2
        self._speech_ended_ms: int | None = None
        self._start_window(0)

    def _start_window(self, at_ms: int) -> None:
        self._window_ends_ms = at_ms + WINDOW_MS
        self._power_sum = 0.0
        self._frames = 0
        self._window_speech_ended_ms: int | None = None

    def attend(self, kind: str, at_ms: int) -> None:
        """Every answer is waited for alike."""

    def push(self, pcm: bytes, at_ms: int, is_speech: bool) -> EndOfTurn | None:
        if at_ms >= self._window_ends_ms:
            self._start_window(at_ms)
        self._power_sum += rms(pcm) ** 2
        self._frames += 1
        now_ms = at_ms + FRAME_MS
        if is_speech:
            self._window_speech_ended_ms = now_ms
        if now_ms >= self._window_ends_ms:
            self._close_window()
        return self._decided(now_ms)

    def read(self, text: str, at_ms: int, covers_ms: int | None = None) -> None:
        """Words do not move a fixed deadline."""

    def hint(self, hint: Hint, at_ms: int) -> None:
        """Nor do hints."""

    def vote(self, share: float, ended_ms: int) -> None:
        """Nor votes."""

    def _close_window(self) -> None:
        is_loud = self._power_sum >= self._threshold_power * self._frames
        if is_loud and self._window_speech_ended_ms is not None:
            self._speech_ended_ms = self._window_speech_ended_ms
        self._start_window(self._window_ends_ms)

    def _decided(self, now_ms: int) -> EndOfTurn | None:
        ended_ms = self._speech_ended_ms
        # Speech in the window that is still open may yet count: its loudness is known within 100 ms.
        if ended_ms is None or self._window_speech_ended_ms is not None or now_ms - ended_ms < self._silence_ms:
            return None
        self._speech_ended_ms = None
        return EndOfTurn(ended_ms)
