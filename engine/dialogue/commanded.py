"""What a user's commands mean for the interview."""

from dataclasses import replace

from engine.dialogue import phrases
from engine.dialogue.asking import answer_fact, closed, closed_without_answer
from engine.dialogue.interview import Expects, Interview, KeepListening, Outcome, Say, ended
from engine.dialogue.plan import Plan
from engine.dialogue.signals import Fact
from engine.vocabulary import AnswerState

Step = tuple[Interview, list[Outcome]]


def ended_by_user(interview: Interview, plan: Plan) -> Step:
    """A kind end that is not the candidate's doing."""
    return ended(interview, plan, phrases.ENDED_BY_USER, "user_ended")


def skipped_by_user(interview: Interview, plan: Plan) -> Step:
    """On to the next question; what was said to this one is kept, and not held against the candidate.

    An answer that we were asking further about was whole before.
    """
    if interview.current is not None and interview.parts:
        state = AnswerState.ANSWERED if interview.follow_ups else AnswerState.UNFINISHED
        fact = answer_fact(interview, interview.current.order, state, "user")
        after, outcomes = closed(interview, plan, state, None, phrases.SKIPPED_BY_USER)
        return after, [fact, *outcomes]
    return closed_without_answer(interview, plan, AnswerState.SKIPPED, "user", phrases.SKIPPED_BY_USER)


def paused_by_user(interview: Interview, plan: Plan) -> Step:
    """A break; the question is asked again afterwards, and what was said to it is kept."""
    after = replace(interview, expects=Expects.PAUSED, returns_to=interview.expects)
    said = Say(phrases.PAUSED_BY_USER, "pause")
    return after, [Fact("paused", {"by": "user"}), said, KeepListening(0, plan.limits.pause_ms)]
