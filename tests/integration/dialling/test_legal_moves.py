"""Whatever is told, asked for or done, in whatever order: no row ever makes a move that its table does not have.

PostgreSQL itself keeps the record: a trigger writes down every change of a state, also those in between.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import Conflict, ScheduleError
from engine.store.appointments import APPOINTMENT_MOVES
from engine.store.calls import CallRepository
from engine.store.dials import DialRepository, Waiting
from engine.store.interviews import InterviewRepository
from engine.store.line_news import take_news
from engine.store.models import Call, User
from engine.store.moves import CALL_MOVES, INTERVIEW_MOVES
from engine.store.projection import project
from engine.store.schedule_models import Appointment
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import CallState, Direction
from engine.work import booking, rebooking
from engine.work.desk import Desk
from engine.work.settling import settle
from telephony import status
from tests.integration.dialling.conftest import ZONES, all_day, make_user, new_interview
from tests.integration.store.conftest import ordinary_data

RECORD = """
create table moves_made (what text, before text, after text);
create function record_move() returns trigger language plpgsql as $$
begin
    insert into moves_made values (tg_table_name, old.state, new.state);
    return new;
end $$;
create trigger moves after update of state on calls for each row execute function record_move();
create trigger moves after update of state on appointments for each row execute function record_move();
create trigger moves after update of state on interviews for each row execute function record_move();
"""
TABLES = {"calls": CALL_MOVES, "appointments": APPOINTMENT_MOVES, "interviews": INTERVIEW_MOVES}
FACTS = ("call_started", "call_resumed", "consent_given", "question_asked", "interview_ended", "calls_refused",
         "human_wanted", "call_ended")  # fmt: skip
COMMANDS = st.one_of(
    st.tuples(st.just("news"), st.sampled_from(sorted(status.STATES)), st.integers(0, 5)),
    st.tuples(st.just("asked"), st.sampled_from(sorted(status.STATES))),
    st.tuples(st.just("fact"), st.sampled_from(FACTS)),
    st.tuples(st.sampled_from(("dial", "dial", "dial", "settle", "settle", "phone in", "cancel", "move", "call now"))),
)


class World:
    """One interview with an appointment, and everybody who may do something about it."""

    def __init__(self, sessions: sessionmaker[Session], owner: User) -> None:
        self.sessions = sessions
        self.now = datetime.now(UTC)
        self.numbers = count(1)
        with UnitOfWork(sessions) as work:
            phone = f"+1202{2_000_000 + uuid.uuid4().int % 7_000_000}"
            self.interview = work.interviews.create(owner.id, new_interview(phone))
            self.appointment_id = booking.book_now(self.desk(work.session), self.interview).id
            work.commit()

    def desk(self, session: Session) -> Desk:
        return Desk(session, ZONES, all_day(), self.now)

    def do(self, command: tuple[Any, ...]) -> None:
        self.now += timedelta(minutes=1)
        name, *details = command
        try:
            with self.sessions.begin() as session:
                getattr(self, name.replace(" ", "_"))(session, *details)
        except (Conflict, ScheduleError):
            return  # said no, which is what is asked of it

    def last_call(self, session: Session) -> Call | None:
        calls = CallRepository(session).of_interview(self.interview.id)
        return calls[-1] if calls else None

    def news(self, session: Session, word: str, sequence: int) -> None:
        if (call := self.last_call(session)) is not None:
            take_news(session, call.id, status.STATES[word], sequence, self.now)

    def asked(self, session: Session, word: str) -> None:
        if (call := self.last_call(session)) is not None:
            take_news(session, call.id, status.STATES[word], None, self.now)

    def fact(self, session: Session, name: str) -> None:
        if (call := self.last_call(session)) is not None:
            data = ordinary_data() | {
                "call_resumed": {"stream_sid": "MZ2"},
                "calls_refused": {"by": "key", "text": ""},
                "human_wanted": {"by": "key", "text": ""},
            }
            project(session, call, next(self.numbers), 1000, name, data[name])

    def dial(self, session: Session) -> None:
        row = session.get_one(Appointment, self.appointment_id)
        due_at = row.due_at or self.now
        self.now = max(self.now, due_at)
        for taken in DialRepository(session).take([Waiting(row.id, row.edition)], self.now):
            DialRepository(session).bind(taken.call_id, f"CA{uuid.uuid4().hex}")

    def settle(self, session: Session) -> None:
        if (call := self.last_call(session)) is not None:
            settle(self.desk(session), call.id)

    def phone_in(self, session: Session) -> None:
        session.add(
            Call(
                interview_id=self.interview.id,
                call_sid=f"CA{uuid.uuid4().hex}",
                direction=Direction.INBOUND,
                state=CallState.RINGING,
            )
        )

    def cancel(self, session: Session) -> None:
        InterviewRepository(session).cancel(self.interview.id, self.interview.owner_id)
        booking.cancel(self.desk(session), session.get_one(Appointment, self.appointment_id), by="user")

    def move(self, session: Session) -> None:
        rebooking.let_dial_in(
            self.desk(session), session.get_one(Appointment, self.appointment_id), self.now + timedelta(days=1)
        )

    def call_now(self, session: Session) -> None:
        rebooking.call_at_once(self.desk(session), session.get_one(Appointment, self.appointment_id))


@pytest.fixture
def recorded(sessions: sessionmaker[Session]) -> Callable[[], list[tuple[str, str, str]]]:
    with sessions.begin() as session:
        session.execute(text(RECORD))

    def moves() -> list[tuple[str, str, str]]:
        with sessions() as session:
            return [(what, before, after) for what, before, after in session.execute(text("table moves_made"))]

    return moves


@pytest.mark.timeout(180)
def test_no_row_ever_makes_a_move_that_is_not_in_its_table(
    sessions: sessionmaker[Session], recorded: Callable[[], list[tuple[str, str, str]]]
) -> None:
    owner = make_user(sessions, "ada@example.org")

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(COMMANDS, min_size=4, max_size=14))
    def drive(commands: list[tuple[Any, ...]]) -> None:
        world = World(sessions, owner)
        world.do(("dial",))
        for command in commands:
            world.do(command)
        with sessions() as session:
            tries = session.scalar(
                text("select count(*) = count(distinct (appointment_edition, try_number)) from calls "
                     "where interview_id = :id and appointment_id is not null"),
                {"id": world.interview.id},
            )  # fmt: skip
            live = session.scalar(
                text("select count(*) from calls where interview_id = :id and state = 'live'"),
                {"id": world.interview.id},
            )
        assert tries
        assert live in (0, 1)

    drive()
    made = recorded()
    illegal = {
        (what, before, after)
        for what, before, after in made
        if before != after and after not in {str(state) for state in TABLES[what][before]}  # type: ignore[index]
    }
    assert illegal == set()
    assert len({(what, before, after) for what, before, after in made}) > 15, "much has happened"
