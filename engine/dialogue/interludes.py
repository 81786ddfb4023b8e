"""Where something else than an answer is expected: consent, a break, the candidate's own questions, the end."""

from collections.abc import Callable
from dataclasses import replace

from engine.dialogue import new_time, phrases
from engine.dialogue.answering import machine_words
from engine.dialogue.asking import asked_next
from engine.dialogue.going_back import added
from engine.dialogue.intents import Intent
from engine.dialogue.interview import Answered, Expects, Interview, KeepListening, Outcome, Say, repeated
from engine.dialogue.plan import Plan
from engine.dialogue.signals import Fact
from engine.dialogue.their_questions import asked_us, closing_words
from engine.dialogue.wishes import done_as_confirmed, fulfilled
from engine.dialogue.yes_or_no import said_yes
from engine.transcript import joined

Step = tuple[Interview, list[Outcome]]

_CONSENT_TRIES = 2


def consented(interview: Interview, text: str, is_granted: bool | None, plan: Plan) -> Step:
    """A yes, a no, or neither; whoever says neither twice is not recorded."""
    tries = interview.consent_tries + 1
    if is_granted is None and new_time.is_due(interview):
        return new_time.offered(interview, (), Expects.CONSENT)
    if is_granted is None and tries < _CONSENT_TRIES:
        return replace(interview, consent_tries=tries), [Say(phrases.CONSENT_AGAIN, "consent")]
    granted = bool(is_granted)
    fact = Fact("consent_given", {"is_granted": granted, "answer": text, "text_version": phrases.CONSENT_TEXT_VERSION})
    thanks = phrases.CONSENT_THANKS if granted else phrases.NO_RECORDING
    after, outcomes = asked_next(replace(interview, consent_tries=tries), plan, thanks)
    return after, [fact, *outcomes]


def _at_consent(interview: Interview, intent: Intent | None, event: Answered, plan: Plan) -> Step:
    text = event.transcript.text
    if (machine := machine_words(text)) is not None:
        return interview, [Fact("machine_heard", {"who": machine.value, "text": text}), KeepListening()]
    if intent in _WHILE_CONSENTING:
        return fulfilled(interview, intent, text, event, plan)
    return consented(interview, text, said_yes(text), plan)


def _at_the_end(interview: Interview, intent: Intent | None, event: Answered, plan: Plan) -> Step:
    text = event.transcript.text
    if intent in _WHILE_CLOSING:
        return fulfilled(interview, intent, text, event, plan)
    is_refusal = said_yes(text) is False or intent in (Intent.DONE, Intent.SKIP, Intent.END, Intent.NOT_KNOWN)
    return closing_words(interview, plan, text, is_refusal)


def _in_a_pause(interview: Interview, intent: Intent | None, event: Answered, plan: Plan) -> Step:
    if intent in (Intent.WAIT, Intent.PAUSE):
        return interview, [Say(phrases.STILL_PAUSED, "pause"), KeepListening(0, plan.limits.pause_ms)]
    after = replace(interview, expects=interview.returns_to)
    if intent is not None and intent not in (Intent.DONE, Intent.HELLO):
        return fulfilled(after, intent, event.transcript.text, event, plan)
    return after, repeated(after, phrases.GO_ON)


def _adding(interview: Interview, intent: Intent | None, event: Answered, plan: Plan) -> Step:
    if intent in (Intent.WAIT, Intent.NEVER_AGAIN, Intent.HUMAN, Intent.END):
        return fulfilled(interview, intent, event.transcript.text, event, plan)
    said = joined([event.before, event.transcript]) if intent is None else event.before
    return added(interview, plan, said, (event.started_ms, event.ended_ms))


def _their_question(interview: Interview, intent: Intent | None, event: Answered, plan: Plan) -> Step:
    if intent is None or intent is Intent.ASKS:
        return asked_us(interview, event.transcript.text, plan)
    after = replace(interview, expects=interview.returns_to)
    return fulfilled(after, intent, event.transcript.text, event, plan)


def _at_new_time(interview: Interview, intent: Intent | None, event: Answered, plan: Plan) -> Step:
    text = event.transcript.text
    if intent in _WHILE_OFFERING:
        return fulfilled(interview, intent, text, event, plan)
    is_wanted = True if intent in (Intent.LATER, Intent.END, Intent.PAUSE) else said_yes(text)
    if is_wanted is None:
        return new_time.offered_again(interview, plan)
    return new_time.accepted(interview, plan, "words", text) if is_wanted else _going_on(interview, plan)


def _going_on(interview: Interview, plan: Plan) -> Step:
    """The line stays as it is, and so does what was to come."""
    after = replace(interview, expects=interview.returns_to)
    if after.expects is Expects.CONSENT:
        said = phrases.CONSENT_AGAIN[-1:]
        return replace(after, last_said=said, last_label="consent"), [Say((*phrases.GO_ON, *said), "consent")]
    return asked_next(after, plan, phrases.GO_ON)


def key_at_new_time(interview: Interview, digit: str, intent: Intent | None, plan: Plan) -> Step:
    """One stops for a new time, two goes on."""
    if digit == "1":
        return new_time.accepted(interview, plan, "key", "")
    if digit == "2":
        return _going_on(interview, plan)
    if intent is Intent.DONE or intent is None:
        return interview, [KeepListening()]
    return fulfilled(interview, intent, "", None, plan)


_WHILE_CONSENTING = frozenset(
    (
        Intent.REPEAT, Intent.REPHRASE, Intent.NEVER_AGAIN, Intent.HUMAN, Intent.WRONG_PERSON, Intent.LATER, Intent.END,
        Intent.ROBOT, Intent.HELLO, Intent.SLOWER, Intent.FASTER, Intent.LOUDER, Intent.QUIETER, Intent.WAIT,
        Intent.PAUSE, Intent.ASKS, Intent.PROGRESS, Intent.ABUSE,
    )
)  # fmt: skip
_WHILE_CLOSING = frozenset(
    (
        Intent.REPEAT, Intent.NEVER_AGAIN, Intent.HUMAN, Intent.ROBOT, Intent.HELLO, Intent.SLOWER, Intent.FASTER,
        Intent.LOUDER, Intent.QUIETER, Intent.WAIT, Intent.PAUSE, Intent.GO_BACK, Intent.ABUSE,
    )
)  # fmt: skip
_WHILE_OFFERING = frozenset(
    (
        Intent.REPEAT, Intent.NEVER_AGAIN, Intent.HUMAN, Intent.ROBOT, Intent.HELLO, Intent.SLOWER, Intent.FASTER,
        Intent.LOUDER, Intent.QUIETER, Intent.WAIT, Intent.ABUSE,
    )
)  # fmt: skip
ASIDES: dict[Expects, Callable[[Interview, Intent | None, Answered, Plan], Step]] = {
    Expects.CONSENT: _at_consent,
    Expects.NEW_TIME: _at_new_time,
    Expects.CLOSING_WORDS: _at_the_end,
    Expects.PAUSED: _in_a_pause,
    Expects.ADDITION: _adding,
    Expects.THEIR_QUESTION: _their_question,
}
"""Where something else than an answer is expected."""


INTERLUDES = (Expects.CONFIRMATION, Expects.PAUSED, Expects.THEIR_QUESTION, Expects.ADDITION)


def key_in_an_interlude(interview: Interview, intent: Intent, plan: Plan) -> Step:
    """The key of the wish confirms it; any other one leads back to where we were."""
    wish = interview.confirming if interview.expects is Expects.CONFIRMATION else None
    after = replace(interview, expects=interview.returns_to, confirming=None)
    if wish is intent:
        return done_as_confirmed(after, wish, "", plan)
    return after, repeated(after, phrases.GO_ON)
