from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.time_zones import TimeZones
from engine.errors import MessageRefused
from engine.ports import OutgoingMessage
from engine.scheduling.calling_hours import load_calling_hours
from engine.store.interviews import NewInterview
from engine.store.models import Interview, User
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Channel, Level, Topic
from engine.work.candidate_links import LinkMaker
from engine.work.desk import Desk
from engine.work.sending import PostOffice

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
"""The top of the present hour: the database's own clock is never far from it."""
ZONES = TimeZones()
HOURS = load_calling_hours()


def weekday_ahead(days: int, hour: int) -> datetime:
    """A wall time at least so many days ahead, on a Tuesday, Wednesday or Thursday."""
    day = (NOW + timedelta(days=days)).replace(tzinfo=None, hour=hour)
    while day.weekday() not in (1, 2, 3):
        day += timedelta(days=1)
    return day


class Mailbag:
    """A messenger that keeps what it is given, and fails when it is told to."""

    name = "mailbag"

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []
        self.faults: list[Exception] = []

    def send(self, message: OutgoingMessage) -> str | None:
        if self.faults:
            raise self.faults.pop(0)
        self.messages.append(message)
        return f"{self.name}-{message.id}"

    def close(self) -> None:
        pass


@pytest.fixture
def make_user(sessions: sessionmaker[Session]) -> Callable[[str], User]:
    def make(email: str) -> User:
        with UnitOfWork(sessions) as work:
            user = work.users.add(NewUser(email, "-", "Ada", "Example", "1", NOW, "Europe/Berlin", NOW))
            work.commit()
        return user

    return make


@pytest.fixture
def owner(make_user: Callable[[str], User]) -> User:
    return make_user("ada@example.org")


@pytest.fixture
def plan(sessions: sessionmaker[Session], owner: User) -> Callable[..., Interview]:
    """Sets up an interview, without an appointment."""

    def make(for_user: User | None = None, **changes: Any) -> Interview:
        new = NewInterview(
            **{
                "title": "Backend, November",
                "role": "Backend developer",
                "level": Level.MID,
                "topics": (Topic.PYTHON,),
                "question_count": 3,
                "language": "en",
                "rubric": "correctness-completeness-clarity",
                "candidate_name": "Grace <Example> & Co",
                "candidate_phone": "+12025550143",
                "candidate_time_zone": "America/New_York",
                "scheduled_at": None,
                "candidate_email": "grace@example.org",
            }
            | changes
        )
        with UnitOfWork(sessions) as work:
            made = work.interviews.create((for_user or owner).id, new)
            work.commit()
        return made

    return make


@pytest.fixture
def desk(sessions: sessionmaker[Session]) -> Callable[..., Any]:
    """A turn at the booking desk, committed at its end unless it raised."""

    @contextmanager
    def turn(now: datetime = NOW, zones: TimeZones = ZONES) -> Iterator[Desk]:
        with sessions.begin() as session:
            yield Desk(session, zones, HOURS, now)

    return turn


@pytest.fixture
def mails() -> Mailbag:
    return Mailbag()


@pytest.fixture
def texts() -> Mailbag:
    return Mailbag()


@pytest.fixture
def office(sessions: sessionmaker[Session], mails: Mailbag, texts: Mailbag) -> PostOffice:
    return PostOffice(
        sessions,
        {Channel.EMAIL: mails, Channel.SMS: texts},
        ZONES,
        LinkMaker("s" * 40, "https://interviews.example"),
        "+12025550100",
        "Vivavoce <interviews@example.org>",
    )


REFUSED = MessageRefused("The mail server does not take mail to this address.")
