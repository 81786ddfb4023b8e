"""What the candidate asks us: told from the user's own answers, from a few of ours, or noted for a person."""

import re
from dataclasses import replace
from typing import Final

from engine.dialogue import phrases
from engine.dialogue.interview import Expects, Interview, Outcome, Say, ended, repeated
from engine.dialogue.plan import Plan
from engine.dialogue.signals import Fact
from engine.questions.wording import content_stems

MOST_CLOSING_ROUNDS = 3
_ALIKE: Final = 0.6
"""So large a share of a known question's words must be in what was asked."""
_KNOWN: Final = (
    (
        re.compile(r"\b(?:hear back|next steps?|what happens (?:next|now|after)|results?|feedback|find out)\b"),
        ("A person looks at the results and gets back to you.",),
    ),
    (
        re.compile(r"\bwho (?:will|is going to|can|gets to)\b"),
        ("The people who invited you read the transcript, and hear the recording if you agreed to one.",),
    ),
    (re.compile(r"\brecord(?:ing|ed)\b"), ("The call is recorded only if you agreed to it at its beginning.",)),
    (
        re.compile(r"\b(?:graded|scored|evaluated|judged)\b"),
        ("Every answer is compared with what a good one would mention.", "How you speak is not scored."),
    ),
)
_ONLY_ANNOUNCES: Final = re.compile(
    r"\b(?:ask you|ask|have)(?: got)?(?: (?:a|one|something|another|some))(?: quick)?(?: questions?)?"
    r"(?: (?:first|too|now|for you))?\W*$"
)


def answer_to(text: str, plan: Plan) -> tuple[str, ...] | None:
    """What there is to say to this question; None where a person has to answer it."""
    asked = set(content_stems(text))
    for entry in plan.faq:
        known = set(content_stems(entry.question))
        if known and len(known & asked) >= _ALIKE * len(known):
            return phrases.sentences(entry.answer)
    lowered = text.lower()
    return next((answer for pattern, answer in _KNOWN if pattern.search(lowered)), None)


def asked_us(interview: Interview, text: str, plan: Plan) -> tuple[Interview, list[Outcome]]:
    """In the middle of the interview: answer or note it, and go back to the question."""
    is_asking = interview.expects is Expects.THEIR_QUESTION
    if not is_asking and _ONLY_ANNOUNCES.search(text.lower()):
        after = replace(interview, expects=Expects.THEIR_QUESTION, returns_to=interview.expects)
        return after, [Say(phrases.YOUR_QUESTION, "their question")]
    after = replace(interview, expects=interview.returns_to) if is_asking else interview
    answer = answer_to(text, plan)
    said = answer if answer is not None else phrases.PASSED_ON
    return after, [_fact(text, answer), *repeated(after, (*said, *phrases.BACK_TO_QUESTION))]


def closing_words(interview: Interview, plan: Plan, text: str, is_refusal: bool) -> tuple[Interview, list[Outcome]]:
    """At the end: a question is answered where that is possible, all else noted for the user; then goodbye."""
    if not text.strip() or is_refusal:
        return ended(interview, plan, phrases.GOODBYE, "completed")
    if interview.closing_rounds == 0 and _ONLY_ANNOUNCES.search(text.lower()):
        return replace(interview, closing_rounds=1), [Say(phrases.YOUR_QUESTION, "closing")]
    rounds = interview.closing_rounds + 1
    answer = answer_to(text, plan)
    said = answer if answer is not None else phrases.PASSED_ON
    fact = _fact(text, answer) if answer is not None or "?" in text else Fact("candidate_remarked", {"text": text})
    if rounds >= MOST_CLOSING_ROUNDS:
        after, outcomes = ended(interview, plan, (*said, *phrases.GOODBYE), "completed")
        return after, [fact, *outcomes]
    return replace(interview, closing_rounds=rounds), [fact, Say((*said, *phrases.ANYTHING_ELSE), "closing")]


def _fact(text: str, answer: tuple[str, ...] | None) -> Fact:
    return Fact("candidate_asked", {"text": text, "answer": " ".join(answer or ())})
