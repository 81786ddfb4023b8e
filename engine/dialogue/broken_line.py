"""What a line that breaks, and one that comes back, mean for the interview: nothing that was said is lost."""

from dataclasses import replace

from engine.dialogue import phrases
from engine.dialogue.asking import answer_fact, foreseen
from engine.dialogue.interview import AskJudgement, Expects, Interview, LineBroke, Outcome, repeated
from engine.dialogue.plan import Plan
from engine.transcript import joined
from engine.vocabulary import AnswerState

Step = tuple[Interview, list[Outcome]]


def apology(interview: Interview) -> tuple[str, ...]:
    """What the caller hears first after a break: that it broke, where we were, and what is kept."""
    if interview.current is None:
        return phrases.LINE_BROKE
    if interview.is_judging:
        return (*phrases.LINE_BROKE, *phrases.ANSWER_IS_KEPT)
    kept = phrases.GO_ON_FROM_THERE if interview.parts else ()
    return (*phrases.LINE_BROKE, phrases.we_were_at(interview.current.order), *kept)


def came_back(interview: Interview, plan: Plan) -> Step:
    """An answer that was complete is not asked for again; in any other place the last words are repeated."""
    current = interview.current
    if current is None:
        return interview, repeated(interview, ())
    if interview.is_judging:
        answer = joined(interview.parts)
        return interview, [AskJudgement(current.order, current.question_id, answer.text)]
    question = plan.bank.by_id(current.question_id)
    return interview, [*repeated(interview, ()), foreseen(interview, plan, question)]


def line_broke(interview: Interview, event: LineBroke) -> Step:
    """What was recognised of the answer under way is kept: as unfinished, unless only its meaning was in doubt."""
    current = interview.current
    if current is None or interview.expects is not Expects.ANSWER:
        return interview, []
    if interview.pending is not None:
        pending = interview.pending
        after = replace(
            interview,
            parts=(*interview.parts, joined([pending.before, pending.transcript])),
            spans=(*interview.spans, (pending.started_ms, pending.ended_ms)),
            pending=None,
            is_judging=True,
        )
        return after, [answer_fact(after, current.order, AnswerState.ANSWERED, pending.ended_by)]
    words = event.transcript.words
    if not event.transcript.text.strip():
        return interview, []
    span = (words[0].start_ms, words[-1].end_ms) if words else (0, 0)
    after = replace(interview, parts=(*interview.parts, event.transcript), spans=(*interview.spans, span))
    return after, [answer_fact(after, current.order, AnswerState.UNFINISHED, "line")]
