"""From a stored interview to the plan that a call follows."""

from collections.abc import Sequence
from dataclasses import replace

from engine.config import EndpointSettings, Settings
from engine.dialogue.phrases import GO_ON_FROM_THERE, LINE_BROKE, greeting, sentences, we_were_at, welcome_back
from engine.dialogue.plan import Faq, Limits, Plan, asked_from_progress
from engine.dialogue.speakable import speakable
from engine.questions.bank import Question, QuestionBank
from engine.store.models import Interview
from engine.store.unit_of_work import UnitOfWork
from engine.transcript import Transcript
from engine.vocabulary import Level, Topic


def plan_of(
    interview: Interview, bank: QuestionBank, settings: Settings, written: Sequence[Question] = (), begun: str = ""
) -> Plan:
    """What was agreed, what an earlier call got through, and the limits of this installation.

    written: the questions that a language model wrote for it; the bank fills what they leave open. begun: what was
    said to the open question before.

    Everything that is free in the choice of questions follows from the interview's id, so that a second call of the
    same interview goes on with the same plan.
    """
    first_name = interview.candidate.name.split()[0] if interview.candidate.name.split() else ""
    limits = replace(Limits(), interview_ms=settings.max_interview_min * 60_000, answer_ms=settings.max_answer_s * 1000)
    if not settings.endpoint.has_listening_sounds:
        limits = replace(limits, nod_every_ms=0)
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
        faq=tuple(Faq(entry["question"], speakable(entry["answer"]) or entry["answer"]) for entry in interview.faq),
        asked=tuple(asked for asked in asked_from_progress(interview.progress) if asked.question_id in known),
        begun=Transcript(begun),
    )


def stored_plan(work: UnitOfWork, interview: Interview, bank: QuestionBank, settings: Settings) -> Plan:
    """The plan with everything that is stored about the interview: questions written for it, an answer begun."""
    open_order = next((asked.order for asked in asked_from_progress(interview.progress) if asked.state is None), None)
    answers = work.interviews.questions_with_answers(interview.id) if open_order is not None else []
    begun = next((answer.text for question, answer in answers if answer and question.order == open_order), "")
    return plan_of(interview, bank, settings, work.generated.of_interview(interview.id), begun)


def endpoint_of(interview: Interview, usual: EndpointSettings) -> EndpointSettings:
    """How the end of an answer is decided in this interview; what it leaves open is as usual."""
    return EndpointSettings(
        turn_model=usual.turn_model,
        has_listening_sounds=usual.has_listening_sounds,
        policy=interview.endpoint_policy or usual.policy,
        silence_ms=usual.silence_ms if interview.endpoint_silence_ms is None else interview.endpoint_silence_ms,
        threshold_dbfs=(
            usual.threshold_dbfs if interview.endpoint_threshold_dbfs is None else interview.endpoint_threshold_dbfs
        ),
    )


def opening_words(plan: Plan) -> tuple[str, ...]:
    """What the call will begin with: worth synthesising before the line is open."""
    if plan.asked:
        still_open = plan.asked[-1].state is None
        order = len(plan.asked) + (0 if still_open else 1)
        return welcome_back(plan.name, order, has_begun_to_answer=bool(still_open and plan.begun.text))
    return greeting(plan.name, plan.role)


def words_after_break(plan: Plan) -> tuple[str, ...]:
    """What a call that goes on after a break will begin with."""
    if not plan.asked:
        return (*LINE_BROKE, *greeting(plan.name, plan.role)[-1:])
    question = plan.bank.by_id(plan.asked[-1].question_id)
    return (*LINE_BROKE, we_were_at(len(plan.asked)), *GO_ON_FROM_THERE, *sentences(question.spoken))
