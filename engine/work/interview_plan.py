"""From a stored interview to the plan that a call follows."""

from collections.abc import Sequence
from dataclasses import replace

from engine.config import Settings
from engine.dialogue.phrases import greeting, welcome_back
from engine.dialogue.plan import Limits, Plan, asked_from_progress
from engine.questions.bank import Question, QuestionBank
from engine.store.models import Interview
from engine.vocabulary import Level, Topic


def plan_of(interview: Interview, bank: QuestionBank, settings: Settings, written: Sequence[Question] = ()) -> Plan:
    """What was agreed, what an earlier call got through, and the limits of this installation.

    written: the questions that a language model wrote for it; the bank fills what they leave open.

    Everything that is free in the choice of questions follows from the interview's id, so that a second call of the
    same interview goes on with the same plan.
    """
    first_name = interview.candidate.name.split()[0] if interview.candidate.name.split() else ""
    limits = replace(Limits(), interview_ms=settings.max_interview_min * 60_000, answer_ms=settings.max_answer_s * 1000)
    questions = bank.with_written(written)
    known = {question.id for question in questions.questions}
    return Plan(
        name=first_name,
        role=interview.role,
        level=Level(interview.level),
        topics=tuple(Topic(topic) for topic in interview.topics),
        question_count=interview.question_count,
        seed=interview.id.int % (1 << 63),
        bank=questions,
        limits=limits,
        asked=tuple(asked for asked in asked_from_progress(interview.progress) if asked.question_id in known),
    )


def opening_words(plan: Plan) -> tuple[str, ...]:
    """What the call will begin with: worth synthesising before the line is open."""
    if plan.asked:
        return welcome_back(plan.name, len(plan.asked))
    return greeting(plan.name, plan.role)
