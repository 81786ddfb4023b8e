"""How much of a key point stands in an answer: weighted words, softened by pieces of words."""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from engine.evaluation.pleas import without_pleas
from engine.questions.question import KeyPoint, Question
from engine.questions.spellings import STOP_WORDS
from engine.questions.wording import content_stems, filler_spans, stem, tokens

LONGEST_SENTENCE_WORDS = 28
WINDOW_WORDS = 22
WINDOW_STEP_WORDS = 11
REPEATED_SHARE = 0.8
"""A stretch of which this share of the content words stands in the question repeats it and earns nothing."""

_QUESTION_WORD_FACTOR = 0.2
_SHARED_WORD_FACTOR = 0.6
"""A word that other points of the same question use too tells less about which of them was made."""
_RAREST = 4.6
"""Weight of a word that the bank does not list: log(73 / 1) + 0.3, as in a bank of 72 questions."""
_PIECE_LETTERS = 4
_FEWEST_PIECES = 0.5
_WORD = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?;…]['\")\]]*$")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the answer that can prove a point: one sentence, neighbours, or a window of a long one."""

    text: str
    """As it stands in the transcript."""
    stems: frozenset[str]
    pieces: frozenset[str]


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One wording of a key point: its words by stem, each with its weight and letter pieces."""

    text: str
    words: tuple[tuple[str, float, frozenset[str]], ...]
    total: float
    """The weight to be found for a recall of 1."""


class Similarity(Protocol):
    """How much of a phrasing stands in a stretch, from 0 to 1. The seam for a language model's reading."""

    def __call__(self, phrasing: Phrasing, stretch: Stretch, /) -> float:
        """0 for nothing in common, 1 for everything that the phrasing says."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well a key point, and its wrong twin, were met, and where best."""

    point: KeyPoint
    recall: float
    stretch: Stretch | None
    twin_recall: float
    twin_stretch: Stretch | None


@dataclass(frozen=True, slots=True)
class AnswerMatch:
    """The whole answer held against the question's key points."""

    matches: tuple[Match, ...]
    content_words: int
    is_repetition: bool
    """Everything with content merely repeats the question."""


@dataclass(frozen=True, slots=True)
class _Expected:
    question_stems: frozenset[str]
    kept_stems: frozenset[str]
    points: tuple[tuple[KeyPoint, tuple[Phrasing, ...], Phrasing | None], ...]


def key_word_recall(phrasing: Phrasing, stretch: Stretch, /) -> float:
    """Mean of weighted key-word recall and recall of four-letter pieces, word by word.

    A word that is there counts in full; one that is not counts half of the share of its pieces found, if most are:
    enough for "serialisable" against "serialised", nothing for chance.
    """
    if not phrasing.total:
        return 0.0
    found = 0.0
    for word, weight, pieces in phrasing.words:
        if word in stretch.stems:
            found += weight
        elif pieces:
            share = len(pieces & stretch.pieces) / len(pieces)
            if share >= _FEWEST_PIECES:
                found += weight * share / 2
    return found / phrasing.total


def match_answer(question: Question, text: str, similarity: Similarity = key_word_recall) -> AnswerMatch:
    """Hold an answer against every key point of its question."""
    expected = _expected(question)
    sentences = _sentences(text)
    kept = [sentence for sentence in sentences if not _repeats(sentence, expected)]
    stretches = _stretches(text, sentences, kept)
    return AnswerMatch(
        matches=tuple(_match(*each, stretches, similarity) for each in expected.points),
        content_words=sum(len(sentence.stems) for sentence in kept),
        is_repetition=any(sentence.stems for sentence in sentences) and not any(sentence.stems for sentence in kept),
    )


def function_word_share(text: str) -> tuple[float, int]:
    """The share of words without content, and the number of words with content."""
    words = tokens(text)
    functional = sum(word in STOP_WORDS for word in words)
    return (functional / len(words) if words else 0.0), len(words) - functional


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    words: int
    stems: tuple[str, ...]
    is_window: bool


def _sentences(text: str) -> list[_Sentence]:
    """Sentences, or windows of those that run on; words inside fillers are not counted."""
    fillers = filler_spans(text)
    words: list[tuple[int, int]] = []
    sentences: list[_Sentence] = []
    filler = 0
    for found in _WORD.finditer(text):
        while filler < len(fillers) and fillers[filler][1] <= found.start():
            filler += 1
        is_filler = filler < len(fillers) and fillers[filler][0] <= found.start()
        if not is_filler:
            words.append(found.span())
        if words and _SENTENCE_END.search(found.group()):
            sentences += _pieces_of(text, words)
            words = []
    return sentences + _pieces_of(text, words)


def _pieces_of(text: str, words: list[tuple[int, int]]) -> list[_Sentence]:
    if not words:
        return []
    if len(words) <= LONGEST_SENTENCE_WORDS:
        return [_sentence(text, words, is_window=False)]
    last = len(words) - WINDOW_STEP_WORDS
    starts = range(0, max(last, 1), WINDOW_STEP_WORDS)
    return [_sentence(text, words[start : start + WINDOW_WORDS], is_window=True) for start in starts]


def _sentence(text: str, words: list[tuple[int, int]], *, is_window: bool) -> _Sentence:
    start, end = words[0][0], words[-1][1]
    return _Sentence(start, end, len(words), content_stems(without_pleas(text[start:end])), is_window)


def _repeats(sentence: _Sentence, expected: _Expected) -> bool:
    if not sentence.stems:
        return False
    if expected.kept_stems.intersection(sentence.stems):
        return False
    repeated = sum(word in expected.question_stems for word in sentence.stems)
    return repeated >= REPEATED_SHARE * len(sentence.stems)


def _stretches(text: str, sentences: list[_Sentence], kept: list[_Sentence]) -> list[Stretch]:
    """Each kept sentence, and runs of neighbours short enough to be one statement."""
    allowed = {id(sentence) for sentence in kept}
    stretches: list[Stretch] = []
    for first, sentence in enumerate(sentences):
        stems: set[str] = set()
        words = 0
        for follower in sentences[first : first + 3]:
            words += follower.words
            is_alone = follower is sentence
            if id(follower) not in allowed or not (is_alone or _joins(follower, words)):
                break
            stems.update(follower.stems)
            if stems:
                stretches.append(_stretch(text[sentence.start : follower.end], frozenset(stems)))
            if follower.is_window:
                break
    return stretches


def _joins(follower: _Sentence, words: int) -> bool:
    return not follower.is_window and words <= LONGEST_SENTENCE_WORDS


def _stretch(text: str, stems: frozenset[str]) -> Stretch:
    return Stretch(text, stems, frozenset().union(*(_pieces(each) for each in stems)))


def _match(
    point: KeyPoint,
    phrasings: tuple[Phrasing, ...],
    twin: Phrasing | None,
    stretches: Sequence[Stretch],
    similarity: Similarity,
) -> Match:
    recall, stretch = _best(phrasings, stretches, similarity)
    twin_recall, twin_stretch = _best((twin,), stretches, similarity) if twin else (0.0, None)
    return Match(point, recall, stretch, twin_recall, twin_stretch)


def _best(
    phrasings: Sequence[Phrasing], stretches: Sequence[Stretch], similarity: Similarity
) -> tuple[float, Stretch | None]:
    best, where = 0.0, None
    for stretch in stretches:
        for phrasing in phrasings:
            recall = similarity(phrasing, stretch)
            if recall > best:
                best, where = recall, stretch
    return min(best, 1.0), where


@lru_cache(maxsize=1024)
def _expected(question: Question) -> _Expected:
    question_stems = frozenset(content_stems(question.text)) | frozenset(content_stems(question.spoken))
    rarities = dict(question.rarities)
    stems_of = {point.id: _stems_of(point) for point in question.key_points}
    points = []
    kept: set[str] = set()
    for point in question.key_points:
        own = frozenset(stem(word) for term in point.terms for word in tokens(term))
        kept |= own
        elsewhere = frozenset().union(*(stems for point_id, stems in stems_of.items() if point_id != point.id))
        factors = dict.fromkeys(elsewhere, _SHARED_WORD_FACTOR) | dict.fromkeys(question_stems, _QUESTION_WORD_FACTOR)
        weights = {word: rarities.get(word, _RAREST) * factors.get(word, 1.0) for word in stems_of[point.id]}
        weights |= {word: rarities.get(word, _RAREST) for word in own}
        phrasings = [_phrasing(each, weights) for each in (point.text, *point.phrasings)]
        twin = _phrasing(point.wrong_twin, weights) if point.wrong_twin else None
        points.append((point, (*phrasings, _pooled(phrasings)), twin))
    return _Expected(question_stems, frozenset(kept), tuple(points))


def _stems_of(point: KeyPoint) -> frozenset[str]:
    texts = (point.text, *point.phrasings, point.wrong_twin or "")
    return frozenset(word for text in texts for word in content_stems(text))


def _phrasing(text: str, weights: dict[str, float]) -> Phrasing:
    words = tuple((word, weights[word], _pieces(word)) for word in dict.fromkeys(content_stems(text)))
    return Phrasing(text, words, sum(weight for _, weight, _ in words))


def _pooled(phrasings: list[Phrasing]) -> Phrasing:
    """All wordings as one: people take a word from here and one from there. It asks for as much as a usual wording."""
    words = {word: (word, weight, pieces) for phrasing in phrasings for word, weight, pieces in phrasing.words}
    text = "; ".join(phrasing.text for phrasing in phrasings)
    return Phrasing(text, tuple(words.values()), statistics.median_high(phrasing.total for phrasing in phrasings))


@lru_cache(maxsize=20_000)
def _pieces(word: str) -> frozenset[str]:
    """Four-letter pieces of a stem with its borders; none for figures and complexities, where nearly is not enough."""
    if not word.isalpha() or word.startswith("bigo") or len(word) < _PIECE_LETTERS:
        return frozenset()
    padded = f"_{word}_"
    return frozenset(padded[at : at + _PIECE_LETTERS] for at in range(len(padded) - _PIECE_LETTERS + 1))
