"""Whatever order facts arrive in, interviews and calls move only as their tables say."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session, sessionmaker

from engine.ports import EventRecord
from engine.store.models import Call, CallEvent, Interview
from engine.store.moves import CALL_MOVES, INTERVIEW_MOVES
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import CallState, InterviewState

FACTS = (
    "call_started",
    "question_asked",
    "answer_completed",
    ("interview_ended", {"is_complete": False}),
    "interview_ended",
    "call_ended",
    ("call_ended", {"reason": "failed"}),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.tuples(st.integers(0, 1), st.sampled_from(FACTS)), max_size=10))
def test_any_order_of_facts_on_two_legs_makes_legal_moves_only(
    sessions: sessionmaker[Session],
    interview: Interview,
    ring: Callable[..., Call],
    facts: Callable[..., list[EventRecord]],
    order: list[tuple[int, object]],
) -> None:
    legs = [ring("CA-first"), ring("CA-second")]
    with UnitOfWork(sessions) as work:
        work.session.execute(delete(CallEvent))
        work.session.execute(text("delete from procrastinate_jobs"))
        work.session.execute(update(Call).values(state=CallState.RINGING, started_at=None))
        work.session.execute(update(Interview).values(state=InterviewState.SCHEDULED))
        work.commit()
        seen_interview, seen_calls = InterviewState.SCHEDULED, [CallState.RINGING, CallState.RINGING]
        for number, (which, fact) in enumerate(order):
            work.events.ship(legs[which].id, facts(fact, first=number))
            work.session.expire_all()

            now = InterviewState(work.interviews.get(interview.id).state)
            assert now == seen_interview or now in INTERVIEW_MOVES[seen_interview]
            seen_interview = now
            for place, leg in enumerate(legs):
                state = CallState(work.session.get_one(Call, leg.id).state)
                assert state == seen_calls[place] or state in CALL_MOVES[seen_calls[place]]
                seen_calls[place] = state
            assert seen_calls.count(CallState.LIVE) <= 1
