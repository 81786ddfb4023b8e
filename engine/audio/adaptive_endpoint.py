"""The turn is over when silence, words, question and the candidate's own habit say so together.

Each silence gets a deadline, counted from the end of speech; words that arrive while it runs move the deadline, and
what moved into the past is decided with the next frame of silence. Nothing is ever decided in a frame of speech.
"""

from dataclasses import dataclass
from math import log
from typing import Final

from engine.audio.endpoint import Ending, EndOfTurn, Hint, ReadWords, SeemsOver, WordClues
from engine.audio.endpoint_weights import KINDS, EndpointWeights, logit
from engine.audio.pauses import PauseBegan, PauseTracker, WentOn
from engine.clock import FRAME_MS

SHORTEST_PAUSE_MS: Final = 200
"""Shorter ones are part of speaking and tell nothing about habits."""
COVER_MS: Final = 300
"""Words that end this much before the speech did may still be all of it; recognisers are no more exact."""
COVER_LATE_MS: Final = 1200
"""So much before, when nothing was added since: in noise the detector may hear the end that late."""
READ_LAG_MS: Final = 300
"""What a recogniser says tells of the speech up to so long before."""
READ_SLACK_MS: Final = 100
UNREAD_MS: Final = 450
"""Nothing is decided so soon after the end of speech on words that are about to come."""
WORD_TAIL_MS: Final = 50
"""Speech goes on for no longer than this after the last word's end as the recogniser has it."""
MOST_CORRECTED_MS: Final = 600
"""Recognisers drop words now and then, so they move the end of speech by no more than this."""
WENT_ON_MS: Final = 1500
"""Speech so soon after a decision means that the turn had not been over."""
FORGIVEN: Final = 0.5
"""Of a correction, for each turn that was over when we took it for over: else long calls become ever slower."""
VOTE_NEAR_MS: Final = 200
"""Votes on speech that ended so near are votes on this silence."""
VOTE_LIMIT: Final = 6.0
"""An end-of-turn model may be sure, but not that sure."""
SEEMS_OVER_MS: Final = 500
"""No turn seems over sooner after the end of speech: people breathe."""
SEEMS_AHEAD_MS: Final = 250
"""Nor when the decision itself is only so far away."""
_COMPLETE: Final = (Ending.FRAGMENT, Ending.CLAUSE, Ending.CLOSED)
_NOTHING_SAID: Final = WordClues(Ending.UNKNOWN, 0)


def are_known(ended_ms: int, read_ms: int, last_word_ms: int | None) -> bool:
    """Whether words read at read_ms, the last of which ended at last_word_ms, are all that was said to ended_ms."""
    if read_ms - READ_LAG_MS >= ended_ms - READ_SLACK_MS:
        return last_word_ms is None or last_word_ms >= ended_ms - COVER_LATE_MS
    return last_word_ms is not None and last_word_ms >= ended_ms - COVER_MS


def end_of_speech(ended_ms: int, covers_ms: int) -> int:
    """When speech ended that the detector heard end at ended_ms, and whose last word ended at covers_ms."""
    return max(ended_ms - MOST_CORRECTED_MS, min(ended_ms, covers_ms + WORD_TAIL_MS))


@dataclass(frozen=True, slots=True)
class PauseHabit:
    """How long this candidate's pauses last, beside what is expected of everybody."""

    inertia: float
    total: float = 0.0
    count: int = 0

    def after(self, pause_ms: int, log_median: float) -> "PauseHabit":
        """The habit with one more pause observed; log_median: of such pauses as everybody makes them."""
        return PauseHabit(self.inertia, self.total + log(pause_ms) - log_median, self.count + 1)

    @property
    def shift(self) -> float:
        """To be added to the logarithm of the pauses to be expected."""
        return self.total / (self.inertia + self.count)


class AdaptiveEndpoint:
    """engine.audio.endpoint.EndpointPolicy. One instance per call."""

    def __init__(self, weights: EndpointWeights, read_words: ReadWords, *, bias: float = 0.0) -> None:
        """bias: added to the logarithm of the price of a cut-off; above 0 is more patient."""
        self._weights = weights
        self._read_words = read_words
        self._bias = bias
        self._habit = PauseHabit(weights.habit_inertia)
        self._corrections = 0.0
        self._pauses = PauseTracker()
        self._kind = ""
        self._text = ""
        self._clues = _NOTHING_SAID
        self._read_ms = -1
        self._last_word_ms: int | None = None
        self._hint: Hint | None = None
        self._share: float | None = None
        """An end-of-turn model's vote on the silence that is running."""
        self._heard_end_ms = 0
        self._ended_ms = 0
        """End of the speech before the silence that is running: by the detector, and with the words' say."""
        self._usual = 0.0
        """Logarithm of the pause to be expected here of everybody."""
        self._deadline_ms: int | None = None
        self._decided_ms: int | None = None
        self._seems_over_ms: int | None = None
        """When it will seem over; None when that is not expected, or has been said of this silence."""
        self._has_seemed = False

    @property
    def deadline_ms(self) -> int | None:
        """When the silence that is running will count as the end, as things stand; None when none is running."""
        return self._deadline_ms

    def attend(self, kind: str, at_ms: int) -> None:
        if self._kind and self._decided_ms is not None:
            self._corrections = max(0.0, self._corrections - FORGIVEN)
        self._kind = kind if kind in KINDS else ""
        self._text = ""
        self._clues = _NOTHING_SAID
        self._read_ms = -1
        self._last_word_ms = None
        self._hint = None
        self._decided_ms = None
        self._deadline_ms = None
        self._seems_over_ms = None

    def push(self, pcm: bytes, at_ms: int, is_speech: bool) -> EndOfTurn | SeemsOver | None:
        change = self._pauses.push(at_ms, is_speech)
        if change is not None:
            self._changed(change)
        now_ms = at_ms + FRAME_MS
        if is_speech or self._deadline_ms is None:
            return None
        if now_ms >= self._deadline_ms:
            self._deadline_ms = None
            self._decided_ms = now_ms
            return EndOfTurn(self._ended_ms)
        if self._seems_over_ms is not None and now_ms >= self._seems_over_ms and not self._has_seemed:
            self._has_seemed = True
            return SeemsOver(self._ended_ms)
        return None

    def read(self, text: str, at_ms: int, covers_ms: int | None = None) -> None:
        self._text = text
        self._clues = self._read_words(text)
        self._read_ms = at_ms
        self._last_word_ms = covers_ms
        self._reconsider()

    def hint(self, hint: Hint, at_ms: int) -> None:
        self._hint = hint
        self._reconsider()

    def vote(self, share: float, ended_ms: int) -> None:
        if abs(ended_ms - self._heard_end_ms) <= VOTE_NEAR_MS:
            self._share = share
            self._reconsider()

    def _changed(self, change: PauseBegan | WentOn) -> None:
        match change:
            case PauseBegan(ended_ms):
                self._heard_end_ms = ended_ms
                self._share = None
                self._has_seemed = False
                self._set_deadline()
            case WentOn(began_ms):
                self._go_on(began_ms)

    def _go_on(self, began_ms: int) -> None:
        """Speech has begun, again or for the first time."""
        was_wrong = self._decided_ms is not None and began_ms - self._decided_ms <= WENT_ON_MS
        pause_ms = began_ms - self._ended_ms
        if self._kind and (self._deadline_ms is not None or was_wrong) and pause_ms >= SHORTEST_PAUSE_MS:
            self._habit = self._habit.after(pause_ms, self._usual)
        if was_wrong:
            self._corrections = min(self._corrections + 1.0, self._weights.corrections)
        self._decided_ms = None
        self._deadline_ms = None
        self._hint = None

    def _reconsider(self) -> None:
        """Something became known while a silence is running."""
        if self._deadline_ms is not None:
            self._set_deadline()

    def _set_deadline(self) -> None:
        is_known = are_known(self._heard_end_ms, self._read_ms, self._last_word_ms)
        self._ended_ms = self._heard_end_ms
        if is_known and self._last_word_ms is not None:
            self._ended_ms = end_of_speech(self._heard_end_ms, self._last_word_ms)
        ending = self._clues.ending if is_known else Ending.UNKNOWN
        self._seems_over_ms = None
        if not self._kind:
            self._deadline_ms = self._ended_ms + self._weights.aside_ms
            return
        self._usual = self._weights.pause_kind[self._kind] + self._weights.pause_ending[ending]
        log_odds = self._weights.log_odds(self._kind, ending, self._clues.words) + self._opinions()
        wait_ms = self._wait_ms(ending, log_odds)
        self._deadline_ms = self._ended_ms + wait_ms
        if ending in _COMPLETE:
            seems_ms = max(SEEMS_OVER_MS, self._weights.seems_over_ms(log_odds, self._usual + self._habit.shift))
            if seems_ms + SEEMS_AHEAD_MS <= wait_ms:
                self._seems_over_ms = self._ended_ms + seems_ms

    def _wait_ms(self, ending: Ending, log_odds: float) -> int:
        weights = self._weights
        if ending is Ending.ASKS_TIME:
            return weights.thinking_ms
        price = weights.price + self._bias + weights.correction * self._corrections
        wait_ms = weights.wait_ms(log_odds, self._usual + self._habit.shift, price)
        return max(wait_ms, UNREAD_MS) if ending is Ending.UNKNOWN else wait_ms

    def _opinions(self) -> float:
        """Log odds from those who may also have a view: the recogniser and an end-of-turn model."""
        weights = self._weights
        total = 0.0
        if self._hint is Hint.END:
            total = weights.hint_end
        elif self._hint is Hint.EAGER_END:
            total = weights.hint_eager_end
        if self._share is not None:
            total += weights.vote * max(-VOTE_LIMIT, min(VOTE_LIMIT, logit(self._share)))
        return total
