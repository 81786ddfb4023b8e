"""What counts as the same word when a transcript is compared with what was said. One rule for every engine.

1. Lower case; curly quotes straightened; contractions written out ("it's" -> "it is").
2. Numbers in digits become words, to 9999; ordinals too ("3rd" -> "third").
3. Term aliases: spellings of technical terms that sound the same become one ("hashtable" -> "hash table", "T C P" ->
   "tcp", "big o of n" -> "o n").
4. Everything but letters, digits and spaces is dropped; hyphens split words.
5. Titles are written out ("Mr." -> "mister"); hesitations ("um", "uh", "er", "hmm") are dropped.

The word error rate is the number of substituted, inserted and left-out words of all clips together, divided by the
number of words that were said.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

_ONES: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS: Final = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS: Final = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth", "10th": "tenth"}
_CONTRACTIONS: Final = (
    (r"\bwon't\b", "will not"),
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"n't\b", " not"),
    (r"\b(it|that|there|he|she|what|who|where|here|let)'s\b", r"\1 is"),
    (r"'re\b", " are"),
    (r"'m\b", " am"),
    (r"'ll\b", " will"),
    (r"'ve\b", " have"),
    (r"'d\b", " would"),
)
_ALIASES: Final = {
    "hashtable": "hash table",
    "hashmap": "hash map",
    "hashset": "hash set",
    "data base": "database",
    "data bases": "databases",
    "time out": "timeout",
    "time stamp": "timestamp",
    "look up": "lookup",
    "look ups": "lookups",
    "multi processing": "multiprocessing",
    "multi threading": "multithreading",
    "dead lock": "deadlock",
    "dead locks": "deadlocks",
    "meta class": "metaclass",
    "sequel": "sql",
    "jason": "json",
    "big o": "o",
    "o of": "o",
    "o of n": "o n",
    "a sink": "async",
    "a sync": "async",
    "dunder": "double underscore",
    "okay": "ok",
    "voicemail": "voice mail",
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
}
_HESITATIONS: Final = frozenset({"um", "uh", "er", "erm", "hmm", "mm", "ah"})


def words(text: str) -> list[str]:
    """The words of a text as they are compared."""
    plain = text.lower().replace("\u2019", "'").replace("\u2018", "'")
    for pattern, written_out in _CONTRACTIONS:
        plain = re.sub(pattern, written_out, plain)
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain)
    plain = plain.replace("%", " percent ").replace("&", " and ").replace("'", "")
    tokens = re.sub(r"[^a-z0-9]+", " ", plain).split()
    spelled = " ".join(_as_words(token) for token in _joined_letters(tokens))
    for alias, term in sorted(_ALIASES.items(), key=lambda pair: -len(pair[0])):
        spelled = re.sub(rf"\b{alias}\b", term, spelled)
    return [word for word in spelled.split() if word not in _HESITATIONS]


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words to substitute, insert and leave out that turns one list into the other."""
    distances = list(range(len(heard) + 1))
    for row, said_word in enumerate(said, start=1):
        diagonal, distances[0] = distances[0], row
        for column, heard_word in enumerate(heard, start=1):
            change = diagonal + (said_word != heard_word)
            diagonal = distances[column]
            distances[column] = min(change, distances[column] + 1, distances[column - 1] + 1)
    return distances[-1]


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Over all pairs of what was said and what was heard. Raises ValueError when nothing was said."""
    errors, total = 0, 0
    for said, heard in pairs:
        said_words = words(said)
        errors += word_errors(said_words, words(heard))
        total += len(said_words)
    if total == 0:
        raise ValueError("no words were said, so there is no word error rate")
    return errors / total


def _joined_letters(tokens: list[str]) -> list[str]:
    """Letters spelled one by one become one word: t c p -> tcp. A lone "a" or "i" stays a word."""
    joined: list[str] = []
    run = ""
    for token in [*tokens, ""]:
        if len(token) == 1 and token.isalpha():
            run += token
            continue
        if run:
            joined += [run] if len(run) > 1 and set(run) - {"a", "i"} else list(run)
            run = ""
        if token:
            joined.append(token)
    return joined


def _as_words(token: str) -> str:
    if token in _ORDINALS:
        return _ORDINALS[token]
    match = re.fullmatch(r"(\d{1,4})([a-z]*)", token)
    return f"{_number(int(match[1]))} {match[2]}".strip() if match else token


def _number(value: int) -> str:
    if value < 20:
        return _ONES[value]
    if value < 100:
        rest = f" {_ONES[value % 10]}" if value % 10 else ""
        return _TENS[value // 10] + rest
    big, name = (1000, "thousand") if value >= 1000 else (100, "hundred")
    rest = f" {_number(value % big)}" if value % big else ""
    return f"{_number(value // big)} {name}{rest}"
