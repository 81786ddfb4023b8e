"""Technical terms as recognisers mishear them, put right for grading and shown as corrections.

Every rule is a run of whole words. A run that is ordinary English as well needs a word of its trade nearby, or must
not be followed by the words that give the ordinary meaning away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.questions.term_rules import RULES, TermRule
from engine.transcript import Transcript, Word

NEARBY_WORDS = 8
_MARKS = '.,;:!?"()'


@dataclass(frozen=True, slots=True)
class Correction:
    """What was recognised, what was meant, and which words of the recognised text it concerns."""

    heard: str
    meant: str
    first_word: int
    after_word: int


@dataclass(frozen=True, slots=True)
class CorrectedText:
    """The text with its terms put right, and every change that was made, in order."""

    text: str
    corrections: tuple[Correction, ...]


def corrected(text: str) -> CorrectedText:
    """Put the terms of a recognised text right. Without a correction the text is returned as it came."""
    words = text.split()
    corrections = _corrections(words)
    return CorrectedText(_joined(words, corrections) if corrections else text, corrections)


def corrected_transcript(transcript: Transcript) -> tuple[Transcript, tuple[Correction, ...]]:
    """The same for words with times: a corrected run becomes one word, as sure as the least sure of them.

    The corrections are numbered in the words given; where there are none, in the text.
    """
    if not transcript.words:
        fixed = corrected(transcript.text)
        return replace(transcript, text=fixed.text), fixed.corrections
    texts = [word.text for word in transcript.words]
    corrections = _corrections(texts)
    if not corrections:
        return transcript, ()
    words: list[Word] = []
    at = 0
    for correction in corrections:
        run = transcript.words[correction.first_word : correction.after_word]
        words += transcript.words[at : correction.first_word]
        text = correction.meant + _mark(run[-1].text)
        words.append(Word(text, run[0].start_ms, run[-1].end_ms, min(word.confidence for word in run)))
        at = correction.after_word
    words += transcript.words[at:]
    return Transcript(corrected(transcript.text).text, tuple(words)), corrections


def _corrections(words: Sequence[str]) -> tuple[Correction, ...]:
    bare = [word.strip(_MARKS).casefold() for word in words]
    found: list[Correction] = []
    at = 0
    while at < len(bare):
        rule = next((rule for rule in _rules_from(bare[at]) if _fits(rule, words, bare, at)), None)
        if rule is None:
            at += 1
            continue
        after = at + len(rule.heard)
        found.append(Correction(" ".join(words[at:after]).strip(_MARKS), rule.meant, at, after))
        at = after
    return tuple(found)


def _rules_from(word: str) -> Sequence[TermRule]:
    return _BY_FIRST_WORD.get(word, ())


def _fits(rule: TermRule, words: Sequence[str], bare: Sequence[str], at: int) -> bool:
    after = at + len(rule.heard)
    if tuple(bare[at:after]) != rule.heard:
        return False
    # A mark between the words belongs to two statements: "I see. Sharp turns are hard."
    if any(word[-1:] in _MARKS for word in words[at : after - 1]):
        return False
    if after < len(bare) and bare[after] in rule.not_before:
        return False
    around = {*bare[max(0, at - NEARBY_WORDS) : at], *bare[after : after + NEARBY_WORDS]}
    return not rule.near or bool(around & rule.near)


def _joined(words: Sequence[str], corrections: Sequence[Correction]) -> str:
    parts: list[str] = []
    at = 0
    for correction in corrections:
        parts += words[at : correction.first_word]
        parts.append(correction.meant + _mark(words[correction.after_word - 1]))
        at = correction.after_word
    return " ".join([*parts, *words[at:]])


def _mark(word: str) -> str:
    """The marks at the end of a word."""
    return word[len(word.rstrip(_MARKS)) :]


def _by_first_word() -> dict[str, tuple[TermRule, ...]]:
    """The rules by their first word, longer runs first."""
    ordered = sorted(RULES, key=lambda rule: -len(rule.heard))
    return {first: tuple(rule for rule in ordered if rule.heard[0] == first) for first in {r.heard[0] for r in ordered}}


_BY_FIRST_WORD = _by_first_word()
