"""What a user's commands mean for the interview."""

from engine.dialogue import phrases
from engine.dialogue.asking import answer_fact, closed, closed_without_answer
from engine.dialogue.interview import Interview, Outcome, ended
from engine.dialogue.plan import Plan
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
