"""What is done about each wish of the candidate's, whether spoken or pressed."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from engine.dialogue import phrases
from engine.dialogue.asking import closed, closed_without_answer, heard_part, rephrased
from engine.dialogue.going_back import reopened
from engine.dialogue.intents import Intent, intent_of
from engine.dialogue.interview import (
    Answered,
    Expects,
    Interview,
    KeepListening,
    Outcome,
    Say,
    ended,
    has_answered,
    repeated,
)
from engine.dialogue.plan import Plan
from engine.dialogue.signals import Fact, TuneVoice
from engine.dialogue.their_questions import asked_us
from engine.dialogue.yes_or_no import said_yes
from engine.transcript import joined
from engine.vocabulary import AnswerState

Step = tuple[Interview, list[Outcome]]

SPEEDS = (0.75, 0.85, 1.0, 1.15, 1.3, 1.5)
GAINS_DB = (-8, -4, 0, 4, 8)
MOST_ABUSES = 2
MOST_CONFIRMATIONS = 2
_QUESTIONS: dict[Intent, tuple[str, ...]] = {
    Intent.SKIP: phrases.CONFIRM_SKIP,
    Intent.END: phrases.CONFIRM_END,
    Intent.LATER: phrases.CONFIRM_LATER,
    Intent.WRONG_PERSON: phrases.CONFIRM_WRONG_PERSON,
}
"""Wishes that would cost something if they were misheard, and what is asked first."""


def fulfilled(interview: Interview, intent: Intent, text: str, event: Answered | None, plan: Plan) -> Step:
    """Do what the candidate wants. text: the words, empty for a key. event: the turn; None for a key."""
    if event is not None and intent in _QUESTIONS:
        return confirmed_first(interview, intent)
    how = {"by": "words" if event is not None else "key", "text": text}
    step = _ABOUT_THE_CALL.get(intent)
    if step is not None:
        return step(interview, how, plan)
    if interview.current is None or intent is Intent.ASIDE:
        return interview, [KeepListening()]
    return _about_the_question(interview, intent, text, event, plan)


def confirmed_first(interview: Interview, intent: Intent) -> Step:
    """Ask whether this is really what is wanted."""
    returns_to = interview.returns_to if interview.expects is Expects.CONFIRMATION else interview.expects
    after = replace(interview, expects=Expects.CONFIRMATION, confirming=intent, returns_to=returns_to, tries=0)
    return after, [Say(_QUESTIONS[intent], "confirm")]


def asked_to_confirm(interview: Interview) -> list[Outcome]:
    """Ask once more."""
    assert interview.confirming is not None
    return [Say(_QUESTIONS[interview.confirming], "confirm")]


def confirmation(interview: Interview, text: str, plan: Plan) -> Step | None:
    """What comes of a confirmation; None where the words are not about it, and stand for themselves."""
    wish = interview.confirming
    assert wish is not None
    after = replace(interview, expects=interview.returns_to, confirming=None)
    again = intent_of(text, plan.name)
    if again is wish or (again is None and said_yes(text) is True and len(text.split()) <= 6):
        return done_as_confirmed(after, wish, text, plan)
    if again is not None or len(text.split()) > 6:
        return None
    if said_yes(text) is None and interview.tries + 1 < MOST_CONFIRMATIONS:
        return replace(interview, tries=interview.tries + 1), asked_to_confirm(interview)
    return after, repeated(after, phrases.GO_ON)


def done_as_confirmed(interview: Interview, wish: Intent, text: str, plan: Plan) -> Step:
    """The wish was confirmed."""
    if wish is Intent.SKIP and interview.current is not None:
        return closed_without_answer(interview, plan, AnswerState.SKIPPED, "skip", phrases.SKIPPED)
    how = {"by": "words", "text": text}
    if wish is Intent.LATER:
        after, outcomes = ended(interview, plan, phrases.GOODBYE_LATER, "call_back")
        return after, [Fact("call_back_wanted", how), *outcomes]
    if wish is Intent.WRONG_PERSON:
        after, outcomes = ended(interview, plan, phrases.GOODBYE_WRONG_PERSON, "wrong_person")
        return after, [Fact("wrong_person", how), *outcomes]
    goodbye = phrases.GOODBYE_STOPPED if has_answered(interview) else phrases.GOODBYE_EARLY
    return ended(interview, plan, goodbye, "candidate_ended")


def _about_the_question(interview: Interview, intent: Intent, text: str, event: Answered | None, plan: Plan) -> Step:
    before = event.before if event is not None else None
    match intent:
        case Intent.REPHRASE:
            return rephrased(interview, plan, text)
        case Intent.NOT_KNOWN if event is not None:
            said = joined([event.before, event.transcript])
            after, outcomes = heard_part(interview, said, (event.started_ms, event.ended_ms), event.ended_by)
            after, more = closed(after, plan, AnswerState.ANSWERED, None, phrases.NOT_KNOWN)
            return after, [outcomes[0], *more]
        case Intent.SKIP:
            return closed_without_answer(interview, plan, AnswerState.SKIPPED, "skip", phrases.SKIPPED)
        case Intent.DONE if before is not None and before.text and event is not None:
            return heard_part(interview, before, (event.started_ms, event.ended_ms), event.ended_by)
    return closed_without_answer(interview, plan, AnswerState.SILENT, "key", phrases.NOT_KNOWN)


def _repeat(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    return interview, repeated(interview, phrases.AGAIN)


def _wait(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    return interview, [Say(phrases.MORE_TIME, "prompt"), KeepListening(plan.limits.patience_ms)]


def _pause(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    after = replace(interview, expects=Expects.PAUSED, returns_to=_returning(interview))
    return after, [Fact("paused", how), Say(phrases.PAUSED, "pause"), KeepListening(0, plan.limits.pause_ms)]


def _human(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    return interview, [Fact("human_wanted", how), *repeated(interview, phrases.HUMAN)]


def _never_again(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    after, outcomes = ended(interview, plan, phrases.NEVER_AGAIN, "candidate_ended")
    return after, [Fact("calls_refused", how), *outcomes]


def _robot(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    return interview, repeated(interview, phrases.I_AM_AN_AI)


def _hello(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    return interview, repeated(interview, phrases.I_AM_HERE)


def _progress(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    order = max(1, len(interview.asked))
    return interview, repeated(interview, phrases.progress(order, plan.question_count))


def _go_back(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    return reopened(interview)


def _asks(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    return asked_us(interview, how["text"], plan)


def _abuse(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
    after = replace(interview, abuses=interview.abuses + 1)
    fact = Fact("abuse_heard", {"text": how["text"], "times": after.abuses})
    if after.abuses >= MOST_ABUSES:
        goodbye = phrases.GOODBYE_ABUSED_FOR_GOOD if has_answered(after) else phrases.GOODBYE_ABUSED
        after, outcomes = ended(after, plan, goodbye, "abuse")
        return after, [fact, *outcomes]
    return after, [fact, *repeated(after, phrases.CALM)]


def _tuned(
    said: tuple[str, ...], *, faster: int = 0, louder: int = 0
) -> Callable[[Interview, dict[str, str], Plan], Step]:
    def tune(interview: Interview, how: dict[str, str], plan: Plan) -> Step:
        speed = _moved(SPEEDS, interview.speed, faster)
        gain_db = _moved(GAINS_DB, interview.gain_db, louder)
        if (speed, gain_db) == (interview.speed, interview.gain_db):
            return interview, repeated(interview, phrases.NO_FURTHER)
        after = replace(interview, speed=speed, gain_db=gain_db)
        return after, [TuneVoice(speed, gain_db), *repeated(after, said)]

    return tune


_Step = TypeVar("_Step", int, float)


def _moved(scale: tuple[_Step, ...], value: _Step, steps: int) -> _Step:
    return scale[max(0, min(len(scale) - 1, scale.index(value) + steps))]


def _returning(interview: Interview) -> Expects:
    """What is expected again afterwards, also where one interlude follows another."""
    is_interlude = interview.expects in (Expects.PAUSED, Expects.CONFIRMATION, Expects.THEIR_QUESTION)
    return interview.returns_to if is_interlude else interview.expects


_ABOUT_THE_CALL: dict[Intent, Callable[[Interview, dict[str, str], Plan], Step]] = {
    Intent.REPEAT: _repeat,
    Intent.WAIT: _wait,
    Intent.PAUSE: _pause,
    Intent.HUMAN: _human,
    Intent.NEVER_AGAIN: _never_again,
    Intent.ROBOT: _robot,
    Intent.HELLO: _hello,
    Intent.PROGRESS: _progress,
    Intent.GO_BACK: _go_back,
    Intent.ASKS: _asks,
    Intent.ABUSE: _abuse,
    Intent.SLOWER: _tuned(phrases.SLOWER, faster=-1),
    Intent.FASTER: _tuned(phrases.FASTER, faster=1),
    Intent.LOUDER: _tuned(phrases.LOUDER, louder=1),
    Intent.QUIETER: _tuned(phrases.QUIETER, louder=-1),
}
