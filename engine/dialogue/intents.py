"""What the candidate wants from the conversation itself, told apart from an answer to the question.

A request is short and begins or ends like one; a long stretch of speech is an answer even when it contains "repeat"
or "stop" ("repeat until the queue is empty"). So rules look only at utterances of a few words.
"""

import re
from enum import StrEnum

MOST_WORDS = 9
MOST_WORDS_OF_REQUEST = 18


class Intent(StrEnum):
    REPEAT = "repeat"
    SKIP = "skip"
    WAIT = "wait"
    DONE = "done"
    END = "end"
    HUMAN = "human"
    NEVER_AGAIN = "never again"
    NOT_KNOWN = "not known"
    REPHRASE = "rephrase"
    ASKS = "asks"
    """A question to the interviewer, about the job or the process."""
    ASIDE = "aside"
    """Words to somebody else in the room."""


_POLITE_WORDS = (
    "um|uh|well|sorry|okay|ok|yes|no|please|hey|so|oh|excuse me|i am|i'm|could you|can you|would you|can we|could we|"
    "let's|let us|i would like to|i'd like to|i want to"
)
_POLITE = rf"(?:(?:{_POLITE_WORDS})[ ,]*)*"
_TAIL = r"(?:[ ,]*(?:please|thanks|thank you|now|for me|again|sorry))*"
_MOMENT = r"(?:moment|second|minute|sec)"
_THIS = r"(?: (?:it|this|that))?(?: (?:one|question))?"

_RULES: tuple[tuple[Intent, str], ...] = (
    (Intent.NEVER_AGAIN, r"(?:stop calling(?: me)?|(?:never|don't|do not) call me(?: ever)?(?: again)?)"),
    (
        Intent.HUMAN,
        r"(?:speak|talk) (?:to|with) (?:a |an actual |a real )?(?:human|person|someone|recruiter)(?: being)?",
    ),
    (Intent.END, r"(?:(?:end|stop|finish|quit) (?:the |this )?(?:interview|call)|hang up|goodbye|bye(?: bye)?)"),
    (
        Intent.REPEAT,
        r"(?:repeat(?: (?:that|it|the question|your question))?|say (?:that|it)|what was (?:that|the question)|"
        r"one more time|again|pardon(?: me)?|come again|"
        r"i (?:didn't|did not) (?:hear|catch|get) (?:that|you|the question|it))",
    ),
    (
        Intent.REPHRASE,
        r"(?:(?:re-?phrase|re-?word|explain|clarify)(?: (?:that|it|the question|your question|this question))?|"
        r"(?:say|put|ask) (?:that|it|the question) (?:differently|in (?:other|different|simpler) words|another way|"
        r"(?:in )?a different way)|in other words|"
        r"(?:what do you mean|i (?:don't|do not|didn't|did not) (?:really |quite )?understand)"
        r"(?: (?:by that|with that|that|it|the question|your question))?)",
    ),
    (Intent.SKIP, rf"(?:skip{_THIS}|pass(?: on)?{_THIS}|next(?: question)?|move on)"),
    (
        Intent.WAIT,
        rf"(?:let me think(?: about (?:it|that))?(?: for a {_MOMENT})?|(?:give me )?(?:one|a|just a) {_MOMENT}|"
        rf"hold on|hang on|wait(?: a {_MOMENT})?|i need (?:a {_MOMENT}|(?:some )?(?:more )?time))",
    ),
    (Intent.DONE, r"(?:i'm done|i am done|that's it|that is it|that's all|that is all|that's my answer|done)"),
    (
        Intent.NOT_KNOWN,
        r"(?:(?:i )?(?:really )?(?:don't|do not) know(?: (?:it|that|this|the answer|that one|this one))?|"
        r"(?:i have )?no idea|not sure)",
    ),
)

_COMPILED = tuple((intent, re.compile(rf"{_POLITE}(?:{rule}){_TAIL}", re.IGNORECASE)) for intent, rule in _RULES)

_ADDRESSES = re.compile(
    r"\b(?:(?:can|could|would|will|do|did|are) (?:you|we|i)|may i|let me|(?:the|your|this|that|next|last) question|"
    r"what (?:was|do you|does that)|"
    r"(?:don't|do not|didn't|did not|couldn't|can't)(?: really| quite)? (?:understand|hear|catch|follow|know)|"
    r"say (?:that|it)|slow(?:er|ly)|louder|hold on|wait|a (?:moment|minute|second|break)|come back|go back|skip|"
    r"(?:end|stop|finish|leave) (?:here|now|this|the)|(?:the|this) (?:call|interview|job|company|position|team)|salary|"
    r"recruiter|somebody|someone|a (?:human|person)|real person|sorry|pardon|hello|no (?:idea|clue)|on the phone)\b",
    re.IGNORECASE,
)

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


def intent_of(text: str) -> Intent | None:
    """The request that this utterance is, or None when it is (part of) an answer."""
    plain = re.sub(r"[.?!;:]+", " ", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    plain = re.sub(r"\s+", " ", plain).strip(" ,")
    if not plain or len(plain.split()) > MOST_WORDS:
        return None
    return next((intent for intent, rule in _COMPILED if rule.fullmatch(plain)), None)


def may_be_request(text: str) -> bool:
    """Whether these words, for which the rules found nothing, could be addressed to the interviewer all the same."""
    plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return len(plain.split()) <= MOST_WORDS_OF_REQUEST and _ADDRESSES.search(plain) is not None


def said_yes(text: str) -> bool | None:
    """True for a yes, False for a no, None where it is neither or both."""
    plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if _NOT_REFUSING.search(plain):
        return True
    yes, no = bool(_YES.search(plain)), bool(_NO.search(plain))
    return yes if yes != no else None
