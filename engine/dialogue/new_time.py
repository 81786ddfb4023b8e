"""A line on which nobody can be understood: another time is offered, once in a call, by voice and by key."""

from dataclasses import replace

from engine.dialogue.interview import Expects, Interview, Outcome, Say, ended
from engine.dialogue.line_troubles import GOODBYE_BAD_LINE, OFFER_NEW_TIME
from engine.dialogue.plan import Plan
from engine.dialogue.signals import Fact

Step = tuple[Interview, list[Outcome]]

LABEL = "new time"
MOST_TRIES = 2


def is_due(interview: Interview) -> bool:
    """Whether the line is too bad to go on without asking."""
    return bool(interview.hopeless) and not interview.is_time_offered


def offered(interview: Interview, before: tuple[str, ...], returns_to: Expects) -> Step:
    """Ask whether to stop for a new time; it takes the place of any other advice about the line."""
    after = replace(
        interview,
        expects=Expects.NEW_TIME,
        returns_to=returns_to,
        is_time_offered=True,
        is_advised=True,
        advice=(),
        tries=0,
        last_said=OFFER_NEW_TIME,
        last_label=LABEL,
    )
    return after, [Fact("new_time_offered", {"trouble": interview.hopeless}), Say((*before, *OFFER_NEW_TIME), LABEL)]


def offered_again(interview: Interview, plan: Plan) -> Step:
    """No answer, or none that could be understood: whoever cannot be understood twice needs another line."""
    if interview.tries + 1 >= MOST_TRIES:
        return accepted(interview, plan, "line", "")
    return replace(interview, tries=interview.tries + 1), [Say(OFFER_NEW_TIME, LABEL)]


def accepted(interview: Interview, plan: Plan, by: str, text: str) -> Step:
    """Take leave for now. by: words, key, or line where nothing could be understood."""
    after, outcomes = ended(interview, plan, GOODBYE_BAD_LINE, "bad_line")
    return after, [Fact("new_time_wanted", {"by": by, "text": text}), *outcomes]
