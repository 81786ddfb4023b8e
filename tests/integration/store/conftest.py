import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from engine.ports import EventRecord
from engine.store.interviews import NewInterview
from engine.store.models import Call, Interview, User
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Direction, Level, Topic

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def new_user() -> Callable[..., NewUser]:
    def build(email: str = "ada@example.org", **changes: Any) -> NewUser:
        return NewUser(
            **{
                "email": email,
                "password_hash": "$argon2id$...",
                "first_name": "Ada",
                "last_name": "Example",
                "terms_version": "1",
                "terms_accepted_at": NOW,
            }
            | changes
        )

    return build


@pytest.fixture
def owner(sessions: sessionmaker[Session], new_user: Callable[..., NewUser]) -> User:
    with UnitOfWork(sessions) as work:
        user = work.users.add(new_user())
        work.commit()
    return user


@pytest.fixture
def new_interview() -> Callable[..., NewInterview]:
    def build(**changes: Any) -> NewInterview:
        return NewInterview(
            **{
                "title": "Backend, November",
                "role": "Backend developer",
                "level": Level.MID,
                "topics": (Topic.PYTHON, Topic.DATABASES),
                "question_count": 5,
                "language": "en",
                "rubric": "correctness-completeness-clarity",
                "candidate_name": "Grace Example",
                "candidate_phone": "+15550100",
                "candidate_time_zone": "Europe/Berlin",
                "scheduled_at": None,
            }
            | changes
        )

    return build


@pytest.fixture
def interview(sessions: sessionmaker[Session], owner: User, new_interview: Callable[..., NewInterview]) -> Interview:
    with UnitOfWork(sessions) as work:
        made = work.interviews.create(owner.id, new_interview())
        work.commit()
    return made


@pytest.fixture
def ring(sessions: sessionmaker[Session], interview: Interview) -> Callable[..., Call]:
    """Registers one more leg of the interview."""
    numbers = count(1)

    def register(call_sid: str | None = None) -> Call:
        with UnitOfWork(sessions) as work:
            call = work.calls.register(interview.id, call_sid or f"CA{next(numbers):032d}", Direction.INBOUND)
            work.commit()
        return call

    return register


@pytest.fixture
def call(ring: Callable[..., Call]) -> Call:
    return ring()


QUESTION = {
    "order": 1,
    "total": 2,
    "question_id": "python-gil",
    "topic": "python",
    "difficulty": "medium",
    "kind": "explain",
    "text": "What does the global interpreter lock do?",
    "why": "the first question of this topic",
    "version": "abc",
}
ANSWER = {
    "order": 1,
    "state": "answered",
    "text": "It lets one thread run at a time",
    "words": [{"text": "It", "start_ms": 9000, "end_ms": 9200, "confidence": 0.9}],
    "start_ms": 9000,
    "end_ms": 12000,
    "ended_by": "silence",
}


@pytest.fixture
def facts() -> Callable[..., list[EventRecord]]:
    """Numbered fact records from names, or pairs of a name and what differs from an ordinary call's data."""

    def build(*wanted: str | tuple[str, dict[str, Any]], first: int = 0) -> list[EventRecord]:
        pairs = [(item, {}) if isinstance(item, str) else item for item in wanted]
        return [
            EventRecord(number, number * 1000, "fact", name, ordinary_data().get(name, {}) | changes)
            for number, (name, changes) in enumerate(pairs, start=first)
        ]

    return build


def ordinary_data() -> dict[str, dict[str, Any]]:
    return {
        "call_started": {
            "call_id": str(uuid.uuid4()),
            "interview_id": str(uuid.uuid4()),
            "call_sid": "CA1",
            "stream_sid": "MZ1",
            "direction": "inbound",
        },
        "call_resumed": {"call_sid": "CA1", "stream_sid": "MZ2", "direction": "inbound"},
        "engine_switched": {"port": "speech_to_text", "from": "a", "to": "b", "reason": "late", "lost_ms": 0},
        "stage_changed": {"stage": "asking"},
        "floor_changed": {"floor": "agent"},
        "consent_given": {"is_granted": True, "answer": "yes", "text_version": "2026-11"},
        "question_asked": QUESTION,
        "follow_up_asked": {
            "order": 1,
            "text": "And input and output?",
            "key_point": "io",
            "source": "model",
            "version": "probe-2",
        },
        "answer_completed": ANSWER,
        "turn_ended": {
            "who": "agent",
            "text": "Hello",
            "words": [],
            "start_ms": 0,
            "end_ms": 900,
            "gap_ms": None,
            "is_interrupted": False,
        },
        "progress_saved": {"progress": {"asked": 1}},
        "interview_ended": {"reason": "completed", "is_complete": True},
        "line_measured": {"line_quality": {"snr_db": 31}},
        "recording_saved": {
            "path": "a/b.wav",
            "format": "wav",
            "channels": 2,
            "size_bytes": 1000,
            "duration_ms": 62_000,
        },
        "call_ended": {"reason": "hung_up"},
    }
