"""How many words to expect a recogniser can be told at once."""

from collections.abc import Sequence
from typing import Final

_MOST_TOKENS: Final = 450
"""Deepgram takes 500; what it counts as a token is not published, so the estimate stays below."""
_CHARACTERS_IN_A_TOKEN: Final = 3


def within_limit(terms: Sequence[str]) -> list[str]:
    """The first of the terms, each once, that fit."""
    kept: list[str] = []
    tokens = 0
    for term in dict.fromkeys(term.strip() for term in terms if term.strip()):
        tokens += len(term) // _CHARACTERS_IN_A_TOKEN + 1
        if tokens > _MOST_TOKENS:
            break
        kept.append(term)
    return kept
