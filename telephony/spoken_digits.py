"""Digits as people say them: "one two three", "double five", "oh"; what is no number is passed over."""

import re
from typing import Final

_DIGITS: Final = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "null": "0", "one": "1", "won": "1", "two": "2", "to": "2",
    "too": "2", "three": "3", "four": "4", "for": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "ate": "8",
    "nine": "9", "niner": "9",
}  # fmt: skip
_TEENS: Final = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16",
    "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
_TENS: Final = {
    "twenty": "2", "thirty": "3", "forty": "4", "fifty": "5", "sixty": "6", "seventy": "7", "eighty": "8",
    "ninety": "9",
}  # fmt: skip
_TIMES: Final = {"double": 2, "triple": 3}
_SOUNDS_LIKE: Final = frozenset({"to", "too", "for", "won", "ate", "o"})
"""Words that are digits only between other digits: "for my interview it is one two ..." begins with none."""


def digits_in(said: str) -> str:
    """All digits that were said, in order, written together; empty where there were none."""
    words = re.findall(r"[a-z]+|\d", said.lower().replace("-", " "))
    found, times, place = "", 1, 0
    while place < len(words):
        word = words[place]
        place += 1
        if word in _TIMES:
            times = _TIMES[word]
            continue
        digit = _digit(word, has_begun=bool(found))
        if word in _TENS:
            following = _digit(words[place], has_begun=True) if place < len(words) else ""
            digit = _TENS[word] + (following or "0")
            place += bool(following)
        found += digit * times
        times = 1
    return found


def _digit(word: str, *, has_begun: bool) -> str:
    if word.isdecimal():
        return word
    if word in _TEENS:
        return _TEENS[word]
    return "" if word in _SOUNDS_LIKE and not has_begun else _DIGITS.get(word, "")
