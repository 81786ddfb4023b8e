"""What a password must be: one rule, shown on the page and checked on the server."""

import re
from functools import cache
from pathlib import Path

MINIMUM, MAXIMUM = 8, 128
RULE = (
    "8 to 128 characters, with at least one upper-case letter, one lower-case letter, one digit and one symbol. "
    "Not a common password, and not your name or e-mail address."
)
_PARTS = (
    (re.compile(r"[A-Z]"), "an upper-case letter"),
    (re.compile(r"[a-z]"), "a lower-case letter"),
    (re.compile(r"\d"), "a digit"),
    (re.compile(r"[^A-Za-z0-9\s]"), "a symbol"),
)
# What people write to satisfy such rules: undone before looking a password up.
_DISGUISES = str.maketrans({"@": "a", "4": "a", "0": "o", "3": "e", "$": "s", "5": "s", "1": "i", "!": "i", "7": "t"})


@cache
def _common() -> frozenset[str]:
    lines = (Path(__file__).parent / "data" / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _forms(password: str) -> set[str]:
    """The password as the list would hold it: without disguises, without digits and symbols at the ends."""
    lowered = password.lower()
    bare = re.sub(r"^[^a-z]+|[^a-z]+$", "", lowered)
    plain = lowered.translate(_DISGUISES)
    without_tail = re.sub(r"[^a-z]+$", "", lowered).translate(_DISGUISES)
    return {
        lowered,
        bare,
        bare.translate(_DISGUISES),
        re.sub(r"[^a-z]", "", plain),
        re.sub(r"[^a-z]", "", without_tail),
        re.sub(r"[^a-z]", "", bare.translate(_DISGUISES)),
    }


def password_fault(password: str, *, personal: tuple[str, ...] = ()) -> str | None:
    """What is wrong with a password, as a sentence, or None.

    personal: names and address of its owner; a password made of one of them is refused.
    """
    if len(password) < MINIMUM:
        return f"Use at least {MINIMUM} characters."
    if len(password) > MAXIMUM:
        return f"Use at most {MAXIMUM} characters."
    missing = [name for pattern, name in _PARTS if not pattern.search(password)]
    if missing:
        return f"Add {', '.join(missing[:-1])} and {missing[-1]}." if len(missing) > 1 else f"Add {missing[0]}."
    forms = _forms(password)
    if forms & _common():
        return "This is one of the passwords that are tried first. Choose one that nobody would guess."
    parts = {part for text in personal for part in (text.lower(), text.lower().split("@")[0]) if len(part) > 2}
    if forms & parts:
        return "Do not use your own name or address as a password."
    return None
