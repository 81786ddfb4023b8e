"""Is what a model wrote fit to be said? Code decides, before a voice gets it. And what its labels mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.dialogue.intents import Intent
from engine.dialogue.interview import Understood
from engine.dialogue.prompts import (
    FOLLOW_UP_VERSION,
    INTENT_LABELS,
    INTENT_VERSION,
    REWORDING_VERSION,
)
from engine.dialogue.speakable import speakable
from engine.questions.bank import QuestionBank
from engine.questions.question import Question
from engine.questions.reading import LONGEST_SPOKEN_WORDS
from engine.questions.wording import content_stems

MODEL = "model"
BANK = "bank"
"""Where the words of a question come from."""

LONGEST_SENTENCE_WORDS = 30
MOST_REMARKS = 1
"""Sentences before the question itself."""
GIVEN_AWAY = 0.5
"""So large a share of what a key point says beyond question and answer must not be named."""
SURE = 0.7
SURE_TO_LOSE_WORDS = 0.85
"""How sure a model must be of an intent, and of one after which the words do not count as an answer."""

_VERSIONS = {"probe": FOLLOW_UP_VERSION, "reword": REWORDING_VERSION, "intent": INTENT_VERSION}
_JUDGES = re.compile(
    r"\b(?:scor(?:e|es|ed|ing)|points|marks|percent|grad(?:e|ed|es|ing)|rat(?:ed|ing)|out of (?:five|ten|\d+)|"
    r"correct(?:ly)?|incorrect|wrong|mistaken?|well done|excellent|perfect(?:ly)?|brilliant|impressive|"
    r"(?:great|good|nice|strong|weak|solid) (?:answer|job|point|start|one|work|try)|not quite|almost right|"
    r"(?:you are|you're|that is|that's) right|pass(?:ed)? the|fail(?:ed)? the|hire[ds]?|hiring|unfortunately)\b",
    re.IGNORECASE,
)
_NOT_OURS = re.compile(
    r"\b(?:language model|as an ai|my instructions|system prompt|i (?:cannot|can't|am unable to)|the candidate|"
    r"key points?|reference answer|the answer is)\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"[<>{}|`\\]|https?:|\[|\]")
_REQUESTS = re.compile(
    r"(?:(?:please|so|now|then|and),? )*"
    r"(?:tell|explain|describe|walk|talk|compare|name|give|say|imagine|suppose|think|take|pick|list|sketch|outline)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the words of a task must keep within."""

    known: str
    """The question, and what the candidate said: words that may be used freely."""
    withheld: tuple[str, ...]
    """Claims that are asked for and must not be named."""


def bounds(task: str, fields: Mapping[str, Any], bank: QuestionBank) -> Bounds:
    """The bounds of a follow-up ("probe") or a rewording ("reword"), from the fields of its request."""
    question = bank.by_id(fields["question_id"])
    if task == "probe":
        missing = [question.key_point(each).text for each in fields["missing"] if _has(question, each)]
        return Bounds(f"{question.spoken} {fields['answer']}", tuple(missing))
    return Bounds(question.spoken, tuple(point.text for point in question.key_points))


def fit_to_say(text: str, within: Bounds, before: tuple[str, ...]) -> str | None:
    """The sentence as it may be spoken; None where it must not be. before: sentences of the reply so far.

    It must be short and speakable, ask one thing at most, judge nothing, and give nothing away.
    """
    said = speakable(text)
    words = len(said.split())
    whole = words + sum(len(sentence.split()) for sentence in before)
    is_too_long = words > LONGEST_SENTENCE_WORDS or whole > LONGEST_SPOKEN_WORDS
    if words < 2 or is_too_long or _CODE.search(text):
        return None
    if said.count("?") > 1 or (len(before) >= MOST_REMARKS and not asks(said)):
        return None
    # A word that the question itself uses is no verdict: "which result is correct?"
    if _NOT_OURS.search(said) or any(found.lower() not in within.known.lower() for found in _JUDGES.findall(said)):
        return None
    return None if _gives_away(said, within) else said


def asks(sentence: str) -> bool:
    """Whether the sentence is a question, or a request that stands for one."""
    return sentence.endswith("?") or _REQUESTS.match(sentence) is not None


def understood(data: Mapping[str, Any] | None) -> Understood:
    """The intent that a model's reply tells of; none where it is unsure, says nonsense, or says nothing.

    Ending a call on a model's word alone would be rash: the candidate is asked first.
    """
    label, confidence = (data or {}).get("intent"), (data or {}).get("confidence")
    intent = INTENT_LABELS.get(label) if isinstance(label, str) else None
    if intent is None or not isinstance(confidence, int | float) or not SURE <= confidence <= 1:
        return Understood(None)
    if intent in (Intent.SKIP, Intent.ASIDE, Intent.NOT_KNOWN, Intent.DONE) and confidence < SURE_TO_LOSE_WORDS:
        return Understood(None)
    return Understood(Intent.END if intent is Intent.NEVER_AGAIN else intent, str(label), float(confidence))


def version_of(task: str) -> str:
    """The version of the prompt of a live task."""
    return _VERSIONS[task]


def _has(question: Question, key_point: str) -> bool:
    return any(point.id == key_point for point in question.key_points)


def _gives_away(said: str, within: Bounds) -> bool:
    named, free = set(content_stems(said)), set(content_stems(within.known))
    for claim in within.withheld:
        secret = set(content_stems(claim)) - free
        if secret and len(secret & named) >= GIVEN_AWAY * len(secret):
            return True
    return False
