"""More to an answer that we had left already: by the candidate's wish, or because we went on too early."""

from dataclasses import replace

from engine.dialogue import phrases
from engine.dialogue.asking import answer_fact, asked_again, closing, saved
from engine.dialogue.interview import Expects, Interview, Outcome, Say, repeated
from engine.dialogue.plan import Plan
from engine.transcript import Transcript
from engine.vocabulary import AnswerState


def continued_previous(
    interview: Interview, plan: Plan, part: Transcript, span: tuple[int, int]
) -> tuple[Interview, list[Outcome]] | None:
    """The candidate was not finished when we went on: the words belong to the answer before, and we ask again.

    None when there is no earlier answer that they could belong to.
    """
    if interview.current is None or interview.parts or not interview.previous_parts:
        return None
    return _added(interview, plan, part, span, phrases.ASK_ANEW)


def reopened(interview: Interview) -> tuple[Interview, list[Outcome]]:
    """The candidate wants to go back: ask what there is to add to the answer before."""
    if _previous_order(interview) < 1:
        return interview, repeated(interview, phrases.FIRST_ONE)
    after = replace(interview, expects=Expects.ADDITION, returns_to=interview.expects)
    return after, [Say(phrases.ADD_TO_ANSWER, "addition")]


def added(interview: Interview, plan: Plan, part: Transcript, span: tuple[int, int]) -> tuple[Interview, list[Outcome]]:
    """What was to be added has been said; back to where we were."""
    after = replace(interview, expects=interview.returns_to)
    if not part.text:
        return after, repeated(after, phrases.BACK_TO_QUESTION)
    return _added(after, plan, part, span, (*phrases.CONSENT_THANKS, *phrases.BACK_TO_QUESTION))


def _added(
    interview: Interview, plan: Plan, part: Transcript, span: tuple[int, int], before: tuple[str, ...]
) -> tuple[Interview, list[Outcome]]:
    order = _previous_order(interview)
    previous = interview.asked[order - 1]
    whole = replace(interview, parts=(*interview.previous_parts, part), spans=(*interview.previous_spans, span))
    fact = answer_fact(whole, order, AnswerState.ANSWERED, "silence")
    asked = list(interview.asked)
    asked[order - 1] = replace(previous, state=AnswerState.ANSWERED)
    after = replace(interview, asked=tuple(asked), previous_parts=whole.parts, previous_spans=whole.spans)
    if after.current is None:
        after, outcomes = closing(after, phrases.CONSENT_THANKS)
    else:
        after, outcomes = asked_again(after, plan, before)
    return after, [fact, saved(after), *outcomes]


def _previous_order(interview: Interview) -> int:
    """The number of the question before the open one; of the last one when none is open."""
    return len(interview.asked) - (1 if interview.current is not None else 0)
