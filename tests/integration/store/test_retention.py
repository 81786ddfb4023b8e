"""Recordings and words whose time is over are deleted, from the disk too; what is held stays; all of it is logged."""

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from engine.config import load_settings
from engine.errors import SettingsError
from engine.questions.bank import load_bank
from engine.store.models import Answer, Call, CallEvent, Deletion, Evaluation, Interview, Recording, Report, Turn, User
from engine.store.retention import RetentionRepository
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import CallState, InterviewState
from engine.work.grading import grade_interview
from engine.work.jobs import tidy_up
from engine.work.retention import Keeping, delete_what_is_over, remove_recordings

Facts = Callable[..., list[object]]
NOW = datetime.now(UTC)
FOR_EVER = timedelta(days=5000)
SAID = "It lets one thread run at a time"


@dataclass
class Held:
    """A finished interview with a recording on disk, and the means to let time pass."""

    sessions: sessionmaker[Session]
    keeping: Keeping
    interview: Interview
    call: Call
    file: Path

    def after(self, days: float) -> None:
        delete_what_is_over(self.sessions, self.keeping, NOW + timedelta(days=days))

    def recording(self) -> Recording:
        with self.sessions() as session:
            return session.scalars(select(Recording)).one()

    def deletions(self) -> list[tuple[str, str, uuid.UUID | None]]:
        with self.sessions() as session:
            rows = session.scalars(select(Deletion).order_by(Deletion.created_at))
            return [(row.what, row.reason, row.interview_id) for row in rows]


@pytest.fixture
def held(sessions: sessionmaker[Session], interview: Interview, call: Call, facts: Facts, tmp_path: Path) -> Held:
    folders = [tmp_path / name for name in ("recordings", "calls", "outbox", "speech-cache")]
    for folder in folders:
        folder.mkdir()
    told = facts(
        "call_started",
        "consent_given",
        "question_asked",
        ("turn_ended", {"who": "candidate", "text": SAID}),
        "answer_completed",
        ("recording_saved", {"path": f"{call.id}.wav"}),
        "interview_ended",
        "call_ended",
    )
    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, told)
        work.commit()
    grade_interview(sessions, load_bank(), interview.id)
    file = folders[0] / f"{call.id}.wav"
    file.write_bytes(b"sound")
    return Held(sessions, Keeping(90, 365, *folders), interview, call, file)


def test_a_recording_is_removed_when_its_time_is_over_and_not_before(held: Held) -> None:
    delete_what_is_over(held.sessions, replace(held.keeping, recording_days=0, interview_days=0), NOW + FOR_EVER)
    held.after(89.9)
    assert (held.file.exists(), held.recording().removed_at, held.deletions()) == (True, None, [])
    for _ in range(2):
        held.after(90.1)
        assert not held.file.exists()
        assert held.recording().removed_at is not None
        assert held.recording().erased_at is not None
        assert held.deletions() == [("recording", "retention", held.interview.id)], "logged once"


def test_a_crash_between_row_and_file_leaves_nothing_behind(held: Held) -> None:
    with held.sessions.begin() as session:
        assert RetentionRepository(session).remove_recordings(NOW + timedelta(days=91), 90) == 1
    assert held.file.exists(), "the process died here"
    assert remove_recordings(held.sessions, held.keeping, NOW + timedelta(days=91)) == 1
    assert not held.file.exists()
    assert len(held.deletions()) == 1


def test_an_account_may_keep_recordings_for_a_shorter_time_but_not_longer(held: Held) -> None:
    with held.sessions.begin() as session:
        session.execute(update(User).values(recording_days=400))
    held.after(91)
    assert not held.file.exists()
    with held.sessions.begin() as session:
        session.execute(update(Recording).values(removed_at=None, erased_at=None))
        session.execute(update(User).values(recording_days=7))
    held.file.write_bytes(b"sound")
    held.after(7.1)
    assert not held.file.exists()


def test_what_is_held_stays_until_it_is_let_go(held: Held) -> None:
    with held.sessions.begin() as session:
        retention = RetentionRepository(session)
        assert not retention.hold(held.interview.id, uuid.uuid4(), "not mine", NOW)
        assert retention.hold(held.interview.id, held.interview.owner_id, "The score is disputed.", NOW)
    held.after(1000)
    assert held.file.exists()
    assert held.deletions() == []
    with held.sessions.begin() as session:
        assert RetentionRepository(session).release(held.interview.id, held.interview.owner_id)
    held.after(1000)
    assert not held.file.exists()
    assert [what for what, _, _ in held.deletions()] == ["recording", "words"]


def test_after_a_year_the_words_are_gone_and_the_figures_are_left(held: Held) -> None:
    with held.sessions() as session:
        before = session.scalars(select(Report)).one()
    assert SAID in str(before.body)
    for _ in range(2):
        held.after(366)
    with held.sessions() as session:
        for table in (CallEvent, Turn):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        after, answer = session.scalars(select(Report)).one(), session.scalars(select(Answer)).one()
        grades = session.scalars(select(Evaluation)).all()
        interview = session.get_one(Interview, held.interview.id)
    assert (answer.text, answer.words) == ("", [])
    for written in (after.body, *(grade.detail for grade in grades)):
        assert SAID not in str(written)
    assert (after.score, after.body["score"], after.body["band"]) == (
        before.score,
        before.body["score"],
        before.body["band"],
    )
    assert after.body["breakdown"] == before.body["breakdown"]
    assert [grade.score for grade in grades] != []
    assert interview.words_removed_at is not None
    assert [what for what, _, _ in held.deletions()] == ["recording", "words"]


def test_what_dead_processes_left_on_the_disk_is_erased_when_it_is_old(held: Held) -> None:
    shipped, refused = held.keeping.event_logs / "shipped", held.keeping.event_logs / "refused"
    left = [
        shipped / "a.jsonl",
        refused / "b.jsonl",
        held.keeping.speech_cache / "c.part",
        held.keeping.outbox / "d.eml",
        held.keeping.recordings / f"{uuid.uuid4()}.wav",
    ]
    used = [held.keeping.speech_cache / "phrase.ulaw", held.keeping.event_logs / "running.jsonl", shipped / "new.jsonl"]
    for path in (*left, *used):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    for path in (*left, *used[:2], held.file):
        os.utime(path, (0, (NOW - timedelta(days=91)).timestamp()))
    held.after(0)
    assert [path.name for path in left if path.exists()] == []
    assert all(path.exists() for path in (*used, held.file)), "a recording with a row is not judged by its file's age"
    assert held.deletions() == [("recording", "no_row", None)]


def test_a_call_of_which_no_news_comes_any_more_is_ended(
    sessions: sessionmaker[Session], interview: Interview, call: Call, facts: Facts
) -> None:
    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, facts("call_started"))
        work.commit()
    tidy_up(sessions, NOW + timedelta(hours=5))
    with UnitOfWork(sessions) as work:
        assert work.interviews.get(interview.id).state == InterviewState.IN_PROGRESS
        work.session.execute(update(Interview).values(updated_at=NOW - timedelta(hours=2)))
        work.commit()
    tidy_up(sessions, NOW + timedelta(hours=7))
    with UnitOfWork(sessions) as work:
        [ended] = work.calls.of_interview(interview.id)
        assert (ended.state, ended.end_reason) == (CallState.DROPPED, "line_lost")
        assert work.interviews.get(interview.id).state == InterviewState.INTERRUPTED


@pytest.mark.parametrize(("written", "days"), [(None, 90), ("30", 30), ("0", 0), ("", 0)])
def test_the_days_are_read_from_the_environment(written: str | None, days: int) -> None:
    environ = {
        "DATABASE_URL": "postgresql://u@h/d",
        "JWT_SECRET": "a" * 40,
        "JWT_REFRESH_SECRET": "b" * 40,
        "STREAM_SECRET": "c" * 40,
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "t",
        "PHONE_NUMBER": "+15550100",
    } | ({} if written is None else {"RECORDING_RETENTION_DAYS": written})
    assert load_settings(environ).recording_retention_days == days
    with pytest.raises(SettingsError, match="INTERVIEW_RETENTION_DAYS"):
        load_settings(environ | {"INTERVIEW_RETENTION_DAYS": "a year"})
