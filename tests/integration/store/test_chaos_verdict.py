"""The fault test's judge finds what it is there to find."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.chaos_calls import Phone
from benchmarks.chaos_stage import watch_moves
from benchmarks.chaos_verdict import judge
from engine.store.models import Answer, Call, CallEvent
from engine.store.unit_of_work import UnitOfWork
from telephony.simulator.happenings import Happening, Kind


@pytest.fixture
def phone(sessions: sessionmaker[Session], call: Call, facts: Callable[..., Any]) -> Phone:
    """A caller whose one answer is in the database, as everything should be."""
    with sessions.begin() as session:
        watch_moves(session)
    asked = {"question_id": "python-gil"}
    with UnitOfWork(sessions) as work:
        work.events.ship(
            call.id, facts("call_started", ("question_asked", asked), "answer_completed", "interview_ended")
        )
        work.events.ship(call.id, facts("call_ended", first=4))
        work.commit()
    heard = [
        (1.0, Happening(0, Kind.UTTERANCE_BEGAN, "ask:python-gil")),
        (2.0, Happening(0, Kind.CALLER_ENDED)),
        (3.0, Happening(0, Kind.LINE_CLOSED, "1006")),
        (3.8, Happening(0, Kind.AUDIO_BEGAN)),
        (4.0, Happening(0, Kind.UTTERANCE_BEGAN, "closing")),
    ]
    return Phone("", {}, heard=heard, call_sid=call.call_sid or "")


def test_nothing_is_found_where_nothing_is_wrong(sessions: sessionmaker[Session], phone: Phone, tmp_path: Path) -> None:
    verdict = judge(sessions, [phone], tmp_path)
    assert (verdict.answers, verdict.answers_lost, verdict.illegal_states, verdict.details) == (1, 0, 0, ())
    assert phone.heard_again_s(3.0) == pytest.approx(0.8)
    assert phone.heard_again_s(3.5) is None


@pytest.mark.parametrize("loss", [delete(Answer), update(Answer).values(text="Because")])
def test_an_answer_that_is_gone_or_shorter_than_it_was_is_lost(
    sessions: sessionmaker[Session], phone: Phone, tmp_path: Path, loss: Any
) -> None:
    with sessions.begin() as session:
        session.execute(loss)
    assert judge(sessions, [phone], tmp_path).answers_lost == 1


def test_moves_gaps_and_states_that_must_not_be_are_found(
    sessions: sessionmaker[Session], call: Call, phone: Phone, tmp_path: Path
) -> None:
    with sessions.begin() as session:
        session.execute(text("update calls set state = 'live'"))
        session.execute(delete(CallEvent).where(CallEvent.sequence == 1))
    (tmp_path / f"{call.id}.jsonl").touch()
    verdict = judge(sessions, [phone], tmp_path)
    assert verdict.illegal_states == 4, "a move, a state, a gap, and a log that nobody shipped"
