"""Which question comes next, what follows up on a thin answer, and how an answer is closed."""

from dataclasses import asdict, replace
from typing import Any

from engine.dialogue import new_time, phrases, wording
from engine.dialogue.interview import (
    AskJudgement,
    Compose,
    Expects,
    Foresee,
    Interview,
    Judged,
    Outcome,
    Say,
    Stage,
    Worded,
    present_difficulty,
)
from engine.dialogue.plan import Asked, Plan, progress_data
from engine.dialogue.signals import Fact
from engine.dialogue.speakable import speakable
from engine.questions.bank import FollowUp, Question
from engine.questions.choice import Choice, choose, stepwise
from engine.questions.expected import expected_terms
from engine.transcript import Transcript, joined
from engine.vocabulary import AnswerState, Difficulty

KEYS_AFTER = 1
"""The keys are explained when so many questions were answered: by then a candidate knows what they are good for."""
PROGRESS_EVERY = 3
"""Every third question is announced by its number, and the last one as the last, where there are five or more."""
_SCORES_OF_EACH_COURSE = (None, 90.0, 20.0)
"""One score for each way the next difficulty can go: same, harder, easier."""


def asked_next(interview: Interview, plan: Plan, before: tuple[str, ...]) -> tuple[Interview, list[Outcome]]:
    """Ask the next question, introduced by `before`; close when there is none."""
    if interview.current is not None:
        return asked_again(interview, plan, before)
    choice = _choice(interview, plan, interview.asked[-1].score if interview.asked else None)
    if choice is None:
        return closing(interview, before)
    if new_time.is_due(interview):
        return new_time.offered(interview, before, Expects.ANSWER)
    question = choice.question
    asked = Asked(question.id, len(interview.asked) + 1, question.difficulty)
    before = (*before, *_announcements(interview, asked.order, plan))
    said = phrases.sentences(question.spoken)
    after = replace(
        interview,
        stage=Stage.ASKING,
        expects=Expects.ANSWER,
        asked=(*interview.asked, asked),
        parts=(),
        spans=(),
        follow_ups=0,
        is_judging=False,
        last_said=said,
        last_label=f"ask:{question.id}",
        is_time_short=False,
        advice=(),
    )
    outcomes: list[Outcome] = [
        Fact("stage_changed", {"stage": Stage.ASKING.value}),
        Fact("question_asked", _question_data(asked, question, choice, plan)),
        saved(after),
        Say((*before, *said), after.last_label),
        foreseen(after, plan, question),
    ]
    return after, outcomes


def _announcements(interview: Interview, order: int, plan: Plan) -> tuple[str, ...]:
    """What is said before a question: advice and keys once, where we are at intervals, and that time is short."""
    first = phrases.FIRST_QUESTION if order == 1 else ()
    said = (*interview.advice, *first, *(phrases.KEYS if order == KEYS_AFTER + 1 else ()))
    if interview.is_time_short:
        return (*said, *phrases.TIME_IS_SHORT)
    is_due = order > 1 and (order == plan.question_count or order % PROGRESS_EVERY == 0)
    return (*said, *phrases.progress(order, plan.question_count)) if is_due and plan.question_count >= 5 else said


def asked_again(interview: Interview, plan: Plan, before: tuple[str, ...]) -> tuple[Interview, list[Outcome]]:
    """Ask the open question once more: after an interruption, or in a call that goes on where another stopped."""
    assert interview.current is not None
    question = plan.bank.by_id(interview.current.question_id)
    said = phrases.sentences(question.spoken)
    after = replace(
        interview, stage=Stage.ASKING, expects=Expects.ANSWER, last_said=said, last_label=f"ask:{question.id}"
    )
    return after, [Say((*before, *said), after.last_label), foreseen(after, plan, question)]


def heard_part(
    interview: Interview, part: Transcript, span: tuple[int, int], ended_by: str
) -> tuple[Interview, list[Outcome]]:
    """Another stretch of the answer to the open question: keep it at once, then ask for a quick judgement."""
    current = interview.current
    assert current is not None
    after = replace(interview, parts=(*interview.parts, part), spans=(*interview.spans, span), is_judging=True)
    answer = joined(after.parts)
    fact = answer_fact(after, current.order, AnswerState.ANSWERED, ended_by)
    return after, [fact, AskJudgement(current.order, current.question_id, answer.text)]


def judged(interview: Interview, event: Judged, plan: Plan) -> tuple[Interview, list[Outcome]]:
    """Follow up once where too little was said; otherwise close the question and go on."""
    current = interview.current
    if current is None or event.order != current.order or not interview.is_judging:
        return interview, []
    question = plan.bank.by_id(current.question_id)
    acknowledgement = (phrases.acknowledgement(len(interview.asked) + interview.follow_ups),)
    follow_up = _follow_up(interview, event, question, plan)
    if follow_up is None:
        return closed(interview, plan, AnswerState.ANSWERED, event.score, acknowledgement)
    said = phrases.sentences(follow_up.text)
    after = replace(
        interview,
        follow_ups=interview.follow_ups + 1,
        is_judging=False,
        expects=Expects.ANSWER,
        last_said=said,
        last_label=f"probe:{question.id}",
    )
    wanted = (follow_up.key_point,) if follow_up.key_point else ()
    fields = {
        "question_id": question.id,
        "order": current.order,
        "key_point": follow_up.key_point,
        "answer": joined(interview.parts).text,
        "missing": list(dict.fromkeys((*wanted, *event.missing))),
    }
    return after, [Compose("probe", fields, acknowledgement, said, after.last_label)]


def rephrased(interview: Interview, plan: Plan, heard: str) -> tuple[Interview, list[Outcome]]:
    """Ask the open question in other words."""
    current = interview.current
    assert current is not None
    question = plan.bank.by_id(current.question_id)
    # The bank knows two wordings at most: as it is said, and as it is shown.
    shown = phrases.sentences(speakable(question.text)) or phrases.sentences(question.spoken)
    after = replace(interview, expects=Expects.ANSWER)
    fields = {"question_id": question.id, "order": current.order, "heard": heard}
    return after, [Compose("reword", fields, phrases.AGAIN, shown, f"repeat:{interview.last_label}")]


def worded(interview: Interview, event: Worded, plan: Plan) -> tuple[Interview, list[Outcome]]:
    """The words of a question were found: they are what "repeat" repeats, and it is kept where they come from."""
    wanted = event.wanted
    text = " ".join(event.texts)
    version = wording.version_of(wanted.task) if event.source == wording.MODEL else plan.bank.version
    data = {"order": wanted.fields["order"], "text": text, "source": event.source, "version": version}
    after = replace(interview, last_said=event.texts)
    if wanted.task == "probe":
        return after, [Fact("follow_up_asked", {**data, "key_point": wanted.fields["key_point"]})]
    return after, [Fact("question_reworded", data)]


def closed(
    interview: Interview, plan: Plan, state: AnswerState, score: float | None, before: tuple[str, ...]
) -> tuple[Interview, list[Outcome]]:
    """The open question is dealt with; go on to the next one."""
    current = interview.current
    assert current is not None
    after = replace(
        interview,
        asked=(*interview.asked[:-1], replace(current, state=state, score=score)),
        is_judging=False,
        follow_ups=0,
        previous_parts=interview.parts if state is AnswerState.ANSWERED else (),
        previous_spans=interview.spans if state is AnswerState.ANSWERED else (),
    )
    next_interview, outcomes = asked_next(after, plan, before)
    return next_interview, [saved(after), *outcomes]


def closed_without_answer(
    interview: Interview, plan: Plan, state: AnswerState, ended_by: str, before: tuple[str, ...]
) -> tuple[Interview, list[Outcome]]:
    """Skipped, or nothing was said: it does not count as wrong. What was said before is kept as an answer."""
    current = interview.current
    assert current is not None
    if interview.parts:
        return closed(interview, plan, AnswerState.ANSWERED, None, before)
    fact = answer_fact(interview, current.order, state, ended_by)
    after, outcomes = closed(interview, plan, state, None, before)
    return after, [fact, *outcomes]


def answer_fact(interview: Interview, order: int, state: AnswerState, ended_by: str) -> Fact:
    """The answer to the question `order` as it now stands."""
    answer = joined(interview.parts)
    return Fact(
        "answer_completed",
        {
            "order": order,
            "state": state.value,
            "text": answer.text,
            "words": [asdict(word) for word in answer.words],
            "start_ms": interview.spans[0][0] if interview.spans else None,
            "end_ms": interview.spans[-1][1] if interview.spans else None,
            "ended_by": ended_by,
        },
    )


def saved(interview: Interview) -> Fact:
    """Where the interview stands now, for the next call or another process."""
    return Fact("progress_saved", {"progress": progress_data(interview.asked)})


def _choice(interview: Interview, plan: Plan, score: float | None) -> Choice | None:
    order = len(interview.asked) + 1
    if order > plan.question_count:
        return None
    difficulty = stepwise(score, present_difficulty(interview)) if interview.asked else Difficulty.EASY
    return choose(
        plan.bank,
        topics=plan.topics,
        level=plan.level,
        difficulty=difficulty,
        asked=tuple(each.question_id for each in interview.asked),
        order=order,
        total=plan.question_count,
        seed=plan.seed,
    )


def closing(interview: Interview, before: tuple[str, ...]) -> tuple[Interview, list[Outcome]]:
    """No question is left: the candidate's own."""
    after = replace(
        interview,
        stage=Stage.CLOSING,
        expects=Expects.CLOSING_WORDS,
        last_said=phrases.CLOSING,
        last_label="closing",
    )
    return after, [Fact("stage_changed", {"stage": Stage.CLOSING.value}), Say((*before, *phrases.CLOSING), "closing")]


def _follow_up(interview: Interview, event: Judged, question: Question, plan: Plan) -> FollowUp | None:
    if interview.follow_ups >= plan.limits.most_follow_ups or not event.missing:
        return None
    words = len(joined(interview.parts).text.split())
    is_thin = words < plan.limits.fewest_words or (event.score is not None and event.score < 50)
    if not is_thin:
        return None
    for key_point in event.missing:
        for follow_up in question.follow_ups:
            if follow_up.key_point == key_point:
                return follow_up
    return next((follow_up for follow_up in question.follow_ups if follow_up.key_point is None), None)


def foreseen(interview: Interview, plan: Plan, question: Question) -> Foresee:
    """What may be said and heard next while this question is open."""
    texts = [sentence for follow_up in question.follow_ups for sentence in phrases.sentences(follow_up.text)]
    answered = replace(
        interview, asked=(*interview.asked[:-1], replace(interview.asked[-1], state=AnswerState.ANSWERED))
    )
    for score in _SCORES_OF_EACH_COURSE:
        choice = _choice(answered, plan, score)
        if choice is not None:
            texts.extend(phrases.sentences(choice.question.spoken))
    return Foresee(tuple(dict.fromkeys(texts)), expected_terms(question, plan.topics))


def _question_data(asked: Asked, question: Question, choice: Choice, plan: Plan) -> dict[str, Any]:
    return {
        "order": asked.order,
        "total": plan.question_count,
        "question_id": question.id,
        "topic": question.topic.value,
        "difficulty": question.difficulty.value,
        "kind": question.kind,
        "text": question.text,
        "why": choice.why,
        "source": question.source if question.version else wording.BANK,
        "version": question.version or plan.bank.version,
    }
