"""What the interviewer says that is not a question. Each constant is one utterance: a tuple of sentences."""

from collections.abc import Sequence

CONSENT_TEXT_VERSION = "recording-en-1"

ACKNOWLEDGEMENTS = ("Thank you.", "All right.", "Okay, thank you.", "Understood.", "Thanks.")
"""Neutral on purpose: scores are not spoken."""

CONSENT_AGAIN = (
    "Sorry, I did not catch that.",
    "May I record this call? Please say yes or no, or press one for yes and two for no.",
)
CONSENT_THANKS = ("Thank you.",)
NO_RECORDING = ("That is fine.", "I will not record the call.")
KEYS = (
    "By the way: star repeats a question, one gives you more time, two skips it, pound ends your answer, "
    "and zero asks for a person.",
)
FIRST_QUESTION = ("Here is your first question.",)
WHILE_WE_WAIT = ("Okay.", "One moment, please.")
"""Said one after the other while the last words are still being recognised; each is an utterance of its own."""
AGAIN = ("Of course.",)
ASK_ANEW = ("Let me ask that again.",)
TAKE_YOUR_TIME = ("Take your time.",)
MORE_TIME = ("Of course, take your time.",)
OFFER_HELP = ("Are you still there?", "Press star to hear the question again, or two to skip it.")
SKIPPED = ("No problem, we skip that one.",)
NOT_KNOWN = ("That is fine.",)
TIME_FOR_THIS_ONE = ("Thank you, that is a good place to stop.", "Let us move on.")
CONFIRM_END = ("Would you like to end the interview now?", "Please say yes or no.")
GO_ON = ("All right, we go on.",)
HUMAN = (
    "I have noted that you would like to speak to a person, and someone will call you back.",
    "Until then we can go on.",
)
NEVER_AGAIN = ("Understood.", "We will not call you again.", "Goodbye.")
DID_NOT_HEAR = (
    "I am sorry, I could not hear that properly.",
    "Please say it once more, or press pound to go on to the next question.",
)
CLOSING = ("That was the last question.", "Is there anything you would like to ask or add? I will pass it on.")
BACK_TO_QUESTION = ("Back to the question.",)
PASSED_ON = ("Thank you, I will pass that on.",)
GOODBYE = ("Thank you for your time.", "A person will look at the results and get back to you.", "Goodbye.")
LINE_BROKE = ("Sorry, the line broke.",)
GO_ON_FROM_THERE = ("What you have said so far is kept, so just go on.",)
ANSWER_IS_KEPT_SO_FAR = ("What you said to it is kept.",)
ANSWER_IS_KEPT = ("Your answer is kept.",)
GOODBYE_EARLY = ("All right.", "You can phone again with the same PIN and we go on where we stopped.", "Goodbye.")
GOODBYE_SILENT = (
    "I cannot hear you any more, so I will end the call here.",
    "Phone again with the same PIN and we go on where we stopped.",
    "Goodbye.",
)
TIME_IS_UP = ("I am sorry, our time is up.",)
TECHNICAL_TROUBLE = (
    "I am sorry, we have a technical problem on our side.",
    "It does not count against you.",
    "Please phone again with the same PIN.",
)


def greeting(name: str, role: str) -> tuple[str, ...]:
    """Who is calling, that it is an AI, what the call is for, and the question of consent."""
    return (
        f"Hello {name}.".replace(" .", "."),
        f"I am Vivavoce, an AI interviewer for the role of {role}.",
        "May I record our call?",
    )


def welcome_back(name: str, order: int, *, has_begun_to_answer: bool = False) -> tuple[str, ...]:
    """The greeting of a call that goes on where an earlier one stopped."""
    kept = ANSWER_IS_KEPT_SO_FAR if has_begun_to_answer else ()
    return (
        f"Hello {name}, welcome back.".replace(" ,", ","),
        "I am Vivavoce, the AI interviewer.",
        we_were_at(order),
        *kept,
        "May I record this call as well?",
    )


def we_were_at(order: int) -> str:
    """Where a conversation goes on after a break."""
    return f"We were at question {order}."


def acknowledgement(order: int) -> str:
    """Varies from question to question, and is the same in every replay."""
    return ACKNOWLEDGEMENTS[order % len(ACKNOWLEDGEMENTS)]


def sentences(text: str) -> tuple[str, ...]:
    """A text as sentences, the units in which it is synthesised and marked."""
    found: list[str] = []
    start = 0
    for position, letter in enumerate(text):
        is_end = letter in ".?!" and (position + 1 == len(text) or text[position + 1] == " ")
        if is_end:
            found.append(text[start : position + 1].strip())
            start = position + 1
    rest = text[start:].strip()
    return tuple(sentence for sentence in [*found, rest] if sentence)


def fixed_phrases() -> Sequence[str]:
    """Every sentence that is the same in all calls: worth synthesising before the first one."""
    constants = (
        CONSENT_AGAIN, CONSENT_THANKS, NO_RECORDING, KEYS, FIRST_QUESTION, AGAIN, ASK_ANEW, TAKE_YOUR_TIME, MORE_TIME,
        OFFER_HELP, SKIPPED, NOT_KNOWN, TIME_FOR_THIS_ONE, CONFIRM_END, GO_ON, HUMAN, NEVER_AGAIN, DID_NOT_HEAR,
        CLOSING, BACK_TO_QUESTION, PASSED_ON, GOODBYE, GOODBYE_EARLY, GOODBYE_SILENT, TIME_IS_UP, TECHNICAL_TROUBLE,
        WHILE_WE_WAIT, ACKNOWLEDGEMENTS, LINE_BROKE, GO_ON_FROM_THERE, ANSWER_IS_KEPT,
        ANSWER_IS_KEPT_SO_FAR,
    )  # fmt: skip
    return tuple(dict.fromkeys(sentence for constant in constants for sentence in constant))
