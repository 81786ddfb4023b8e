"""Sentences of a text that is still being written: each is handed on as soon as it is whole."""

import re

LONGEST_CHARACTERS = 400
"""A sentence that is longer is no sentence; it is handed on as it is, to be refused."""
_END = re.compile(r"([.?!][\"')\]]*)\s+|\n+")
_NO_END = re.compile(r"(?:\b(?:e\.g|i\.e|vs|etc|approx|cf)|\b[A-Z])\.$")


class SentenceCutter:
    """Takes a text piece by piece, whatever the pieces are, and gives its sentences."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[str]:
        """The sentences that became whole with this piece."""
        self._rest += text
        found: list[str] = []
        start = 0
        for end in _END.finditer(self._rest):
            sentence = self._rest[start : end.start() + len(end[1] or "")].strip()
            if _NO_END.search(sentence):
                continue
            start = end.end()
            if sentence:
                found.append(sentence)
        self._rest = self._rest[start:]
        if len(self._rest) > LONGEST_CHARACTERS:
            found.append(self._rest)
            self._rest = ""
        return found

    def rest(self) -> str:
        """What is left at the end of the text: its last sentence, or nothing."""
        left, self._rest = self._rest.strip(), ""
        return left
