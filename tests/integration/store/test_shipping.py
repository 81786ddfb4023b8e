import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.event_files import FileEventLog, event_log_path
from engine.ports import EventRecord
from engine.store import embedded_postgres, schema
from engine.store.database import make_engine, make_sessions
from engine.store.models import Call, CallEvent, Interview
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import CallState, Direction, InterviewState
from engine.work.shipping import EventShipper

Facts = Callable[..., list[EventRecord]]
ROOT = Path(__file__).resolve().parents[3]
WRITER = """
import sys, uuid
from pathlib import Path
from engine.adapters.event_files import FileEventLog
from engine.ports import EventRecord
log = FileEventLog(Path(sys.argv[1]))
number = 0
while True:
    log.append(EventRecord(number, number * 20, "signal", "PartialReceived", {"text": "word " * 5}))
    number += 1
    if number == 300:
        print("busy", flush=True)
"""


def sequences(sessions: sessionmaker[Session], call: Call) -> list[int]:
    with sessions() as session:
        return list(
            session.scalars(select(CallEvent.sequence).where(CallEvent.call_id == call.id).order_by(CallEvent.sequence))
        )


def call_state(sessions: sessionmaker[Session], call: Call) -> str:
    with sessions() as session:
        return session.get_one(Call, call.id).state


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> float:
    """Wait for something that other threads or processes bring about; returns how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.fixture
def shipper(sessions: sessionmaker[Session], tmp_path: Path) -> Iterator[EventShipper]:
    made = EventShipper(sessions, tmp_path, abandoned_after_s=0.0)
    yield made
    made.stop()


def test_what_is_written_on_disk_is_in_postgres_a_quarter_of_a_second_later(
    sessions: sessionmaker[Session], shipper: EventShipper, tmp_path: Path, call: Call, facts: Facts
) -> None:
    shipper.start()
    log = FileEventLog(event_log_path(tmp_path, call.id))
    for record in facts("call_started", "consent_given"):
        log.append(record)
    until(lambda: sequences(sessions, call) == [0, 1])
    log.append(facts("question_asked", first=2)[0])

    assert until(lambda: sequences(sessions, call) == [0, 1, 2]) < 1.0  # 0.25 s on a machine that is not busy
    log.close()


def test_a_log_that_is_complete_is_put_away(
    sessions: sessionmaker[Session], shipper: EventShipper, tmp_path: Path, call: Call, facts: Facts
) -> None:
    path = event_log_path(tmp_path, call.id)
    log = FileEventLog(path)
    for record in facts("call_started", "call_ended", "recording_saved"):
        log.append(record)
    assert shipper.ship_pending() == 3
    assert path.exists(), "its writer still holds it"

    log.close()
    assert shipper.ship_pending() == 0
    assert not path.exists()
    assert (tmp_path / "shipped" / path.name).exists()


def test_a_call_that_goes_on_after_its_log_was_put_away_continues_the_numbers(
    sessions: sessionmaker[Session], shipper: EventShipper, tmp_path: Path, call: Call, facts: Facts
) -> None:
    path = event_log_path(tmp_path, call.id)
    first = FileEventLog(path)
    for record in facts("call_started", "call_ended"):
        first.append(record)
    first.close()
    shipper.ship_pending()

    second = FileEventLog(path)
    assert second.next_sequence == 2
    second.append(facts("call_started", first=2)[0])
    shipper.ship_pending()

    assert sequences(sessions, call) == [0, 1, 2]
    assert call_state(sessions, call) == CallState.LIVE
    second.close()


def test_the_call_of_a_process_that_died_is_closed(
    sessions: sessionmaker[Session], shipper: EventShipper, tmp_path: Path, call: Call, facts: Facts
) -> None:
    log = FileEventLog(event_log_path(tmp_path, call.id))
    for record in facts("call_started", "question_asked", "answer_completed"):
        log.append(record)
    log.close()

    shipper.ship_pending()

    with sessions() as session:
        last = session.scalars(select(CallEvent).order_by(CallEvent.sequence.desc())).first()
        assert last is not None
        assert (last.sequence, last.name, last.data) == (3, "call_ended", {"reason": "process_lost"})
        assert session.get_one(Interview, call.interview_id).state == InterviewState.INTERRUPTED


def test_a_call_is_not_closed_while_its_process_lives_or_may_just_be_starting(
    sessions: sessionmaker[Session], tmp_path: Path, call: Call, facts: Facts
) -> None:
    patient = EventShipper(sessions, tmp_path, abandoned_after_s=60.0)
    hasty = EventShipper(sessions, tmp_path, abandoned_after_s=0.0)
    log = FileEventLog(event_log_path(tmp_path, call.id))
    log.append(facts("call_started")[0])
    hasty.ship_pending()
    hasty.stop()
    assert sequences(sessions, call) == [0]

    log.close()
    patient.ship_pending()
    patient.stop()
    assert sequences(sessions, call) == [0]


def test_of_two_shippers_on_one_folder_one_stands_by_until_the_other_is_gone(
    sessions: sessionmaker[Session], tmp_path: Path, call: Call, facts: Facts
) -> None:
    first, second = EventShipper(sessions, tmp_path), EventShipper(sessions, tmp_path)
    assert first.ship_pending() == 0
    log = FileEventLog(event_log_path(tmp_path, call.id))
    log.append(facts("call_started")[0])

    assert second.ship_pending() == 0
    first.stop()
    assert second.ship_pending() == 1
    second.stop()
    log.close()


def test_logs_of_unknown_calls_and_strange_files_are_set_aside_and_hold_up_nobody(
    sessions: sessionmaker[Session], shipper: EventShipper, tmp_path: Path, call: Call, facts: Facts
) -> None:
    stranger = event_log_path(tmp_path, call.interview_id)
    for path in (stranger, event_log_path(tmp_path, call.id)):
        log = FileEventLog(path)
        log.append(facts("call_started")[0])
        log.append(facts("call_ended", first=1)[0])
        log.close()
    (tmp_path / "0-notes.jsonl").write_text('{"no": "record"}\n')

    shipper.ship_pending()

    assert {path.name for path in (tmp_path / "refused").iterdir()} == {stranger.name, "0-notes.jsonl"}
    assert sequences(sessions, call) == [0, 1]


def test_a_writer_killed_at_any_moment_loses_no_whole_line(
    sessions: sessionmaker[Session], shipper: EventShipper, tmp_path: Path, call: Call
) -> None:
    path = event_log_path(tmp_path, call.id)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"busy\n"
    shipper.start()
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    whole_lines = path.read_bytes().count(b"\n") if path.exists() else None

    until((tmp_path / "shipped" / path.name).exists)

    shipped = sequences(sessions, call)
    assert shipped == list(range(len(shipped)))
    assert len(shipped) >= 301
    assert whole_lines is None or len(shipped) in (whole_lines, whole_lines + 1)  # call_ended may be in it already
    assert call_state(sessions, call) == CallState.DROPPED


def test_nothing_is_lost_or_doubled_while_the_database_is_away(
    tmp_path: Path, new_user: Callable[..., NewUser], new_interview: Callable[..., object], facts: Facts
) -> None:
    place = Path(tempfile.mkdtemp(prefix="vivavoce-away-"))
    place.chmod(0o755)
    server = embedded_postgres.start(place, durable=False)
    engine = make_engine(server.url)
    sessions = make_sessions(engine)
    try:
        schema.upgrade(server.url)
        with UnitOfWork(sessions) as work:
            owner = work.users.add(new_user())
            interview = work.interviews.create(owner.id, new_interview())  # type: ignore[arg-type]  # built by a fixture
            call = work.calls.register(interview.id, "CA1", Direction.INBOUND)
            work.commit()
        shipper = EventShipper(sessions, tmp_path)
        log = FileEventLog(event_log_path(tmp_path, call.id))
        names = ["call_started", *["turn_ended"] * 5, "call_ended"]
        records = facts(*names)
        shipper.start()
        log.append(records[0])
        until(lambda: sequences(sessions, call) == [0])

        server.stop()
        with pytest.raises(OperationalError):
            sequences(sessions, call)
        for record in records[1:]:
            log.append(record)
        log.close()
        server = embedded_postgres.start(place, durable=False)

        until((tmp_path / "shipped").exists)
        shipper.stop()
        assert sequences(sessions, call) == list(range(len(names)))
    finally:
        engine.dispose()
        server.stop()
        shutil.rmtree(place)
