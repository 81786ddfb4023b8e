"""A call that broke off: the candidate is told how it goes on, is offered a new time where it was us; a day passes."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session, sessionmaker

from engine.ports import EventRecord
from engine.scheduling.touches import MOST_TOUCHES, Touch
from engine.scheduling.zones import LocalTime
from engine.store.jobs import GRADE_INTERVIEW, TELL_OF_BREAK, is_waiting
from engine.store.models import Call, Interview
from engine.store.moves import move_interview
from engine.store.outbox import OutboxRepository, Recipient
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment, CallTask, OutboxMessage
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import BAD_LINES, AppointmentKind, AppointmentState, Channel, Direction, InterviewState, TaskKind
from engine.work.after_break import close_unresumed, tell_of_break
from engine.work.booking import book_at
from engine.work.giving_up import WhyNot, give_up
from engine.work.sending import PostOffice, send_message
from tests.integration.scheduling.conftest import NOW, Mailbag, weekday_ahead

QUESTION = {
    "order": 1, "total": 3, "question_id": "python-gil", "topic": "python", "difficulty": "easy", "kind": "concept",
    "text": "?", "why": "first", "version": "1",
}  # fmt: skip
ANSWER = {
    "order": 1, "state": "unfinished", "text": "It is a lock", "words": [], "start_ms": 1, "end_ms": 2,
    "ended_by": "line",
}  # fmt: skip


@pytest.fixture
def broken(
    sessions: sessionmaker[Session], desk: Callable[..., Any], plan: Callable[..., Interview]
) -> Callable[[str], tuple[uuid.UUID, uuid.UUID]]:
    """A booked call that was held and broke off for a reason; returns the ids of interview and call."""

    def make(reason: str, *facts: tuple[str, dict[str, object]]) -> tuple[uuid.UUID, uuid.UUID]:
        with desk() as turn:
            interview = plan()
            PermissionRepository(turn.session).grant(interview.owner_id, "+12025550143", "told_user", NOW)
            book_at(turn, interview, LocalTime(weekday_ahead(5, 14), "America/New_York"))
            turn.session.execute(update(Appointment).values(state=AppointmentState.KEPT))
            turn.session.execute(update(OutboxMessage).values(state="skipped"))
        told = facts or (("question_asked", QUESTION), ("answer_completed", ANSWER))
        with UnitOfWork(sessions) as work:
            call = work.calls.register(interview.id, f"CA{uuid.uuid4().hex}", Direction.INBOUND)
            records = [("call_started", {"stream_sid": "MZ1"}), *told, ("call_ended", {"reason": reason})]
            work.events.ship(
                call.id,
                [EventRecord(number, number, "fact", name, dict(data)) for number, (name, data) in enumerate(records)],
            )
            work.commit()
        return interview.id, call.id

    return make


def sent(office: PostOffice) -> None:
    with office.sessions() as session:
        due = session.scalars(select(OutboxMessage.id).where(OutboxMessage.state == "planned")).all()
    for message_id in due:
        send_message(office, message_id, NOW)


def appointment_state(sessions: sessionmaker[Session]) -> str:
    with sessions() as session:
        return str(session.scalars(select(Appointment.state)).one())


def test_a_candidate_whose_line_broke_is_told_number_and_pin_once(
    sessions: sessionmaker[Session],
    desk: Callable[..., Any],
    broken: Any,
    office: PostOffice,
    texts: Mailbag,
    mails: Mailbag,
) -> None:
    interview_id, call_id = broken("line_lost")
    with sessions() as session:
        assert is_waiting(session, TELL_OF_BREAK, interview_id=str(interview_id), call_id=str(call_id))
        pin = session.get_one(Interview, interview_id).pin
    for _ in range(2):
        with desk() as turn:
            tell_of_break(turn, interview_id, call_id)
    sent(office)
    [message], [mail] = texts.messages, mails.messages
    for said in ("broke off", "+1 202-555-0100", pin, "24 hours", "AI"):
        assert said in message.text
        assert said in mail.text
    assert "new time" not in message.text
    assert appointment_state(sessions) == AppointmentState.KEPT


def bad_line_end(reason: str) -> tuple[tuple[str, dict[str, object]], ...]:
    """The last facts of a call that was ended since nobody could be understood."""
    wanted: dict[str, object] = {"by": "key", "text": ""}
    return ("new_time_wanted", wanted), ("interview_ended", {"reason": reason, "is_complete": False})


@pytest.mark.parametrize("reason", ["process_lost", "failed", "bad_line", "one_way"])
def test_where_the_fault_was_ours_or_the_lines_a_new_time_is_offered_by_itself(
    sessions: sessionmaker[Session],
    desk: Callable[..., Any],
    broken: Any,
    office: PostOffice,
    texts: Mailbag,
    reason: str,
) -> None:
    ends = bad_line_end(reason) if reason in BAD_LINES else ()
    interview_id, call_id = broken(reason, ("question_asked", QUESTION), ("answer_completed", ANSWER), *ends)
    with sessions() as session:
        assert session.get_one(Interview, interview_id).state == InterviewState.INTERRUPTED
        assert session.scalars(select(CallTask)).all() == [], "the candidate picks; there is nothing for the user to do"
    with desk() as turn:
        tell_of_break(turn, interview_id, call_id)
    sent(office)
    assert appointment_state(sessions) == AppointmentState.OPEN
    assert "Or choose a new time: https://interviews.example/" in texts.messages[0].text
    with sessions.begin() as session:
        assert session.get_one(Interview, interview_id).end_reason == reason
        assert close_unresumed(session, NOW + timedelta(days=3)) == 0, "a time is being agreed on"


def test_a_bad_line_without_an_appointment_to_move_is_a_task_for_the_user(
    sessions: sessionmaker[Session], desk: Callable[..., Any], broken: Any
) -> None:
    interview_id, call_id = broken("hung_up")
    with sessions.begin() as session:
        session.execute(update(Appointment).values(kind=AppointmentKind.DIAL_IN))
    with UnitOfWork(sessions) as work:
        facts = bad_line_end("bad_line")
        work.events.ship(
            call_id, [EventRecord(100 + number, 9, "fact", name, data) for number, (name, data) in enumerate(facts)]
        )
        work.commit()
    with sessions() as session:
        [task] = session.scalars(select(CallTask)).all()
        assert (task.interview_id, task.kind) == (interview_id, TaskKind.CALL_BACK)
        assert "new time" in task.reason


def test_speech_that_failed_leaves_the_interview_open_for_the_pin(sessions: sessionmaker[Session], broken: Any) -> None:
    ended = ("interview_ended", {"reason": "speech_failed", "is_complete": False})
    interview_id, _ = broken("speech_failed", ("question_asked", QUESTION), ("answer_completed", ANSWER), ended)
    with sessions() as session:
        assert session.get_one(Interview, interview_id).state == InterviewState.INTERRUPTED
        assert is_waiting(session, TELL_OF_BREAK, interview_id=str(interview_id))


@pytest.mark.parametrize(
    ("reason", "state", "is_written_to"),
    [
        ("candidate_ended", InterviewState.EVALUATING, False),
        ("abuse", InterviewState.EVALUATING, False),
        ("user_ended", InterviewState.EVALUATING, False),
        ("call_back", InterviewState.INTERRUPTED, False),
        ("wrong_person", InterviewState.INTERRUPTED, False),
        ("one_way", InterviewState.INTERRUPTED, True),
    ],
)
def test_how_a_talk_ended_decides_whether_it_can_go_on_and_who_is_written_to(
    sessions: sessionmaker[Session], broken: Any, reason: str, state: InterviewState, is_written_to: bool
) -> None:
    ended = ("interview_ended", {"reason": reason, "is_complete": False})
    interview_id, _ = broken(reason, ("question_asked", QUESTION), ("answer_completed", ANSWER), ended)
    with sessions() as session:
        assert session.get_one(Interview, interview_id).state == state
        assert is_waiting(session, TELL_OF_BREAK, interview_id=str(interview_id)) == is_written_to


def test_who_has_called_again_meanwhile_is_not_written_to(
    sessions: sessionmaker[Session], desk: Callable[..., Any], broken: Any, office: PostOffice, texts: Mailbag
) -> None:
    interview_id, call_id = broken("hung_up")
    with desk() as turn:
        tell_of_break(turn, interview_id, call_id)
        assert move_interview(turn.session, interview_id, InterviewState.IN_PROGRESS)
    sent(office)
    assert texts.messages == []
    with desk() as turn:
        assert tell_of_break(turn, interview_id, call_id) is None


@pytest.mark.parametrize("may_work_later", [True, False])
def test_a_call_that_is_given_up_is_told_of_whatever_was_sent_before(
    desk: Callable[..., Any],
    plan: Callable[..., Interview],
    office: PostOffice,
    texts: Mailbag,
    mails: Mailbag,
    *,
    may_work_later: bool,
) -> None:
    with desk() as turn:
        interview = plan()
        PermissionRepository(turn.session).grant(interview.owner_id, "+12025550143", "told_user", NOW)
        appointment = book_at(turn, interview, LocalTime(weekday_ahead(5, 14), "America/New_York"))
        turn.session.execute(update(OutboxMessage).values(state="sent"))
        for touch in (Touch.MISSED, Touch.BROKEN_OFF):
            heard = OutboxRepository(turn.session).plan(appointment, touch, NOW, Recipient(Channel.SMS, "+12025550143"))
            turn.session.execute(update(OutboxMessage).where(OutboxMessage.id == heard).values(state="sent"))
        assert OutboxRepository(turn.session).touches_used(interview.id) > MOST_TOUCHES
        give_up(turn, appointment, WhyNot("no_capacity", "All lines were busy.", may_work_later))
    sent(office)
    [message], [mail] = texts.messages, mails.messages
    for said in ("could not", "+1 202-555-0100", interview.pin, "AI"):
        assert said in message.text
        assert said in mail.text
    assert ("choose a new time: https://interviews.example/c/" in message.text) is may_work_later
    assert ("Choose a time:" in mail.text) is may_work_later
    assert "Move it" not in mail.text
    assert mail.calendar == b""


def test_after_a_day_the_interview_is_closed_and_reported_as_far_as_it_went(
    sessions: sessionmaker[Session], broken: Any
) -> None:
    interview_id, call_id = broken("hung_up")
    with sessions.begin() as session:
        session.execute(update(Call).where(Call.id == call_id).values(ended_at=NOW))
        session.execute(text("delete from procrastinate_jobs"))
        assert close_unresumed(session, NOW + timedelta(hours=23, minutes=59)) == 0
        assert close_unresumed(session, NOW + timedelta(hours=24)) == 1
        assert close_unresumed(session, NOW + timedelta(hours=25)) == 0
    with sessions() as session:
        interview = session.get_one(Interview, interview_id)
        assert (interview.state, interview.end_reason) == (InterviewState.EXPIRED, "not_resumed")
        assert is_waiting(session, GRADE_INTERVIEW, interview_id=str(interview_id))
