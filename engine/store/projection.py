"""What a call's facts mean for the tables: one function a fact, the same result however often they arrive.

A fact that the tables of moves do not allow from where a row stands (a late, repeated or contradictory one) moves
nothing. A leg that has been overtaken by a newer one no longer speaks for its interview.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.pricing import from_data
from engine.store import jobs, wishes
from engine.store.models import Answer, Call, CallEvent, Consent, Interview, Question, Recording, Turn
from engine.store.moves import move_call, move_interview
from engine.store.usage import UsageRepository
from engine.vocabulary import AnswerState, CallState, InterviewState


@dataclass(frozen=True, slots=True)
class _Fact:
    session: Session
    call: Call
    sequence: int
    at_ms: int
    data: Mapping[str, Any]


def project(
    session: Session, call: Call, sequence: int, at_ms: int, name: str, data: Mapping[str, Any]
) -> None:  # a record's parts
    """Bring the tables up to date with one fact of this call. Facts without a row of their own change nothing.

    Raises KeyError, TypeError, ValueError or a database error for malformed data.
    """
    handler = _HANDLERS.get(name)
    if handler:
        handler(_Fact(session, call, sequence, at_ms, data))


def _call_started(fact: _Fact) -> None:
    session, call = fact.session, fact.call
    if _is_overtaken(fact):
        session.execute(update(Call).where(Call.id == call.id).values(started_at=func.now()))
        return
    for other in session.scalars(
        select(Call.id).where(Call.interview_id == call.interview_id, Call.id != call.id, Call.state == CallState.LIVE)
    ).all():
        move_call(session, other, CallState.DROPPED, ended_at=func.now(), end_reason="replaced")
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

    if is_live and call.appointment_id is None:
        wishes.phoned_in(session, call)


def _call_resumed(fact: _Fact) -> None:
    """The same leg goes on over a new media socket; where nobody had noticed the break it is live still."""
    on_stream = update(Call).where(Call.id == fact.call.id, Call.state == CallState.LIVE)
    if fact.session.scalar(on_stream.values(stream_sid=str(fact.data["stream_sid"])).returning(Call.id)) is None:
        _call_started(fact)


def _consent_given(fact: _Fact) -> None:
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


def _question_asked(fact: _Fact) -> None:
    order = int(fact.data["order"])
    known = _question(fact, order)
    if known and _belongs_to_newer_leg(fact, known.call_id):
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


def _follow_up_asked(fact: _Fact) -> None:
    question = _question(fact, int(fact.data["order"]))
    if question is None or _belongs_to_newer_leg(fact, question.call_id):
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


def _answer_completed(fact: _Fact) -> None:
    """A later record for the same question replaces the answer: after a follow-up it holds the joined text."""
    question = _question(fact, int(fact.data["order"]))
    if question is None:
        raise ValueError("an answer to a question that was never asked")
    if _belongs_to_newer_leg(fact, question.call_id):
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


def _turn_ended(fact: _Fact) -> None:
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


def _progress_saved(fact: _Fact) -> None:
    if not _is_overtaken(fact):
        fact.session.execute(
            update(Interview).where(Interview.id == fact.call.interview_id).values(progress=dict(fact.data["progress"]))
        )


def _interview_ended(fact: _Fact) -> None:
    """Complete, or worth grading: off to the graders. Otherwise the interview stays open for the PIN."""
    if _is_overtaken(fact):
        return
    is_over = bool(fact.data["is_complete"]) or _has_answers(fact)
    to = InterviewState.EVALUATING if is_over else InterviewState.INTERRUPTED
    ended_at = func.now() if is_over else None
    moved = move_interview(
        fact.session, fact.call.interview_id, to, end_reason=str(fact.data["reason"]), ended_at=ended_at
    )
    if moved and is_over:
        jobs.enqueue_grading(fact.session, fact.call.interview_id)


def _line_measured(fact: _Fact) -> None:
    fact.session.execute(
        update(Call).where(Call.id == fact.call.id).values(line_quality=dict(fact.data["line_quality"]))
    )


def _recording_saved(fact: _Fact) -> None:
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


def _usage_counted(fact: _Fact) -> None:
    usage, charge = from_data(fact.data)
    UsageRepository(fact.session).add_of_call(fact.call, usage, charge, sequence=fact.sequence)


def _call_ended(fact: _Fact) -> None:
    """A leg that ends before its interview did was dropped: the interview stays open, what was said is graded."""
    reason = str(fact.data["reason"])
    ends = {"ended_at": func.now(), "end_reason": reason}
    if fact.call.appointment_id is not None:
        jobs.enqueue_settling(fact.session, fact.call.id, may_go_on=not _has_ended_interview(fact))
    if _has_ended_interview(fact):
        move_call(fact.session, fact.call.id, CallState.COMPLETED, **ends)
        return
    to = CallState.FAILED if reason in ("failed", "refused") else CallState.DROPPED
    move_call(fact.session, fact.call.id, to, **ends)
    if _is_overtaken(fact):
        return
    moved = move_interview(fact.session, fact.call.interview_id, InterviewState.INTERRUPTED, end_reason=reason)
    if moved and _has_answers(fact):
        jobs.enqueue_grading(fact.session, fact.call.interview_id)


_HANDLERS: Mapping[str, Callable[[_Fact], None]] = {
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
    "human_wanted": lambda fact: wishes.person_wanted(fact.session, fact.call, fact.at_ms, fact.data),
    "calls_refused": lambda fact: wishes.calls_refused(fact.session, fact.call, fact.data),
    "call_ended": _call_ended,
}


def _is_overtaken(fact: _Fact) -> bool:
    """Whether a newer leg of the interview has begun: logs of dead processes may arrive late."""
    newer = (
        select(Call.id)
        .where(
            Call.interview_id == fact.call.interview_id,
            Call.created_at > fact.call.created_at,
            Call.started_at.is_not(None),
        )
        .limit(1)
    )
    return fact.session.scalar(newer) is not None


def _belongs_to_newer_leg(fact: _Fact, call_id: object) -> bool:
    if call_id is None or call_id == fact.call.id:
        return False
    created_at = fact.session.scalar(select(Call.created_at).where(Call.id == call_id))
    return created_at is not None and created_at > fact.call.created_at


def _question(fact: _Fact, order: int) -> Question | None:
    return fact.session.scalar(
        select(Question)
        .where(Question.interview_id == fact.call.interview_id, Question.order == order)
        .execution_options(populate_existing=True)
    )


def _has_answers(fact: _Fact) -> bool:
    """Whether there is anything to grade: at least one answer with words in it."""
    found = (
        select(Answer.id)
        .join(Question, Question.id == Answer.question_id)
        .where(Question.interview_id == fact.call.interview_id, Answer.text != "")
    )
    return fact.session.scalar(found.limit(1)) is not None


def _has_ended_interview(fact: _Fact) -> bool:
    ended = select(CallEvent.id).where(CallEvent.call_id == fact.call.id, CallEvent.name == "interview_ended")
    return fact.session.scalar(ended.limit(1)) is not None
