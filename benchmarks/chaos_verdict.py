"""What became of the calls of the fault test: read from the database, and held against what the callers heard."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.chaos_calls import Phone
from engine.store.models import Answer, Call, CallEvent, Interview, Question
from engine.store.moves import CALL_MOVES, INTERVIEW_MOVES
from engine.vocabulary import CallState, InterviewState
from telephony.simulator.happenings import Kind

_LEGAL_ENDS = {
    InterviewState.EVALUATING, InterviewState.COMPLETED, InterviewState.INTERRUPTED, InterviewState.SCHEDULED
}  # fmt: skip
_SETTLING_S = 40.0


@dataclass(frozen=True)
class Verdict:
    answers: int
    answers_lost: int
    illegal_states: int
    unfinished: int
    """Interviews that did not come to their end in this one call."""
    details: tuple[str, ...]


def settle(sessions: sessionmaker[Session], logs: Path) -> None:
    """Wait until every event log is in the database and no call counts as live any more."""
    deadline_s = time.monotonic() + _SETTLING_S
    while time.monotonic() < deadline_s:
        with sessions() as session:
            live = session.scalars(select(Call.id).where(Call.state == CallState.LIVE)).all()
        if not live and not list(logs.glob("*.jsonl")):
            return
        time.sleep(0.2)


def judge(sessions: sessionmaker[Session], phones: Sequence[Phone], logs: Path) -> Verdict:
    """Count what was lost and what went where it must not."""
    details: list[str] = []
    illegal = _illegal_moves(sessions, details) + len(list(logs.glob("*.jsonl")))
    answers = lost = unfinished = 0
    with sessions() as session:
        for phone in phones:
            call = session.scalar(select(Call).where(Call.call_sid == phone.call_sid))
            if call is None:
                unfinished += 1
                details.append(f"a call never came to its interview: {phone.problems}")
                continue
            interview = session.get_one(Interview, call.interview_id)
            if interview.state not in _LEGAL_ENDS or call.state in (CallState.LIVE, CallState.RINGING):
                illegal += 1
                details.append(f"call {call.id} ended as {call.state}, its interview as {interview.state}")
            if interview.state in (InterviewState.INTERRUPTED, InterviewState.SCHEDULED):
                unfinished += 1
                details.append(f"call {call.id} stopped: {call.end_reason}, {phone.problems}")
            complete = _complete_answers(phone)
            words = _words(session, call)
            for question, least in _words_in_log(session, call, complete).items():
                answers += 1
                if words.get(question, 0) < least:
                    lost += 1
                    details.append(f"call {call.id}: {question} has {words.get(question, 0)} words of {least}")
            sequences = session.scalars(
                select(CallEvent.sequence).where(CallEvent.call_id == call.id).order_by(CallEvent.sequence)
            ).all()
            if list(sequences) != list(range(len(sequences))):
                illegal += 1
                details.append(f"call {call.id}: the event log has gaps")
    return Verdict(answers, lost, illegal, unfinished, tuple(details))


def _complete_answers(phone: Phone) -> set[str]:
    """Questions after whose answer the caller heard us go on to another one."""
    complete, answered, asked = set[str](), False, ""
    for _, happening in phone.heard:
        label = happening.detail.removeprefix("repeat:")
        if happening.kind is Kind.CALLER_ENDED and asked:
            answered = True
        if happening.kind is Kind.UTTERANCE_BEGAN and label.startswith(("ask:", "closing", "goodbye")):
            if answered and asked and label != asked:
                complete.add(asked.removeprefix("ask:"))
            if label != asked:
                asked, answered = label if label.startswith("ask:") else "", False
    return complete


def _words(session: Session, call: Call) -> dict[str, int]:
    rows = session.execute(
        select(Question.bank_id, Answer.text).join(Answer).where(Question.interview_id == call.interview_id)
    )
    return {bank_id: len(said.split()) for bank_id, said in rows}


def _words_in_log(session: Session, call: Call, complete: set[str]) -> dict[str, int]:
    """How many words each answer must have: as many as were ever logged for it, and one where we went on after it."""
    orders = dict(
        session.execute(
            select(Question.order, Question.bank_id).where(Question.interview_id == call.interview_id)
        ).all()
    )
    least = dict.fromkeys(complete, 1)
    facts = session.scalars(
        select(CallEvent.data).where(CallEvent.call_id == call.id, CallEvent.name == "answer_completed")
    )
    for data in facts:
        question = orders.get(int(data["order"]), "?")
        least[question] = max(least.get(question, 0), len(str(data["text"]).split()))
    return least


def _illegal_moves(sessions: sessionmaker[Session], details: list[str]) -> int:
    legal: dict[str, set[tuple[str, str]]] = {
        "calls": {(was, became) for was, targets in CALL_MOVES.items() for became in targets},
        "interviews": {(was, became) for was, targets in INTERVIEW_MOVES.items() for became in targets},
    }
    with sessions() as session:
        moves = session.execute(text("select kind, was, became from chaos_moves")).all()
    wrong = [f"{kind}: {was} -> {became}" for kind, was, became in moves if (was, became) not in legal[kind]]
    details.extend(wrong)
    return len(wrong)
