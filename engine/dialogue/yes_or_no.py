"""Yes or no? Read from plain words and never guessed."""

import re

_YES = re.compile(
    r"\b(?:yes|yeah|yep|yup|sure|okay|ok|fine|agreed?|of course|absolutely|certainly|go ahead|no problem|"
    r"all right|alright|correct|right|please do(?! not))\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:no|nope|not|don't|do not|refuse|decline|never|rather not|disagree)\b(?! problem)",
    re.IGNORECASE,
)
_NOT_REFUSING = re.compile(
    r"\b(?:no problem|don't mind|do not mind|no objections?|why not|not a problem)\b", re.IGNORECASE
)


def said_yes(text: str) -> bool | None:
    """True for a yes, False for a no, None where it is neither or both."""
    plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if _NOT_REFUSING.search(plain):
        return True
    yes, no = bool(_YES.search(plain)), bool(_NO.search(plain))
    return yes if yes != no else None
