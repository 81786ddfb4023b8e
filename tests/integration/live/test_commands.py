"""A user's command on its way: given in one process, told by the database, taken once where the call is held."""

import threading
import time
import uuid
from datetime import UTC, datetime

import pytest

from engine.errors import Conflict
from engine.ports import EventRecord
from engine.store.commands import CommandRepository
from engine.store.interviews import NewInterview
from engine.store.live_news import LiveNews
from engine.store.moves import move_call
from engine.store.notifications import COMMANDS, Listener
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import CallState, Command, Direction, Level, Topic
from telephony.command_desk import CommandDesk, UserWished


@pytest.fixture
def running(sessions):
    """The ids of a user, an interview and its live call."""
    with UnitOfWork(sessions) as work:
        user = work.users.add(NewUser("a@b.example", "-", "A", "B", "1", datetime.now(UTC)))
        interview = work.interviews.create(
            user.id,
            NewInterview(
                title="t",
                role="Engineer",
                level=Level.MID,
                topics=(Topic.PYTHON,),
                question_count=3,
                language="en",
                rubric="correctness-completeness-clarity",
                candidate_name="Ada Lovelace",
                candidate_phone="+15550100177",
                candidate_time_zone="UTC",
                scheduled_at=None,
            ),
        )
        call = work.calls.register(interview.id, "CA1", Direction.INBOUND)
        move_call(work.session, call.id, CallState.LIVE)
        work.commit()
    return user.id, interview.id, call.id


@pytest.fixture
def listening(database_url):
    """Starts listeners and stops them."""
    started: list[Listener] = []

    def start(listener: Listener) -> Listener:
        listener.start()
        started.append(listener)
        until(lambda: listener.is_connected)
        return listener

    yield start
    for each in started:
        each.stop()


def until(is_so, timeout_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.01)


def give(sessions, running, command: Command, text: str = "") -> None:
    user_id, interview_id, _ = running
    with sessions.begin() as session:
        CommandRepository(session).give(interview_id, command, text, user_id)


def test_a_command_reaches_the_process_that_holds_the_call_and_no_other(sessions, database_url, running, listening):
    here, elsewhere = CommandDesk(sessions), CommandDesk(sessions)
    got: list[UserWished] = []
    here.attend(running[2], got.append)
    elsewhere.attend(uuid.uuid4(), lambda wished: pytest.fail("this process does not hold the call"))
    for desk in (here, elsewhere):
        listener = Listener(database_url)
        listener.on(COMMANDS, desk.look)
        listening(listener)

    give(sessions, running, Command.SKIP)
    give(sessions, running, Command.NOTE, "ask about indexes")
    until(lambda: len(got) == 2)

    assert got == [UserWished("skip", ""), UserWished("note", "ask about indexes")]
    here.look(None)
    assert len(got) == 2, "a command is taken once"


def test_what_was_given_before_the_call_came_here_is_found(sessions, running):
    give(sessions, running, Command.ADD_TIME, "5")
    got: list[UserWished] = []
    desk = CommandDesk(sessions)
    desk.attend(running[2], got.append)
    assert got == [UserWished("add_time", "5")]
    desk.leave(running[2])
    give(sessions, running, Command.END)
    desk.look(str(running[2]))
    assert len(got) == 1


def test_a_listener_that_lost_its_connection_looks_at_everything_anew(
    sessions, database_url, running, listening, database_admin
):
    got: list[UserWished] = []
    desk = CommandDesk(sessions)
    desk.attend(running[2], got.append)
    listener = Listener(database_url)
    listener.on(COMMANDS, desk.look)
    listening(listener)
    name = database_url.split("/test_")[1].split("?")[0]
    database_admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and query ilike 'listen%%'",
        [f"test_{name}"],
    )
    until(lambda: not listener.is_connected)
    give(sessions, running, Command.SKIP)
    until(lambda: got == [UserWished("skip", "")])


def test_without_a_call_only_notes_can_be_given(sessions, running):
    with sessions.begin() as session:
        move_call(session, running[2], CallState.DROPPED)
    with pytest.raises(Conflict, match="Nobody is on the line"):
        give(sessions, running, Command.END)
    give(sessions, running, Command.NOTE, "call again tomorrow")
    with sessions() as session:
        assert [note.text for note in CommandRepository(session).notes_of(running[1])] == ["call again tomorrow"]


def test_events_that_come_in_wake_who_waits_for_their_interview(sessions, database_url, running, listening):
    listener = Listener(database_url)
    news = LiveNews(listener)
    listening(listener)
    seen = news.wait(str(running[1]), -1, 0.0)
    woken: list[int] = []
    reader = threading.Thread(target=lambda: woken.append(news.wait(str(running[1]), seen, 10.0)))
    reader.start()
    began_s = time.monotonic()
    with UnitOfWork(sessions) as work:
        work.events.ship(running[2], [EventRecord(0, 0, "fact", "stage_changed", {"stage": "asking"})])
        work.commit()
    reader.join(10)
    assert woken != [seen]
    assert time.monotonic() - began_s < 5
    assert news.wait("another", 0, 0.05) == 0
