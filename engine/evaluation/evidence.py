"""Proof of a finding: a quote that stands in the transcript, with its words and its seconds."""

import unicodedata
from dataclasses import dataclass

from engine.errors import EvidenceError
from engine.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote and where it was said. Times and word numbers are None where the transcript has no timed words."""

    quote: str
    start_ms: int | None
    end_ms: int | None
    start_word: int | None
    """Index of the first word in `Transcript.words`."""
    end_word: int | None
    """Index after the last word."""


def locate(quote: str, transcript: Transcript) -> Evidence:
    """Find a quote word for word; only case, punctuation and white space may differ.

    The quote must begin and end at word borders. Raises EvidenceError when it does not stand in the transcript.
    """
    wanted = _bare(quote)
    if not wanted:
        raise EvidenceError("an empty quote proves nothing")
    span = _span(wanted, [word.text for word in transcript.words])
    if span is not None:
        first, after = span
        words = transcript.words
        return Evidence(quote, words[first].start_ms, words[after - 1].end_ms, first, after)
    if _span(wanted, transcript.text.split()) is not None:
        return Evidence(quote, None, None, None, None)
    raise EvidenceError("the quote does not stand in the transcript")


def _span(wanted: str, words: list[str]) -> tuple[int, int] | None:
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    parts: list[str] = []
    position = 0
    for index, word in enumerate(words):
        bare = _bare(word)
        if not bare:
            continue
        starts[position] = index
        position += len(bare)
        ends[position] = index + 1
        parts.append(bare)
    text = "".join(parts)
    at = text.find(wanted)
    while at >= 0:
        if at in starts and at + len(wanted) in ends:
            return starts[at], ends[at + len(wanted)]
        at = text.find(wanted, at + 1)
    return None


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFC", text).casefold()
    return "".join(character for character in folded if unicodedata.category(character)[0] not in "PZC")
