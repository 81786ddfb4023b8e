import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import Conflict, NotFound
from engine.store import interviews
from engine.store.interviews import NewInterview
from engine.store.models import Call, Interview, User
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Direction, InterviewState, Level, ReportState, Topic

Build = Callable[..., NewInterview]


@pytest.fixture
def stranger(sessions: sessionmaker[Session], new_user: Callable[..., NewUser]) -> User:
    with UnitOfWork(sessions) as work:
        user = work.users.add(new_user("stranger@example.org"))
        work.commit()
    return user


def set_state(sessions: sessionmaker[Session], interview: Interview, **values: object) -> None:
    with sessions.begin() as session:
        session.execute(update(Interview).where(Interview.id == interview.id).values(**values))


def test_a_new_interview_has_a_six_digit_pin_for_thirty_days(interview: Interview) -> None:
    assert re.fullmatch(r"\d{6}", interview.pin)
    assert interview.pin_expires_at - interview.created_at == timedelta(days=30)
    assert (interview.state, interview.candidate.name) == (InterviewState.SCHEDULED, "Grace Example")


def test_another_users_interview_is_absent(
    sessions: sessionmaker[Session], interview: Interview, stranger: User
) -> None:
    with UnitOfWork(sessions) as work:
        for ask in (work.interviews.find, work.interviews.cancel):
            with pytest.raises(NotFound):
                ask(interview.id, stranger.id)
        with pytest.raises(NotFound):
            work.interviews.find(uuid.uuid4(), interview.owner_id)
        assert work.interviews.page(stranger.id, page=1).total == 0
        assert work.interviews.overview(stranger.id).total == 0
        assert work.interviews.find(interview.id, interview.owner_id).id == interview.id


def test_a_deleted_interview_is_absent(sessions: sessionmaker[Session], interview: Interview, now: datetime) -> None:
    set_state(sessions, interview, deleted_at=now)
    with UnitOfWork(sessions) as work:
        with pytest.raises(NotFound):
            work.interviews.find(interview.id, interview.owner_id)
        assert work.interviews.find_open_by_pin(interview.pin, now) is None


@pytest.mark.parametrize("state", list(InterviewState))
def test_the_pin_opens_the_door_until_the_interview_is_over(
    sessions: sessionmaker[Session], interview: Interview, state: InterviewState
) -> None:
    set_state(sessions, interview, state=state)
    with UnitOfWork(sessions) as work:
        found = work.interviews.find_open_by_pin(interview.pin, interview.created_at)
    assert (found is not None) == (state in ("scheduled", "in_progress", "interrupted"))


def test_a_pin_ends_with_its_time_and_unknown_ones_open_nothing(
    sessions: sessionmaker[Session], interview: Interview
) -> None:
    with UnitOfWork(sessions) as work:
        assert work.interviews.find_open_by_pin(interview.pin, interview.pin_expires_at) is None
        assert work.interviews.find_open_by_pin("12345", interview.created_at) is None
        assert work.interviews.expire(interview.pin_expires_at) == 1
        assert work.interviews.get(interview.id).state == InterviewState.EXPIRED


def test_open_interviews_never_share_a_pin_and_closed_ones_give_theirs_back(
    sessions: sessionmaker[Session], owner: User, new_interview: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = iter([7, 7, 7, 42, 7])
    monkeypatch.setattr(interviews.secrets, "randbelow", lambda _: next(draws))
    with UnitOfWork(sessions) as work:
        first = work.interviews.create(owner.id, new_interview())
        second = work.interviews.create(owner.id, new_interview())
        assert (first.pin, second.pin) == ("000007", "000042")
        work.interviews.cancel(first.id, owner.id)
        assert work.interviews.create(owner.id, new_interview()).pin == "000007"


def test_when_no_pin_is_free_the_user_is_told(
    sessions: sessionmaker[Session], owner: User, new_interview: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interviews.secrets, "randbelow", lambda _: 7)
    with UnitOfWork(sessions) as work:
        work.interviews.create(owner.id, new_interview())
        with pytest.raises(Conflict, match="PIN"):
            work.interviews.create(owner.id, new_interview())


def test_only_an_interview_that_is_not_running_can_be_cancelled(
    sessions: sessionmaker[Session], interview: Interview
) -> None:
    set_state(sessions, interview, state=InterviewState.IN_PROGRESS)
    with UnitOfWork(sessions) as work, pytest.raises(Conflict, match="in progress"):
        work.interviews.cancel(interview.id, interview.owner_id)
    set_state(sessions, interview, state=InterviewState.SCHEDULED)
    with UnitOfWork(sessions) as work:
        assert work.interviews.cancel(interview.id, interview.owner_id).state == InterviewState.CANCELLED


def test_an_appointment_can_be_moved_until_the_interview_begins(
    sessions: sessionmaker[Session], interview: Interview, now: datetime
) -> None:
    with UnitOfWork(sessions) as work:
        assert work.interviews.reschedule(interview.id, interview.owner_id, now).scheduled_at == now
        work.commit()
    set_state(sessions, interview, state=InterviewState.COMPLETED)
    with UnitOfWork(sessions) as work, pytest.raises(Conflict):
        work.interviews.reschedule(interview.id, interview.owner_id, None)


def test_the_list_is_paged_filtered_searched_and_sorted(
    sessions: sessionmaker[Session], owner: User, new_interview: Build
) -> None:
    with UnitOfWork(sessions) as work:
        for number in range(12):
            work.interviews.create(owner.id, new_interview(title=f"Round {number:02d}"))
        work.interviews.create(owner.id, new_interview(title="100% React", topics=(Topic.REACT,), level=Level.SENIOR))
        cancelled = work.interviews.create(owner.id, new_interview(candidate_name="Änne Example"))
        work.interviews.cancel(cancelled.id, owner.id)
        work.commit()
        mine = work.interviews.page

        assert [len(mine(owner.id, page=number).items) for number in (1, 2, 3)] == [10, 4, 0]
        assert (mine(owner.id, page=1).pages, mine(owner.id, page=1).total) == (2, 14)
        assert [row.title for row in mine(owner.id, page=2, per_page=5, text="round", sort="title").items] == [
            f"Round {number:02d}" for number in range(5, 10)
        ]
        assert mine(owner.id, page=1, topic=Topic.REACT).total == 1
        assert mine(owner.id, page=1, state=InterviewState.CANCELLED).items[0].id == cancelled.id
        assert mine(owner.id, page=1, text="ÄNNE").total == 1
        assert mine(owner.id, page=1, text="0% r").total == 1
        assert mine(owner.id, page=1, text="%").total == 1
        assert mine(owner.id, page=1, text="nobody").pages == 1
        assert mine(owner.id, page=1, sort="-title").items[0].title == "Round 11"
        with pytest.raises(ValueError, match="sort"):
            mine(owner.id, page=1, sort="pin")


def test_the_overview_counts_and_averages_the_newest_reports(
    sessions: sessionmaker[Session], owner: User, new_interview: Build
) -> None:
    with UnitOfWork(sessions) as work:
        soon = work.interviews.create(owner.id, new_interview(scheduled_at=datetime.now(UTC) + timedelta(days=2)))
        sooner = work.interviews.create(owner.id, new_interview(scheduled_at=datetime.now(UTC) + timedelta(days=1)))
        graded = [work.interviews.create(owner.id, new_interview()) for _ in range(2)]
        for row, score in zip(graded, (60.0, 90.0), strict=True):
            work.reports.append(row.id, ReportState.COMPLETE, 10.0, {})
            work.reports.append(row.id, ReportState.COMPLETE, score, {"newer": True})
        work.commit()
        overview = work.interviews.overview(owner.id)

    assert (overview.total, overview.by_state[InterviewState.SCHEDULED]) == (4, 4)
    assert overview.by_state[InterviewState.COMPLETED] == 0
    assert overview.average_score == 75.0
    assert [row.id for row in overview.upcoming] == [sooner.id, soon.id]
    assert len(overview.recent) == 4


def test_registering_a_call_twice_gives_the_same_leg(sessions: sessionmaker[Session], interview: Interview) -> None:
    with UnitOfWork(sessions) as work:
        first = work.calls.register(interview.id, "CA1", Direction.INBOUND)
        assert work.calls.register(interview.id, "CA1", Direction.INBOUND).id == first.id
        work.commit()
        work.calls.register(interview.id, "CA2", Direction.INBOUND)
        work.commit()
        assert [call.call_sid for call in work.calls.of_interview(interview.id)] == ["CA1", "CA2"]
        found = work.calls.by_sid("CA1")
        assert found is not None and found.state == "ringing"
        assert work.calls.by_sid("CA3") is None
        with pytest.raises(NotFound):
            work.calls.register(uuid.uuid4(), "CA3", Direction.INBOUND)
        assert work.calls.by_sid("CA1") is not None


def test_a_stream_token_is_spent_once(sessions: sessionmaker[Session]) -> None:
    with UnitOfWork(sessions) as work:
        assert work.calls.spend_stream_token("nonce")
        work.commit()
    with UnitOfWork(sessions) as work:
        assert not work.calls.spend_stream_token("nonce")
        assert work.calls.purge_stream_tokens(datetime.now(UTC) + timedelta(minutes=1)) == 1


def test_the_database_itself_refuses_a_second_live_leg(
    sessions: sessionmaker[Session], ring: Callable[..., Call]
) -> None:
    ids = [ring().id, ring().id]
    with sessions() as session, pytest.raises(IntegrityError, match="uq_calls_one_live_leg"):
        session.execute(update(Call).where(Call.id.in_(ids)).values(state="live"))
