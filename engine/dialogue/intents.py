"""What the candidate wants from the conversation itself, told apart from an answer to the question.

A request is short and is nothing else; a stretch of speech that only contains "repeat" or "stop" is an answer. Where
the rules are unsure, a language model may be asked.
"""

import re
from typing import Final

from engine.dialogue.intent import Intent as Intent
from engine.dialogue.request_rules import RULES

MOST_WORDS = 16
MOST_WORDS_OF_REQUEST = 18

_HEAD: Final = re.compile(
    r"(?:um+|uh+|er+m?|hmm*|well|(?:i'm |i am )?(?:so |very )?sorry|okay|ok|yes|yeah|no|nope|oh|hey|hi|hello|ah|so|"
    r"(?:would|do) you mind(?: if (?:we|i))?|actually|please|excuse me|right|listen|look|just|maybe|perhaps|kindly|"
    r"honestly|and|but|wait|good (?:morning|"
    r"afternoon|evening)|(?:can|could|would|will) you(?: (?:maybe|perhaps|please|kindly|just))?|(?:can|could|may|"
    r"might|should|shall) "
    r"(?:we|i)(?: (?:maybe|perhaps|please|just))?|let's|let us|(?:i would|i'd) (?:like|love|prefer|rather)(?: you)? to|"
    r"i'd rather|i would rather|i (?:want|wish|need)(?: you)? to|i'd like|i would like|"
    r"(?:is it|would it be) (?:possible|okay|all right|fine)(?: (?:to|if (?:we|i|you)))?|i think(?: we should|"
    r" i should| "
    r"i would like to| i want to| i'd like to)?|do you think you (?:can|could)|is there any (?:way|chance) (?:to|"
    r"you could|we could)"
    r")(?: |$)"
)
_TAIL: Final = re.compile(
    r"(?:^| )(?:please|thanks|thank you(?: very much)?|now|right now|for me|to me|again|once (?:more|again)|"
    r"one more time|sorry|if (?:you can|possible|you could|you don't mind|that's okay|that is okay|it's okay)|then|"
    r"a (?:bit|little)(?: bit)?|for now|okay|ok|alright|all right|today|instead|actually|sir|madam|will you|would you|"
    r"(?:um+|uh+))$"
)
_GERUNDS: Final = (
    (re.compile(r"^repeating\b"), "repeat"),
    (re.compile(r"^(?:saying|speaking|talking|going)\b"), "speak"),
    (re.compile(r"^(?:re ?phrasing)\b"), "rephrase"),
    (re.compile(r"^skipping\b"), "skip"),
    (re.compile(r"^waiting\b"), "wait"),
    (re.compile(r"^explaining\b"), "explain"),
)
_COMPARATIVES: Final = {
    "slower": Intent.SLOWER,
    "more slowly": Intent.SLOWER,
    "slowly": Intent.SLOWER,
    "faster": Intent.FASTER,
    "quicker": Intent.FASTER,
    "louder": Intent.LOUDER,
    "quieter": Intent.QUIETER,
    "softer": Intent.QUIETER,
}
"""Alone they may answer a question ("which one is slower?"); with a please they are requests."""

_COMPILED: Final = tuple((intent, re.compile(rule)) for intent, rule in RULES)

_ADDRESSES: Final = re.compile(
    r"\b(?:(?:can|could|would|will|do|did|are) (?:you|we|i)|may i|let me|(?:the|your|this|that|next|last) question|"
    r"what (?:was|do you|does that)|"
    r"(?:don't|do not|didn't|did not|couldn't|can't)(?: really| quite)? (?:understand|hear|catch|follow|know)|"
    r"say (?:that|it)|slow(?:er|ly)|louder|hold on|wait|a (?:moment|minute|second|break)|come back|go back|skip|"
    r"(?:end|stop|finish|leave) (?:here|now|this|the)|(?:the|this) (?:call|interview|job|company|position|team)|salary|"
    r"recruiter|somebody|someone|a (?:human|person)|real person|sorry|pardon|hello|no (?:idea|clue)|on the phone)\b",
)
_SENTENCE_END: Final = re.compile(r"[.?!;,]+")


def intent_of(text: str, name: str = "") -> Intent | None:
    """The request that this utterance is, or None when it is (part of) an answer.

    name: the candidate's first name, for those who say that they are somebody else.
    """
    plain = _plain(text, name)
    if not plain or len(plain.split()) > MOST_WORDS:
        return None
    whole = _of_plain(plain)
    if whole is not None:
        return whole
    if plain == "sorry" and "?" in text:
        return Intent.REPEAT
    return _of_sentences(text, name)


def may_be_request(text: str) -> bool:
    """Whether these words, for which the rules found nothing, could be addressed to the interviewer all the same."""
    plain = _plain(text, "")
    return len(plain.split()) <= MOST_WORDS_OF_REQUEST and _ADDRESSES.search(plain) is not None


def _plain(text: str, name: str) -> str:
    """Lower case, without punctuation; the candidate's own name is the word "name"."""
    lowered = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    words = re.sub(r"[^\w' ]+", " ", lowered)
    if name:
        words = re.sub(rf"\b{re.escape(name.lower())}\b", "name", words)
    return " ".join(words.split())


def _of_sentences(text: str, name: str) -> Intent | None:
    """Several sentences or clauses, each of which asks for something or leads up to it: the weightiest wish counts."""
    sentences = [_plain(each, name) for each in _SENTENCE_END.split(text)]
    asking = [sentence for sentence in sentences if sentence and _bare(sentence)]
    if len(asking) < 2:
        return _of_plain(asking[0]) if asking else None
    found = [_of_plain(sentence) for sentence in asking]
    if None in found:
        return None
    order = [intent for intent, _ in RULES]
    return min((intent for intent in found if intent is not None), key=order.index)


def _of_plain(plain: str) -> Intent | None:
    """Try it with politeness first, then with less and less of it: "sorry, one more time" keeps its time."""
    if re.sub(r"^(?:a (?:bit|little)|much) ", "", plain) in _COMPARATIVES:
        return None
    if set(plain.split()) == {"hello"}:
        return Intent.HELLO
    for candidate in _less_and_less_polite(plain):
        for intent, rule in _COMPILED:
            if rule.fullmatch(candidate):
                return intent
        wish = _COMPARATIVES.get(re.sub(r"^(?:a (?:bit|little)|much) ", "", candidate))
        if wish is not None:
            return wish
    return None


def _less_and_less_polite(plain: str) -> list[str]:
    """The utterance, then without a tail, without a head, without both; each as far as politeness goes."""
    heads = _all_stripped(plain, _HEAD)
    forms = [form for head in heads for form in _all_stripped(head, _TAIL)]
    forms += [pattern.sub(verb, form) for form in forms for pattern, verb in _GERUNDS if pattern.match(form)]
    return list(dict.fromkeys(form for form in forms if form))


def _bare(plain: str) -> str:
    """What is left without any politeness."""
    return _all_stripped(_all_stripped(plain, _HEAD)[-1], _TAIL)[-1]


def _all_stripped(plain: str, polite: re.Pattern[str]) -> list[str]:
    forms = [plain]
    while True:
        shorter = polite.sub("", forms[-1], count=1).strip() if _sticks(polite, forms[-1]) else forms[-1]
        if shorter == forms[-1]:
            return forms
        forms.append(shorter)


def _sticks(polite: re.Pattern[str], plain: str) -> bool:
    return polite.match(plain) is not None if polite is _HEAD else polite.search(plain) is not None
