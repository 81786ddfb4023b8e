"""How spoken words are compared: fillers, symbols and acronyms as they are said, and light stemming."""

import re
from collections.abc import Iterator
from functools import lru_cache

from engine.questions.spellings import FILLERS, NUMBERS, PHRASES, STOP_WORDS, SYMBOLS

_FILLERS = re.compile(rf"\b(?:{'|'.join(FILLERS)})\b", re.IGNORECASE)


_COMPLEXITY = re.compile(
    r"\b(?:big |order |the order of |order of )*\b(?:o|oh|order|order of)(?: of)? "
    r"(n log n|log n|log of n|n squared?|n to the (?:power of )?2|n cubed?|2 to the (?:power of )?n|"
    r"n plus m|v plus e|1|n|k|h)\b"
)
_COMPLEXITY_NAMES = {"log of n": "log n", "n square": "n squared", "n to the 2": "n squared", "n cube": "n cubed"}


_LONGEST_PHRASE = max(len(phrase.split()) for phrase in PHRASES)
_PHRASES_BY_WORDS = {tuple(phrase.split()): tuple(word.split()) for phrase, word in PHRASES.items()}
_FIRST_WORDS = frozenset(words[0] for words in _PHRASES_BY_WORDS)
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_DOTTED = re.compile(r"\b(?:[a-z][./]){1,5}[a-z]\b")
_VOWELS = frozenset("aeiouy")


def without_fillers(text: str) -> str:
    """The text without hesitation sounds and verbal tics; punctuation stays."""
    return _FILLERS.sub(" ", text)


def filler_spans(text: str) -> list[tuple[int, int]]:
    """Where the fillers stand: start and end of each, in characters."""
    return [found.span() for found in _FILLERS.finditer(text)]


def tokens(text: str) -> tuple[str, ...]:
    """The words as they are compared: lower case, fillers gone, symbols, numbers and acronyms in one spelling."""
    lowered = text.casefold()
    for symbol, spoken in SYMBOLS:
        if symbol in lowered:
            lowered = lowered.replace(symbol, spoken)
    lowered = _DOTTED.sub(lambda match: re.sub(r"[./]", "", match.group()), lowered)
    words = [NUMBERS.get(word, word) for word in _TOKEN.findall(without_fillers(lowered))]
    spoken = " ".join(words)
    if " n" in spoken or " 1" in spoken or " k" in spoken or " e" in spoken or " h" in spoken:
        spoken = _COMPLEXITY.sub(_complexity, spoken)
    return tuple(_merged(spoken.split()))


def content_stems(text: str) -> tuple[str, ...]:
    """The stems of the words that carry meaning, in the order spoken, repeats included."""
    return tuple(stem(word) for word in tokens(text) if word not in STOP_WORDS)


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The word without the endings that do not change what it is about: indexes, indexing, indexed -> index."""
    if len(word) <= 3 or not word.isalpha():
        return word.removesuffix("'s")
    word = _without_plural(word)
    for ending in ("ingly", "edly", "ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) >= 3 and _VOWELS & set(base):
            word = _undoubled(base)
            break
    word = _regular(word)
    if len(word) > 4 and word.endswith("ly"):
        word = word[:-2]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word.endswith("y"):
        word = word[:-1] + "i"
    return word


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _undoubled(base: str) -> str:
    if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz":
        return base[:-1]
    return base


_ENDINGS = (
    ("isation", "iz"), ("ization", "iz"), ("ising", "iz"), ("ise", "iz"), ("ize", "iz"), ("ication", "ic"),
    ("ation", "at"), ("ition", "it"), ("ency", "ent"), ("ancy", "ant"), ("ence", "ent"), ("iness", "y"), ("ness", ""),
    ("ement", "e"), ("ility", "l"), ("able", "abl"), ("ially", "ial"), ("ality", "al"), ("tion", "t"),
)  # fmt: skip


def _regular(word: str) -> str:
    for ending, replacement in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + replacement
    return word


def _complexity(match: re.Match[str]) -> str:
    inside = match.group(1).replace(" the power of ", " the ")
    return "bigo" + _COMPLEXITY_NAMES.get(inside, inside).replace(" ", "")


def _merged(words: list[str]) -> Iterator[str]:
    """Acronyms spelled letter by letter, and the phrases of the table, as single words."""
    spelled = list(_spelled_together(words))
    position = 0
    while position < len(spelled):
        taken = 1
        if spelled[position] in _FIRST_WORDS:
            for length in range(min(_LONGEST_PHRASE, len(spelled) - position), 0, -1):
                replacement = _PHRASES_BY_WORDS.get(tuple(spelled[position : position + length]))
                if replacement is not None:
                    yield from replacement
                    taken = length
                    break
            else:
                yield spelled[position]
        else:
            yield spelled[position]
        position += taken


def _spelled_together(words: list[str]) -> Iterator[str]:
    run: list[str] = []
    for word in [*words, ""]:
        if len(word) == 1 and word.isalpha():
            run.append(word)
            continue
        # "a b tree" has an article in front; three letters and more are an acronym whatever they begin with
        if len(run) >= 3 or (len(run) == 2 and run[0] not in "ai"):
            yield "".join(run)
        else:
            yield from run
        run = []
        if word:
            yield word
