"""What the interviewer says that is not a question. Each constant is one utterance: a tuple of sentences."""

from collections.abc import Sequence

from engine.dialogue.line_troubles import (
    ADVICE,
    CANNOT_HEAR,
    GOODBYE_BAD_LINE,
    GOODBYE_UNHEARD,
    OFFER_NEW_TIME,
    STILL_CANNOT_HEAR,
)

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
LISTENING = ("Mm-hm.", "Uh-huh.")
"""Says that we listen, and nothing of the answer."""
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
CONFIRM_SKIP = ("Shall we skip this question?", "Please say yes or no.")
CONFIRM_LATER = ("Shall we stop here, and somebody calls you back another time?", "Please say yes or no.")
CONFIRM_WRONG_PERSON = ("Have I reached the wrong person?", "Please say yes or no.")
CONFIRM_END = ("Would you like to end the interview now?", "Please say yes or no.")
GO_ON = ("All right, we go on.",)
HUMAN = (
    "I have noted that you would like to speak to a person, and someone will call you back.",
    "Until then we can go on.",
)
NEVER_AGAIN = ("Understood.", "We will not call you again.", "Goodbye.")
I_AM_AN_AI = (
    "I am an AI interviewer, not a person.",
    "A person looks at the results, and with zero you can ask for one to call you.",
)
I_AM_HERE = ("Yes, I am here.",)
SLOWER = ("All right, I speak more slowly.",)
FASTER = ("All right, I speak faster.",)
LOUDER = ("All right, I speak up.",)
QUIETER = ("All right, I speak more quietly.",)
NO_FURTHER = ("I am sorry, my voice goes no further than this.",)
PAUSED = ("All right, we take a break of up to two minutes.", "Say that you are ready when we can go on.")
STILL_PAUSED = ("Take your time, I am still here.",)
ADD_TO_ANSWER = ("Of course.", "What would you like to add to the answer before?")
FIRST_ONE = ("There is no question before this one.",)
YOUR_QUESTION = ("Of course.", "What would you like to know?")
ANYTHING_ELSE = ("Is there anything else?",)
CALM = (
    "I am sorry that this is annoying.",
    "You can ask for a person at any time, or say that you would like to stop.",
)
LAST_QUESTION = ("This is the last question.",)
TIME_IS_SHORT = ("We have about five minutes left.",)
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
PAUSED_BY_USER = (
    "We are asked to take a short break, of up to two minutes.",
    "Say that you are ready when we can go on.",
)
SKIPPED_BY_USER = ("Let us go on to the next question.",)
ENDED_BY_USER = (
    "We have to stop here.",
    "Thank you for your time; the people who invited you will get in touch.",
    "Goodbye.",
)
GOODBYE_STOPPED = ("All right.", "Thank you for your time.", "A person will look at what you said.", "Goodbye.")
GOODBYE_EARLY = ("All right.", "You can phone again with the same PIN and we go on where we stopped.", "Goodbye.")
GOODBYE_SILENT = (
    "I cannot hear you any more, so I will end the call here.",
    "Phone again with the same PIN and we go on where we stopped.",
    "Goodbye.",
)
GOODBYE_LATER = (
    "All right, I pass on that you would like to be called back.",
    "You can also phone again with the same PIN, and we go on where we stopped.",
    "Goodbye.",
)
GOODBYE_WRONG_PERSON = ("I am sorry to have disturbed you.", "Goodbye.")
GOODBYE_ABUSED_FOR_GOOD = ("I end the call here.", "Goodbye.")
GOODBYE_ABUSED = ("I end the call here.", "You can phone again with the same PIN.", "Goodbye.")
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


def progress(order: int, total: int) -> tuple[str, ...]:
    """Where we are in the interview."""
    return LAST_QUESTION if order == total else (f"This is question {order} of {total}.",)


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
        CLOSING, BACK_TO_QUESTION, PASSED_ON, GOODBYE, GOODBYE_STOPPED, GOODBYE_EARLY, GOODBYE_SILENT, TIME_IS_UP,
        TECHNICAL_TROUBLE, LISTENING, WHILE_WE_WAIT, ACKNOWLEDGEMENTS, LINE_BROKE, GO_ON_FROM_THERE, ANSWER_IS_KEPT,
        ANSWER_IS_KEPT_SO_FAR, SKIPPED_BY_USER, PAUSED_BY_USER, ENDED_BY_USER, CONFIRM_SKIP, CONFIRM_LATER,
        CONFIRM_WRONG_PERSON, I_AM_AN_AI, I_AM_HERE, SLOWER, FASTER, LOUDER, QUIETER, NO_FURTHER, PAUSED, STILL_PAUSED,
        ADD_TO_ANSWER, FIRST_ONE, YOUR_QUESTION, ANYTHING_ELSE, CALM, LAST_QUESTION, TIME_IS_SHORT, GOODBYE_LATER,
        GOODBYE_WRONG_PERSON, GOODBYE_ABUSED, CANNOT_HEAR, STILL_CANNOT_HEAR, GOODBYE_UNHEARD, OFFER_NEW_TIME,
        GOODBYE_BAD_LINE, *ADVICE.values(),
    )  # fmt: skip
    return tuple(dict.fromkeys(sentence for constant in constants for sentence in constant))
