"""Grading an interview: rows in, grades and a report out. Doing it again changes nothing, so a job may be retried."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from engine.evaluation import offline_grader
from engine.evaluation.engine_changes import EngineChange, changes_in_words
from engine.evaluation.grade import AnswerGrade
from engine.evaluation.remarks import remarks_in_words
from engine.evaluation.report import AskedQuestion, InterviewFacts, ReportInput, build_report
from engine.evaluation.rubric import Rubric, rubric_named
from engine.ports import ChatModel
from engine.questions.bank import QuestionBank
from engine.questions.generated import ID_PREFIX
from engine.questions.spoken_terms import corrected_transcript
from engine.store.evaluations import NewEvaluation
from engine.store.models import Answer, Call, CallEvent, Interview, Question, Report, Turn
from engine.store.unit_of_work import UnitOfWork
from engine.transcript import Transcript, Word
from engine.vocabulary import OUR_FAULTS, AnswerState, Difficulty, InterviewState, Level, Topic
from engine.work.account_mails import tell_of_report
from engine.work.model_grading import AT_NOBODYS_EXPENSE, Charging, ModelGrading, grade_with_model

_REMARKS = ("candidate_asked", "candidate_remarked", "line_trouble")
_OVER = (InterviewState.EVALUATING, InterviewState.COMPLETED)


@dataclass(frozen=True, slots=True)
class _Material:
    """What was read before grading; values and detached rows, no transaction behind them."""

    interview: Interview
    asked: list[tuple[Question, Answer | None]]
    calls: list[Call]
    turns: list[Turn]
    is_complete: bool
    replies: list[CallEvent]
    """How long each step of each reply took."""
    changes: list[EngineChange]
    remarks: list[tuple[str, Mapping[str, Any]]]
    """Facts about what the candidate asked or added, and about the line."""


def grade_interview(
    sessions: sessionmaker[Session],
    bank: QuestionBank,
    interview_id: uuid.UUID,
    model: ChatModel | None = None,
    charging: Charging = AT_NOBODYS_EXPENSE,
) -> Report:
    """Grade every answer of the interview and add the report; the grading itself holds no transaction open.

    model: a language model to propose levels; the offline grader works beside it, and alone where there is none.
    charging: who pays for it.
    Returns the report as stored: the latest one, when nothing has changed since it was made.
    Raises NotFound for an unknown interview, ValueError for a rubric that does not exist, and UpstreamUnavailable where
    the charging says that trying again may help; nothing is stored then.
    """
    with UnitOfWork(sessions) as work:
        material = _read(work, interview_id)
        bank = bank.with_written(work.generated.of_interview(interview_id))
    rubric = rubric_named(material.interview.rubric)
    gradings = {
        answer.id: (
            ModelGrading(offline_grader.not_assessable(question.bank_id, rubric, reason))
            if (reason := _not_the_candidates_doing(answer, material.calls))
            else _grade(bank, rubric, question, answer, model, charging)
        )
        for question, answer in material.asked
        if answer is not None
    }
    grades = {answer_id: grading.grade for answer_id, grading in gradings.items()}
    notes = tuple(dict.fromkeys(note for grading in gradings.values() for note in grading.notes))
    notes = (*notes, *changes_in_words(material.changes), *remarks_in_words(material.remarks))
    with UnitOfWork(sessions) as work:
        stored = [
            work.evaluations.append(
                answer_id,
                NewEvaluation(
                    grader=f"{grade.grader} {grade.grader_version}",
                    rubric=grade.rubric,
                    state=grade.state,
                    score=grade.score,
                    detail=grade.to_data(),
                ),
            )
            for answer_id, grade in grades.items()
        ]
        # The hour of the newest grade, not of this run: a run that finds nothing new must give an equal report.
        graded_at = max((evaluation.created_at for evaluation in stored), default=material.interview.ended_at)
        source = replace(_report_input(material, rubric, bank, grades, graded_at), notes=notes)
        report = build_report(source)
        kept = work.reports.append(interview_id, report.state, report.score, report.to_data())
        tell_of_report(work.session, interview_id, datetime.now(UTC))
        work.commit()
    return kept


def _read(work: UnitOfWork, interview_id: uuid.UUID) -> _Material:
    interview = work.interviews.get(interview_id)
    calls = list(work.calls.of_interview(interview_id))
    ended = work.events.latest_fact(interview_id, "interview_ended")
    numbers = {call.id: number for number, call in enumerate(calls, 1)}
    return _Material(
        interview=interview,
        asked=work.interviews.questions_with_answers(interview_id),
        calls=calls,
        turns=[turn for call in calls for turn in work.calls.turns_of(call.id)],
        is_complete=interview.state in _OVER and ended is not None and bool(ended.data.get("is_complete")),
        replies=work.events.facts(interview_id, "reply_timed"),
        changes=[
            EngineChange(fact.at_ms, fact.data, numbers[fact.call_id] if len(calls) > 1 else None)
            for fact in work.events.facts(interview_id, "engine_switched")
        ],
        remarks=[(name, fact.data) for name in _REMARKS for fact in work.events.facts(interview_id, name)],
    )


def _not_the_candidates_doing(answer: Answer, calls: list[Call]) -> str | None:
    """Why an answer is not to be graded: it was our side that ended it."""
    if answer.ended_by == "user" and answer.state != AnswerState.ANSWERED:
        return "The question was skipped from the dashboard before its answer was complete."
    is_ours = any(call.id == answer.call_id and call.end_reason in OUR_FAULTS for call in calls)
    if answer.state == AnswerState.UNFINISHED and is_ours:
        return "The call broke off through a fault on our side in the middle of this answer."
    return None


def _grade(
    bank: QuestionBank, rubric: Rubric, question: Question, answer: Answer, model: ChatModel | None, charging: Charging
) -> ModelGrading:
    try:
        known = bank.by_id(question.bank_id)
    except KeyError:
        reason = "The question is no longer in the bank, so its key points are not known."
        return ModelGrading(offline_grader.not_assessable(question.bank_id, rubric, reason))
    (transcript, _), state = corrected_transcript(_transcript(answer)), AnswerState(answer.state)
    if model is None:
        return ModelGrading(offline_grader.grade(known, transcript, rubric, state=state))
    return grade_with_model(known, transcript, rubric, model, state=state, charging=charging)


def _report_input(
    material: _Material,
    rubric: Rubric,
    bank: QuestionBank,
    grades: dict[uuid.UUID, AnswerGrade],
    graded_at: datetime | None,
) -> ReportInput:
    interview = material.interview
    return ReportInput(
        facts=InterviewFacts(
            interview_id=str(interview.id),
            title=interview.title,
            role=interview.role,
            level=Level(interview.level),
            topics=tuple(Topic(topic) for topic in interview.topics),
            candidate_name=interview.candidate.name,
            language=interview.language,
            question_count=interview.question_count,
            is_complete=material.is_complete,
            end_reason=interview.end_reason,
            created_at=_hour(interview.created_at),
            started_at=_hour(interview.started_at),
            ended_at=_hour(interview.ended_at),
            graded_at=_hour(graded_at),
            bank_version=bank.version,
        ),
        rubric=rubric,
        questions=tuple(
            _asked(bank, question, answer, grades.get(answer.id) if answer else None)
            for question, answer in material.asked
        ),
        turns=tuple(_turn(turn) for turn in material.turns),
        line_quality=material.calls[-1].line_quality if material.calls else {},
        reply_timings=tuple({"call_id": str(each.call_id), **each.data} for each in material.replies),
    )


def _asked(bank: QuestionBank, question: Question, answer: Answer | None, grade: AnswerGrade | None) -> AskedQuestion:
    known = next((each for each in bank.questions if each.id == question.bank_id), None)
    heard = _transcript(answer) if answer else Transcript("")
    transcript, corrections = corrected_transcript(heard)
    return AskedQuestion(
        order=question.order,
        question_id=question.bank_id,
        topic=Topic(question.topic),
        difficulty=Difficulty(question.difficulty),
        kind=question.kind,
        text=question.text,
        why=question.why,
        version=question.version,
        source="model" if question.bank_id.startswith(ID_PREFIX) else "bank",
        follow_ups=tuple(question.follow_ups),
        state=AnswerState(answer.state) if answer else None,
        transcript=transcript,
        heard=heard if corrections else None,
        corrections=corrections,
        start_ms=answer.start_ms if answer else None,
        end_ms=answer.end_ms if answer else None,
        ended_by=answer.ended_by if answer else None,
        call_id=str(answer.call_id) if answer and answer.call_id else None,
        reference_answer=known.reference_answer if known else None,
        grade=grade,
    )


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "call_id": str(turn.call_id),
        "sequence": turn.sequence,
        "who": turn.who,
        "text": turn.text,
        "words": turn.words,
        "start_ms": turn.start_ms,
        "end_ms": turn.end_ms,
        "gap_ms": turn.gap_ms,
        "is_interrupted": turn.is_interrupted,
    }


def _transcript(answer: Answer) -> Transcript:
    words = (
        Word(str(word["text"]), int(word["start_ms"]), int(word["end_ms"]), float(word["confidence"]))
        for word in answer.words
    )
    return Transcript(answer.text, tuple(words))


def _hour(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
