"""Which prose of a language model may stand in a report: short, without figures, and silent about the person."""

import re
from collections.abc import Mapping
from typing import Any

LONGEST_CHARACTERS = 1200
FEWEST_WORDS = 12

_FIGURE = re.compile(r"\d|\b(?:percent|out of (?:five|ten|a hundred))\b", re.IGNORECASE)
_PERSONAL = re.compile(
    r"\b(?:he|she|his|her|hers|him|accent|nervous|shy|charming|personality|native speaker|hire|hiring)\b",
    re.IGNORECASE,
)


def accepted_prose(data: Mapping[str, Any], *, names: tuple[str, ...] = ()) -> tuple[str, str]:
    """The text and an empty reason, or an empty text and the reason for which it is left out.

    names: of the candidate; none of their parts may occur.
    """
    text = " ".join(str(data.get("summary", "")).split())
    parts = {part.casefold() for name in names for part in name.split() if len(part) > 1}
    words = {word.casefold() for word in re.findall(r"[^\W\d_]+", text)}
    reasons = {
        "it is too short": len(text.split()) < FEWEST_WORDS,
        "it is too long": len(text) > LONGEST_CHARACTERS,
        "it states figures": _FIGURE.search(text) is not None,
        "it speaks about the person": _PERSONAL.search(text) is not None or bool(parts & words),
        "it contains marks of a prompt": "<" in text or ">" in text,
    }
    reason = next((reason for reason, holds in reasons.items() if holds), "")
    return ("", reason) if reason else (text, "")
