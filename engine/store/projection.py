"""What a call's facts mean for the tables: one function a fact, the same result however often they arrive.

A fact that the tables of moves do not allow from where a row stands (a late, repeated or contradictory one) moves
nothing. A leg that has been overtaken by a newer one no longer speaks for its interview.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.pricing import from_data
from engine.store import jobs, wishes
from engine.store.models import Answer, Call, Consent, Interview, Question, Recording, Turn
from engine.store.moves import REPLACED, move_call, move_interview
from engine.store.told_facts import (
    ToldFact,
    belongs_to_newer_leg,
    has_answers,
    has_ended_interview,
    is_overtaken,
    question_of,
)
from engine.store.usage import UsageRepository
from engine.store.webhooks import announce
from engine.vocabulary import BAD_LINES, NO_BREAKS, PUT_THROUGH, AnswerState, CallState, InterviewState, WebhookEvent


def project(
    session: Session, call: Call, sequence: int, at_ms: int, name: str, data: Mapping[str, Any]
) -> None:  # a record's parts
    """Bring the tables up to date with one fact of this call. Facts without a row of their own change nothing.

    Raises KeyError, TypeError, ValueError or a database error for malformed data.
    """
    handler = _HANDLERS.get(name)
    if handler:
        handler(ToldFact(session, call, sequence, at_ms, data))


def _call_started(fact: ToldFact) -> None:
    session, call = fact.session, fact.call
    if is_overtaken(fact):
        session.execute(update(Call).where(Call.id == call.id).values(started_at=func.now()))
        return
    for other in session.scalars(
        select(Call.id).where(Call.interview_id == call.interview_id, Call.id != call.id, Call.state == CallState.LIVE)
    ).all():
        move_call(session, other, CallState.DROPPED, ended_at=func.now(), end_reason=REPLACED)
    started = func.coalesce(Call.started_at, func.now())
    is_live = move_call(
        session,
        call.id,
        CallState.LIVE,
        started_at=started,
        ended_at=None,
        end_reason=None,
        stream_sid=str(fact.data["stream_sid"]),
    )
    if is_live:
        move_interview(
            session,
            call.interview_id,
            InterviewState.IN_PROGRESS,
            started_at=func.coalesce(Interview.started_at, func.now()),
            end_reason=None,
        )

    if is_live:
        announce(
            session,
            WebhookEvent.CALL_STARTED,
            call.interview_id,
            call.id,
            call_id=str(call.id),
            direction=call.direction,
        )
    if is_live and call.appointment_id is None:
        wishes.phoned_in(session, call)


def _call_resumed(fact: ToldFact) -> None:
    """The same leg goes on over a new media socket; where nobody had noticed the break it is live still."""
    on_stream = update(Call).where(Call.id == fact.call.id, Call.state == CallState.LIVE)
    if fact.session.scalar(on_stream.values(stream_sid=str(fact.data["stream_sid"])).returning(Call.id)) is None:
        _call_started(fact)


def _consent_given(fact: ToldFact) -> None:
    values = {
        "is_granted": bool(fact.data["is_granted"]),
        "answer": str(fact.data["answer"]),
        "text_version": str(fact.data["text_version"]),
    }
    fact.session.execute(
        insert(Consent)
        .values(interview_id=fact.call.interview_id, call_id=fact.call.id, kind="recording", **values)
        .on_conflict_do_update(index_elements=[Consent.call_id, Consent.kind], set_=values)
    )


def _question_asked(fact: ToldFact) -> None:
    order = int(fact.data["order"])
    known = question_of(fact, order)
    if known and belongs_to_newer_leg(fact, known.call_id):
        return
    values = {
        "call_id": fact.call.id,
        "bank_id": str(fact.data["question_id"]),
        "asked_at_ms": fact.at_ms,
    } | {name: str(fact.data[name]) for name in ("topic", "difficulty", "kind", "text", "why", "version")}
    fact.session.execute(
        insert(Question)
        .values(interview_id=fact.call.interview_id, order=order, **values)
        .on_conflict_do_update(index_elements=[Question.interview_id, Question.order], set_=values)
    )


def _follow_up_asked(fact: ToldFact) -> None:
    question = question_of(fact, int(fact.data["order"]))
    if question is None or belongs_to_newer_leg(fact, question.call_id):
        return
    asked = {
        "text": str(fact.data["text"]),
        "key_point": fact.data.get("key_point"),
        "at_ms": fact.at_ms,
    } | {name: str(fact.data[name]) for name in ("source", "version") if name in fact.data}
    fact.session.execute(
        update(Question)
        .where(Question.id == question.id)
        .values(follow_ups=[*question.follow_ups, asked])
        .execution_options(synchronize_session="fetch")
    )


def _answer_completed(fact: ToldFact) -> None:
    """A later record for the same question replaces the answer: after a follow-up it holds the joined text."""
    question = question_of(fact, int(fact.data["order"]))
    if question is None:
        raise ValueError("an answer to a question that was never asked")
    if belongs_to_newer_leg(fact, question.call_id):
        return
    values = {
        "call_id": fact.call.id,
        "state": AnswerState(fact.data["state"]),
        "text": str(fact.data["text"]),
        "words": list(fact.data["words"]),
        "start_ms": fact.data["start_ms"],
        "end_ms": fact.data["end_ms"],
        "ended_by": str(fact.data["ended_by"]),
    }
    fact.session.execute(
        insert(Answer)
        .values(question_id=question.id, **values)
        .on_conflict_do_update(index_elements=[Answer.question_id], set_=values | {"updated_at": func.now()})
    )


def _turn_ended(fact: ToldFact) -> None:
    fact.session.execute(
        insert(Turn)
        .values(
            call_id=fact.call.id,
            sequence=fact.sequence,
            who=str(fact.data["who"]),
            text=str(fact.data["text"]),
            words=list(fact.data["words"]),
            start_ms=fact.data["start_ms"],
            end_ms=fact.data["end_ms"],
            gap_ms=fact.data.get("gap_ms"),
            is_interrupted=bool(fact.data["is_interrupted"]),
        )
        .on_conflict_do_nothing(index_elements=[Turn.call_id, Turn.sequence])
    )


def _progress_saved(fact: ToldFact) -> None:
    if not is_overtaken(fact):
        fact.session.execute(
            update(Interview).where(Interview.id == fact.call.interview_id).values(progress=dict(fact.data["progress"]))
        )


def _interview_ended(fact: ToldFact) -> None:
    """Complete, or worth grading: off to the graders. Otherwise the interview stays open for the PIN."""
    if is_overtaken(fact):
        return
    reason = str(fact.data["reason"])
    is_over = bool(fact.data["is_complete"]) or (has_answers(fact) and reason not in _MAY_GO_ON)
    if not is_over:
        _interrupted(fact, reason)
        return
    moved = move_interview(
        fact.session, fact.call.interview_id, InterviewState.EVALUATING, end_reason=reason, ended_at=func.now()
    )
    if moved:
        jobs.enqueue_grading(fact.session, fact.call.interview_id)


_MAY_GO_ON = frozenset({"speech_failed", "silent", "call_back", "wrong_person"}) | BAD_LINES
"""Ends after which the PIN takes the interview up again, whatever was said before."""


def _interrupted(fact: ToldFact, reason: str) -> None:
    """The interview stays open for the PIN; what was said is graded, and the candidate told how to go on."""
    moved = move_interview(fact.session, fact.call.interview_id, InterviewState.INTERRUPTED, end_reason=reason)
    if not moved:
        return
    if reason not in NO_BREAKS:
        jobs.enqueue_telling_of_break(fact.session, fact.call.interview_id, fact.call.id)
    if has_answers(fact):
        jobs.enqueue_grading(fact.session, fact.call.interview_id)


def _line_measured(fact: ToldFact) -> None:
    fact.session.execute(
        update(Call).where(Call.id == fact.call.id).values(line_quality=dict(fact.data["line_quality"]))
    )


def _recording_saved(fact: ToldFact) -> None:
    values = {
        "path": str(fact.data["path"]),
        "format": str(fact.data["format"]),
        "channels": int(fact.data["channels"]),
        "size_bytes": int(fact.data["size_bytes"]),
        "duration_ms": int(fact.data["duration_ms"]),
    }
    fact.session.execute(
        insert(Recording)
        .values(call_id=fact.call.id, **values)
        .on_conflict_do_update(index_elements=[Recording.call_id], set_=values)
    )


def _usage_counted(fact: ToldFact) -> None:
    usage, charge = from_data(fact.data)
    UsageRepository(fact.session).add_of_call(fact.call, usage, charge, sequence=fact.sequence)


def _call_ended(fact: ToldFact) -> None:
    """A leg that ends before its interview did was dropped: the interview stays open, what was said is graded."""
    # Put through, the caller leaves our line for another one: to us that looks like hanging up.
    reason = PUT_THROUGH if fact.call.end_reason == PUT_THROUGH else str(fact.data["reason"])
    ends = {"ended_at": func.now(), "end_reason": reason}
    if fact.call.appointment_id is not None:
        jobs.enqueue_settling(fact.session, fact.call.id, may_go_on=not has_ended_interview(fact))
    if has_ended_interview(fact):
        _end_call(fact, CallState.COMPLETED, ends)
        return
    _end_call(fact, CallState.FAILED if reason in ("failed", "refused") else CallState.DROPPED, ends)
    if is_overtaken(fact):
        return
    _interrupted(fact, reason)


def _end_call(fact: ToldFact, to: CallState, ends: Mapping[str, Any]) -> None:
    call = fact.call
    if move_call(fact.session, call.id, to, **ends):
        # A leg that goes on after a break ends once more.
        subject, reason = f"{call.id} {fact.sequence}", str(ends["end_reason"])
        told = {"call_id": str(call.id), "state": to.value, "reason": reason}
        announce(fact.session, WebhookEvent.CALL_ENDED, call.interview_id, subject, **told)


_HANDLERS: Mapping[str, Callable[[ToldFact], None]] = {
    "call_started": _call_started,
    "call_resumed": _call_resumed,
    "consent_given": _consent_given,
    "question_asked": _question_asked,
    "follow_up_asked": _follow_up_asked,
    "answer_completed": _answer_completed,
    "turn_ended": _turn_ended,
    "progress_saved": _progress_saved,
    "interview_ended": _interview_ended,
    "line_measured": _line_measured,
    "recording_saved": _recording_saved,
    "usage_counted": _usage_counted,
    "machine_heard": lambda fact: wishes.machine_heard(fact.session, fact.call, fact.data),
    "call_back_wanted": lambda fact: wishes.call_back_wanted(fact.session, fact.call, fact.at_ms),
    "new_time_wanted": lambda fact: wishes.new_time_wanted(fact.session, fact.call, fact.at_ms),
    "wrong_person": lambda fact: wishes.wrong_person(fact.session, fact.call, fact.at_ms),
    "human_wanted": lambda fact: wishes.person_wanted(fact.session, fact.call, fact.at_ms, fact.data),
    "calls_refused": lambda fact: wishes.calls_refused(fact.session, fact.call, fact.data),
    "call_ended": _call_ended,
}
