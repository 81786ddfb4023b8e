"""What a user's commands mean for the interview."""

from engine.dialogue import phrases
from engine.dialogue.asking import closed_without_answer
from engine.dialogue.interview import Interview, Outcome, ended
from engine.dialogue.plan import Plan
from engine.vocabulary import AnswerState

Step = tuple[Interview, list[Outcome]]


def ended_by_user(interview: Interview, plan: Plan) -> Step:
    """A kind end that is not the candidate's doing."""
    return ended(interview, plan, phrases.ENDED_BY_USER, "user_ended")


def skipped_by_user(interview: Interview, plan: Plan) -> Step:
    """On to the next question; what was said to this one counts as its answer."""
    return closed_without_answer(interview, plan, AnswerState.SKIPPED, "user", phrases.SKIPPED_BY_USER)
