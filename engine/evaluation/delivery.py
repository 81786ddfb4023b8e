"""How an answer was delivered: pace, fillers, pauses. Shown apart and never scored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.questions.wording import filler_spans
from engine.transcript import Transcript

LONG_PAUSE_MS = 1000
_FEWEST_MS_FOR_PACE = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """Figures over all answers together. None where no timed words exist."""

    words: int
    speaking_ms: int | None
    words_per_minute: float | None
    """Over the time from first to last word of each answer, pauses included."""
    fillers: tuple[tuple[str, int], ...]
    long_pauses: int | None
    longest_pause_ms: int | None


def delivery(answers: Sequence[Transcript]) -> Delivery:
    """Pace, fillers and pauses of the answers; pauses are gaps of a second and more inside one answer."""
    words = sum(len(answer.text.split()) for answer in answers)
    fillers = Counter(
        " ".join(answer.text[start:end].casefold().split())
        for answer in answers
        for start, end in filler_spans(answer.text)
    )
    timed = [answer for answer in answers if answer.words]
    if not timed:
        return Delivery(words, None, None, tuple(fillers.most_common()), None, None)
    speaking_ms = sum(max(0, answer.words[-1].end_ms - answer.words[0].start_ms) for answer in timed)
    timed_words = sum(len(answer.words) for answer in timed)
    gaps = [
        max(0, after.start_ms - before.end_ms)
        for answer in timed
        for before, after in zip(answer.words, answer.words[1:], strict=False)
    ]
    return Delivery(
        words=words,
        speaking_ms=speaking_ms,
        words_per_minute=round(timed_words * 60_000 / speaking_ms, 1) if speaking_ms >= _FEWEST_MS_FOR_PACE else None,
        fillers=tuple(fillers.most_common()),
        long_pauses=sum(gap >= LONG_PAUSE_MS for gap in gaps),
        longest_pause_ms=max(gaps, default=0),
    )
