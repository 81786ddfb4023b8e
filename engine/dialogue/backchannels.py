"""Sounds of listening: "mm-hm", "okay", "right". They ask for nothing, answer nothing and take no floor."""

import re
from typing import Final

MOST_WORDS: Final = 5
_SOUNDS: Final = re.compile(
    r"(?:m+ ?h?m+|m+|h+m+|u+h+ ?h+u+h+|u+h+|u+m+|a+h+|a+ha+|o+h+|huh|e+r+m?|wow|"
    r"yes|yeah|yep|yup|ya|okay|ok|kay|right|all right|alright|sure|fine|good|great|nice|cool|perfect|excellent|"
    r"i see|i understand|understood|got it|gotcha|makes sense|that makes sense|of course|exactly|true|indeed|"
    r"thanks|thank you|interesting|fair enough|go on|carry on|i know)"
)
_ALL_SOUNDS: Final = re.compile(rf"(?:{_SOUNDS.pattern})(?: (?:{_SOUNDS.pattern}))*")


def is_backchannel(text: str) -> bool:
    """Whether these words do no more than show that somebody listens. Empty text is none."""
    plain = " ".join(re.sub(r"[^\w']+", " ", text.lower()).split())
    return 0 < len(plain.split()) <= MOST_WORDS and _ALL_SOUNDS.fullmatch(plain) is not None
