from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import NotFound
from engine.ports import EventRecord
from engine.store.models import Answer, Base, Call, CallEvent, Consent, Interview, Question, Recording, Turn
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import CallState, InterviewState, ReportState

Facts = Callable[..., list[EventRecord]]
WHOLE_CALL = (
    "call_started",
    "stage_changed",
    "consent_given",
    "turn_ended",
    "question_asked",
    "follow_up_asked",
    "answer_completed",
    "progress_saved",
    "interview_ended",
    "line_measured",
    "recording_saved",
    "call_ended",
)


def ship(sessions: sessionmaker[Session], call: Call, records: list[EventRecord]) -> int:
    with UnitOfWork(sessions) as work:
        new = work.events.ship(call.id, records)
        work.commit()
    return new


def states(sessions: sessionmaker[Session], call: Call) -> tuple[str, str]:
    with sessions() as session:
        interview = session.get_one(Interview, call.interview_id)
        return session.get_one(Call, call.id).state, interview.state


def grading_jobs(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return session.scalar(text("select count(*) from procrastinate_jobs where task_name = 'grade_interview'")) or 0


def everything(sessions: sessionmaker[Session]) -> dict[str, list[Any]]:
    with sessions() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }


def test_a_whole_call_fills_every_table(sessions: sessionmaker[Session], call: Call, facts: Facts) -> None:
    assert ship(sessions, call, facts(*WHOLE_CALL)) == len(WHOLE_CALL)

    assert states(sessions, call) == (CallState.COMPLETED, InterviewState.EVALUATING)
    with sessions() as session:
        interview = session.get_one(Interview, call.interview_id)
        assert (interview.end_reason, interview.progress) == ("completed", {"asked": 1})
        assert interview.started_at is not None and interview.ended_at is not None
        leg = session.get_one(Call, call.id)
        assert (leg.stream_sid, leg.end_reason, leg.line_quality) == ("MZ1", "hung_up", {"snr_db": 31})
        assert session.scalars(select(Consent)).one().answer == "yes"
        assert session.scalars(select(Turn)).one().sequence == 3
        question = session.scalars(select(Question)).one()
        assert (question.bank_id, question.asked_at_ms) == ("python-gil", 4000)
        [follow_up] = question.follow_ups
        assert (follow_up["text"], follow_up["key_point"], follow_up["at_ms"]) == ("And input and output?", "io", 5000)
        assert (follow_up["source"], follow_up["version"]) == ("model", "probe-2")
        assert session.scalars(select(Answer)).one().words[0]["text"] == "It"
        assert session.scalars(select(Recording)).one().duration_ms == 62_000
    assert grading_jobs(sessions) == 1


def test_shipping_the_same_records_again_changes_nothing(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    ship(sessions, call, facts(*WHOLE_CALL))
    before = everything(sessions)

    assert ship(sessions, call, facts(*WHOLE_CALL)) == 0

    assert everything(sessions) == before
    assert grading_jobs(sessions) == 1


def test_a_line_that_breaks_leaves_the_interview_open_and_what_was_said_is_graded(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    ship(
        sessions,
        call,
        facts("call_started", "question_asked", "answer_completed", ("call_ended", {"reason": "line_lost"})),
    )

    assert states(sessions, call) == (CallState.DROPPED, InterviewState.INTERRUPTED)
    assert grading_jobs(sessions) == 1


def test_a_line_that_breaks_before_any_answer_leaves_nothing_to_grade(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    ship(sessions, call, facts("call_started", "question_asked", "call_ended"))

    assert states(sessions, call) == (CallState.DROPPED, InterviewState.INTERRUPTED)
    assert grading_jobs(sessions) == 0


def test_an_interview_ended_early_without_answers_stays_open_for_the_pin(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    declined = ("interview_ended", {"reason": "recording_declined", "is_complete": False})
    ship(sessions, call, facts("call_started", declined, "call_ended"))

    assert states(sessions, call) == (CallState.COMPLETED, InterviewState.INTERRUPTED)
    assert grading_jobs(sessions) == 0


def test_an_interview_ended_early_with_answers_is_graded(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    early = ("interview_ended", {"reason": "candidate_ended", "is_complete": False})
    ship(sessions, call, facts("call_started", "question_asked", "answer_completed", early))

    assert states(sessions, call) == (CallState.LIVE, InterviewState.EVALUATING)
    assert grading_jobs(sessions) == 1


def test_the_last_answer_to_a_question_wins(sessions: sessionmaker[Session], call: Call, facts: Facts) -> None:
    longer = ("answer_completed", {"text": "It lets one thread run at a time, but not during input"})
    ship(sessions, call, facts("call_started", "question_asked", "answer_completed", "follow_up_asked", longer))

    with sessions() as session:
        assert session.scalars(select(Answer)).one().text.endswith("not during input")


def test_a_candidate_who_calls_again_continues_and_the_new_leg_speaks_for_the_interview(
    sessions: sessionmaker[Session], ring: Callable[..., Call], facts: Facts
) -> None:
    first, second = ring(), ring()
    ship(sessions, first, facts("call_started", "question_asked", "answer_completed", "call_ended"))
    ship(sessions, second, facts("call_started", ("question_asked", {"order": 2}), "interview_ended", "call_ended"))

    assert states(sessions, first)[0] == CallState.DROPPED
    assert states(sessions, second) == (CallState.COMPLETED, InterviewState.EVALUATING)


@pytest.mark.parametrize("end", ["interview_ended", "stage_changed"])
def test_a_log_that_arrives_after_a_newer_leg_began_does_not_disturb_it(
    sessions: sessionmaker[Session], ring: Callable[..., Call], facts: Facts, end: str
) -> None:
    dead, alive = ring(), ring()
    ship(sessions, alive, facts("call_started", ("question_asked", {"text": "The newer wording"})))

    lost = ("call_ended", {"reason": "process_lost"})
    ship(sessions, dead, facts("call_started", "question_asked", "progress_saved", end, lost))

    assert states(sessions, alive) == (CallState.LIVE, InterviewState.IN_PROGRESS)
    with sessions() as session:
        assert session.scalars(select(Question)).one().text == "The newer wording"
        assert session.get_one(Interview, alive.interview_id).progress == {}


def test_a_second_live_leg_drops_the_first(
    sessions: sessionmaker[Session], ring: Callable[..., Call], facts: Facts
) -> None:
    first, second = ring(), ring()
    ship(sessions, first, facts("call_started"))
    ship(sessions, second, facts("call_started"))

    assert states(sessions, first)[0] == CallState.DROPPED
    assert states(sessions, second) == (CallState.LIVE, InterviewState.IN_PROGRESS)


def test_the_same_leg_goes_live_again_when_its_media_socket_comes_back(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    ship(sessions, call, facts("call_started", ("call_ended", {"reason": "line_lost"}), "call_started"))

    assert states(sessions, call) == (CallState.LIVE, InterviewState.IN_PROGRESS)


@pytest.mark.parametrize("before", [("call_started",), ("call_started", "call_ended")])
def test_a_leg_that_is_taken_over_is_live_whether_the_break_was_noticed_or_not(
    sessions: sessionmaker[Session], call: Call, facts: Facts, before: tuple[str, ...]
) -> None:
    ship(sessions, call, facts(*before, "call_resumed"))

    assert states(sessions, call) == (CallState.LIVE, InterviewState.IN_PROGRESS)
    with sessions() as session:
        found = session.get_one(Call, call.id)
        assert (found.stream_sid, found.ended_at, found.end_reason) == ("MZ2", None, None)


def test_a_malformed_fact_stays_in_the_log_and_stops_nothing(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    broken = EventRecord(1, 1000, "fact", "question_asked", {"order": "first"})
    orphan = ("answer_completed", {"order": 7})
    ship(sessions, call, [*facts("call_started"), broken, *facts("consent_given", orphan, first=2)])

    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(CallEvent)) == 4
        assert session.scalar(select(func.count()).select_from(Consent)) == 1
    assert states(sessions, call)[0] == CallState.LIVE


def test_text_that_postgres_cannot_keep_is_replaced_not_lost(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    odd = ("turn_ended", {"text": "nul \x00 half \ud800 pair", "gap_ms": None})
    measured = ("line_measured", {"line_quality": {"snr_db": float("nan")}})
    ship(sessions, call, facts("call_started", odd, measured))

    with sessions() as session:
        assert session.scalars(select(Turn)).one().text == "nul � half ? pair"
        assert session.get_one(Call, call.id).line_quality == {"snr_db": None}


def test_events_of_an_unknown_call_are_refused(
    sessions: sessionmaker[Session], interview: Interview, facts: Facts
) -> None:
    with UnitOfWork(sessions) as work, pytest.raises(NotFound):
        work.events.ship(interview.id, facts("call_started"))


def test_events_are_read_in_order_from_where_the_reader_stands(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    ship(sessions, call, facts(*WHOLE_CALL))
    with UnitOfWork(sessions) as work:
        first = work.events.after(call.interview_id, limit=5)
        rest = work.events.after(call.interview_id, first[-1].id)

        assert [event.name for event in [*first, *rest]] == list(WHOLE_CALL)
        assert work.events.next_sequence(call.id) == len(WHOLE_CALL)


def test_a_report_completes_an_interview_that_waited_for_it(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    ship(sessions, call, facts(*WHOLE_CALL))
    with UnitOfWork(sessions) as work:
        work.reports.append(call.interview_id, ReportState.COMPLETE, 71.239, {"a": 1})
        again = work.reports.append(call.interview_id, ReportState.COMPLETE, 71.239, {"a": 1})
        work.commit()

        assert (again.version, again.score) == (1, 71.24)
        assert work.reports.append(call.interview_id, ReportState.COMPLETE, 80.0, {"a": 2}).version == 2
    assert states(sessions, call)[1] == InterviewState.COMPLETED


def test_a_report_on_an_interrupted_interview_leaves_it_open(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    ship(sessions, call, facts("call_started", "question_asked", "answer_completed", "call_ended"))
    with UnitOfWork(sessions) as work:
        work.reports.append(call.interview_id, ReportState.PARTIAL, None, {})
        work.commit()

    assert states(sessions, call)[1] == InterviewState.INTERRUPTED
