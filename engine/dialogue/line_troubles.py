"""What may be wrong with a line, and what the candidate is told about it: once in a call, between two questions."""

from enum import StrEnum
from typing import Final


class Trouble(StrEnum):
    ONE_WAY = "one way"
    """Nothing was ever heard of the candidate."""
    QUIET = "too quiet"
    CLIPPING = "clipping"
    NOISE = "noise"
    ECHO = "echo"
    """Our own voice comes back."""
    DEAD_LEG = "no frames"
    """The line sends nothing any more, not even silence."""


ADVICE: Final[dict[Trouble, tuple[str, ...]]] = {
    Trouble.QUIET: ("By the way, you are rather quiet; it helps if you speak closer to the telephone.",),
    Trouble.CLIPPING: ("By the way, your voice comes in very loud; it helps to hold the telephone a little away.",),
    Trouble.NOISE: ("By the way, there is some noise on the line; a quieter place would help, if you have one.",),
    Trouble.ECHO: ("By the way, I hear myself on your side; it helps to switch the loudspeaker off.",),
}
CANNOT_HEAR: Final = (
    "I cannot hear you.",
    "If you can hear me, press one if I may record this call, or two if I may not.",
)
STILL_CANNOT_HEAR: Final = (
    "I still cannot hear you.",
    "You can press zero to have a person call you, or phone again with the same PIN.",
)
GOODBYE_UNHEARD: Final = (
    "I cannot hear you; something is wrong with the line, and it does not count against you.",
    "Please phone again with the same PIN.",
    "Goodbye.",
)
"""The candidate hears us, and we do not hear them."""
