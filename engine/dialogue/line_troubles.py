"""What the candidate is told about a poor line: once in a call, between two questions."""

from typing import Final

from engine.audio.line_quality import Trouble

ADVICE: Final[dict[Trouble, tuple[str, ...]]] = {
    Trouble.QUIET: ("By the way, you are rather quiet; it helps if you speak closer to the telephone.",),
    Trouble.CLIPPING: ("By the way, your voice comes in very loud; it helps to hold the telephone a little away.",),
    Trouble.NOISE: ("By the way, there is some noise on the line; a quieter place would help, if you have one.",),
    Trouble.LOSS: ("By the way, parts of what you say get lost on the way; a place with better reception would help.",),
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
OFFER_NEW_TIME: Final = (
    "I am sorry, the line is so bad that I can hardly understand you, and it does not count against you.",
    "Shall we stop here and find a new time? Say yes or press one; to go on now, say no or press two.",
)
GOODBYE_BAD_LINE: Final = (
    "All right, we stop here.",
    "You will hear from us about a new time.",
    "You can also phone again with the same PIN, and we go on where we stopped.",
    "Goodbye.",
)
GOODBYE_UNHEARD: Final = (
    "I cannot hear you; something is wrong with the line, and it does not count against you.",
    "Please phone again with the same PIN.",
    "Goodbye.",
)
"""The candidate hears us, and we do not hear them."""
