"""A recogniser that knows what a simulated caller said: for calls in which recognition itself is not in question.

Whatever the session holds to be a stretch of speech is answered with the words that the caller spoke in it. Where the
caller said nothing, something else was taken for speech: then the words are NOT_THE_CALLER, for a test to find.
"""

from collections.abc import Callable, Sequence
from typing import Final

from engine.clock import FRAME_SAMPLES, samples_to_ms
from engine.ports import UNLIMITED, Account, AllHeard, FinalHeard, PartialHeard, RecognitionEvent
from engine.transcript import Transcript, Word
from telephony.simulator.caller import SpokenReply
from telephony.simulator.timeline import audible

NOT_THE_CALLER: Final = "words that nobody said"
_SLACK_MS: Final = 150
"""How far a detector's idea of a beginning or an end may be off."""


class Hearsay:
    """engine.ports.SpeechToText of one call. spoken: what the caller has said so far, growing as it does."""

    name = "hearsay"

    def __init__(self, spoken: Callable[[], Sequence[SpokenReply]]) -> None:
        self._spoken = spoken
        self._known: dict[int, list[Word]] = {}
        """Words of replies that are over already, by the reply's start."""

    def open(self, on_event: Callable[[RecognitionEvent], None], account: Account = UNLIMITED) -> "HearsayStream":
        return HearsayStream(self._words, self._spoken, on_event)

    def _words(self) -> list[Word]:
        """All words of the call so far, and those that are about to be said."""
        for reply in self._spoken():
            if reply.start not in self._known:
                self._known[reply.start] = words_of(reply)
        return [word for words in self._known.values() for word in words]

    def close(self) -> None:
        """Nothing is held."""


class HearsayStream:
    """Each word is told once, with the time at which it was said."""

    def __init__(
        self,
        words: Callable[[], Sequence[Word]],
        spoken: Callable[[], Sequence[SpokenReply]],
        on_event: Callable[[RecognitionEvent], None],
    ) -> None:
        self._words = words
        self._spoken = spoken
        self._on_event = on_event
        self._began_ms: int | None = None
        self._told_until_ms = 0

    def send(self, mulaw: bytes, at_ms: int) -> None:
        """The audio itself is not listened to."""

    def speech_began(self, at_ms: int) -> None:
        if self._began_ms is None:
            self._began_ms = at_ms

    def speech_wavered(self, at_ms: int) -> None:
        """Nothing is guessed before a pause."""

    def speech_paused(self, at_ms: int) -> None:
        if self._began_ms is not None:
            self._tell(at_ms)
            self._began_ms = None

    def set_terms(self, terms: Sequence[str]) -> None:
        """Words are known without any."""

    def finish(self, request: int) -> None:
        if self._began_ms is not None:
            self._tell(1 << 60)
        self._on_event(AllHeard(request))

    def close(self) -> None:
        """Nothing is held."""

    def _tell(self, until_ms: int) -> None:
        assert self._began_ms is not None
        since_ms = max(self._told_until_ms, self._began_ms - _SLACK_MS)
        words = [word for word in self._words() if since_ms <= word.start_ms and word.end_ms <= until_ms + _SLACK_MS]
        if not words:
            end_ms = min(until_ms, self._began_ms + 300)
            is_sound = self._is_caller(self._began_ms, until_ms)
            words = [] if is_sound else [Word(NOT_THE_CALLER, self._began_ms, end_ms, 0.2)]
        if words:
            self._told_until_ms = words[-1].end_ms
            text = " ".join(word.text for word in words)
            self._on_event(PartialHeard(text, words[-1].end_ms))
            self._on_event(FinalHeard(Transcript(text, tuple(words))))

    def _is_caller(self, since_ms: int, until_ms: int) -> bool:
        """Whether the caller made any sound then, though no word: a cough, or the rest of one."""
        return any(
            samples_to_ms(reply.start) - _SLACK_MS <= until_ms and since_ms <= samples_to_ms(reply.end) + _SLACK_MS
            for reply in self._spoken()
        )


def words_of(reply: SpokenReply) -> list[Word]:
    """The reply's words at the times at which they were said: spread over its audible frames, pauses left out."""
    if is_wordless(reply.text):
        return []
    sounding = [
        position
        for position in range(0, len(reply.audio), FRAME_SAMPLES)
        if audible(reply.audio, position, min(position + FRAME_SAMPLES, len(reply.audio)))
    ]
    texts = reply.text.split()
    if not sounding or not texts:
        return []
    share = len(sounding) / len(texts)
    words = []
    for number, text in enumerate(texts):
        first = sounding[min(int(number * share), len(sounding) - 1)]
        last = sounding[min(int((number + 1) * share), len(sounding)) - 1] if share >= 1 else first
        start, end = reply.start + first, reply.start + max(first, last) + FRAME_SAMPLES
        words.append(Word(text, samples_to_ms(start), samples_to_ms(end), 0.95))
    return words


def is_wordless(text: str) -> bool:
    """Texts in parentheses are sounds: "(cough)"."""
    return text.startswith("(") and text.endswith(")")
