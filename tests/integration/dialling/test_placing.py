"""One slot, one call: who takes a booked call in hand, what stops it, and what every failure of Twilio leads to."""

import itertools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from engine.errors import Conflict, ScheduleError
from engine.pricing import Charge
from engine.store.appointments import AppointmentRepository
from engine.store.dials import DialRepository, Waiting
from engine.store.jobs import END_CALL
from engine.store.models import Interview, User
from engine.store.moves import move_call, move_interview
from engine.store.outbox import OutboxRepository
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment, CallPermission
from engine.store.tasks import TaskRepository
from engine.store.unit_of_work import UnitOfWork
from engine.usage import Usage
from engine.vocabulary import AppointmentState, CallState, Channel, Direction, InterviewState
from engine.work import booking, rebooking
from engine.work.desk import Desk
from engine.work.dialling import dial, end
from engine.work.reconciling import ask_about_silent_calls
from tests.integration.dialling.conftest import OURS, PHONE, ZONES, Office, make_user, work_until

SOON = timedelta(seconds=30)


def tasks(office: Office) -> list[tuple[str, str]]:
    with office.sessions() as session:
        return [(task.kind, task.reason) for task in TaskRepository(session).open_of(office.owner.id)]


def touches(office: Office, interview: Interview) -> list[str]:
    """What the candidate is written to about."""
    with office.sessions() as session:
        return [message.touch for message in OutboxRepository(session).of_interview(interview.id)]


def change(office: Office, appointment: Appointment, how: Callable[[Desk, Appointment], object]) -> None:
    with office.sessions.begin() as session:
        how(Desk(session, ZONES, office.hours, datetime.now(UTC)), session.get_one(Appointment, appointment.id))


def reconcile(office: Office, after: timedelta) -> None:
    dialler = office.dialler()
    ask_about_silent_calls(dialler, datetime.now(UTC) + after)
    assert dialler.placer is not None
    dialler.placer.close()


def test_twilio_is_asked_with_everything_it_needs_to_know(office: Office) -> None:
    interview = office.plan()
    call_id = office.dial(office.due_now(interview))

    [taken] = office.twilio.exchange.calls
    base = office.settings.public_base_url
    assert (taken.one("To"), taken.one("From")) == (PHONE, OURS)
    assert taken.one("Url") == f"{base}/telephony/voice?interview_id={interview.id}&call={call_id}"
    assert taken.one("StatusCallback") == f"{base}/telephony/status?call={call_id}"
    assert taken.form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    assert (taken.one("MachineDetection"), taken.one("AsyncAmd")) == ("DetectMessageEnd", "true")
    [call] = office.calls(interview)
    assert (call.id, call.state, call.call_sid, call.phone) == (call_id, CallState.RINGING, taken.sid, PHONE)
    assert office.appointment(interview).state == AppointmentState.TAKEN


def test_no_telephone_number_gets_into_the_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    interview = office.plan()
    appointment = office.due_now(interview)
    with office.sessions.begin() as session:
        DialRepository(session).take([Waiting(appointment.id, 0)], datetime.now(UTC))
    reconcile(office, timedelta(seconds=20))
    office.dial(office.due_now(office.plan("+12025550188")))
    assert caplog.records != []
    written = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "2025550143" not in written
    assert "2025550188" not in written


def test_however_many_reach_for_a_call_it_is_dialled_once(office: Office) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    with ThreadPoolExecutor(6) as pool:
        placed = list(pool.map(lambda _: office.dial(appointment), range(12)))

    assert sum(each is not None for each in placed) == 1
    assert len(office.twilio.requests) == 1
    assert len(office.calls(interview)) == 1


def test_what_changed_in_the_last_second_is_not_dialled(office: Office) -> None:
    cancelled, moved, refused = (office.due_now(office.plan(f"+1202555019{number}")) for number in (1, 2, 3))
    with office.sessions.begin() as session:
        AppointmentRepository(session).set_state(cancelled.id, AppointmentState.CANCELLED)
        PermissionRepository(session).refuse(Channel.CALL, refused.phone, "link", datetime.now(UTC))
    stale = moved.edition
    change(office, moved, rebooking.call_at_once)
    dialler = office.dialler()
    for appointment, edition in ((cancelled, cancelled.edition), (moved, stale), (refused, refused.edition)):
        assert dial(dialler, [Waiting(appointment.id, edition)], datetime.now(UTC) + SOON) == []

    assert office.twilio.requests == []


def test_nobody_is_called_for_a_user_whose_address_is_not_confirmed(office: Office) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    with office.sessions.begin() as session:
        session.execute(update(User).values(verified_at=None))
    assert office.dial(appointment) is None
    assert office.twilio.requests == []
    missed = office.appointment(interview)
    assert (missed.state, missed.state_reason) == (AppointmentState.MISSED, "owner_not_verified")
    ((_kind, reason),) = tasks(office)
    assert "not confirmed your e-mail address" in reason
    with pytest.raises(ScheduleError, match="not confirmed your e-mail address"):
        change(office, missed, rebooking.call_at_once)


def test_a_call_at_once_that_was_asked_for_twice_is_placed_once(office: Office) -> None:
    interview = office.plan()
    first = office.due_now(interview)
    change(office, office.appointment(interview), rebooking.call_at_once)
    editions = [first.edition, office.appointment(interview).edition]
    assert editions == [0, 1]
    dialler = office.dialler()
    for _ in range(2):
        for edition in editions:
            dial(dialler, [Waiting(first.id, edition)], datetime.now(UTC) + SOON)

    assert len(office.twilio.requests) == 1


def test_nobody_is_called_before_the_hour(office: Office) -> None:
    appointment = office.due_now()
    assert appointment.due_at is not None
    dialler = office.dialler()
    assert dial(dialler, [Waiting(appointment.id, 0)], appointment.due_at - timedelta(milliseconds=1)) == []
    assert dial(dialler, [Waiting(appointment.id, 0)], appointment.due_at) != []


def test_a_call_in_hand_cannot_be_moved_but_called_off(office: Office) -> None:
    interview = office.plan()
    office.dial(office.due_now(interview))
    with pytest.raises(Conflict, match="running or over"):
        change(office, office.appointment(interview), rebooking.call_at_once)
    change(office, office.appointment(interview), lambda desk, row: booking.cancel(desk, row, by="user"))
    assert len(office.jobs(END_CALL)) == 1, "the telephone stops ringing"
    end(office.dialler(), office.calls(interview)[0].id)
    assert office.twilio.exchange.calls[0].status == "canceled"
    assert office.appointment(interview).state == AppointmentState.CANCELLED


@pytest.mark.parametrize("fault", ["429", "401"])
def test_where_nothing_rang_the_call_goes_out_a_little_later_and_no_try_is_counted(office: Office, fault: str) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    office.twilio.faults = [fault]
    office.dial(appointment)

    [call] = office.calls(interview)
    assert (call.state, call.end_reason) == (CallState.FAILED, "not_placed")
    waiting = office.appointment(interview)
    assert (waiting.state, waiting.closed_gate) == (AppointmentState.BOOKED, "provider_down")
    assert office.jobs("dial_call") != []

    assert office.dial(waiting, SOON) is not None
    with office.sessions() as session:
        [counted] = DialRepository(session).tries(waiting)
    assert (counted.try_number, counted.state) == (2, CallState.RINGING)


def test_a_refusal_for_good_ends_the_appointment_and_says_what_to_do(office: Office) -> None:
    interview = office.plan()
    office.twilio.faults = ["21215"]
    office.dial(office.due_now(interview))

    assert office.appointment(interview).state == AppointmentState.MISSED
    [(kind, words)] = tasks(office)
    assert kind == "not_called"
    assert "geographic permissions" in words


@pytest.mark.parametrize("fault", ["break after", "503"])
def test_after_a_request_in_the_dark_the_provider_is_asked_and_nobody_rings_twice(office: Office, fault: str) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    office.twilio.faults = [fault]
    office.dial(appointment)
    [call] = office.calls(interview)
    assert (call.state, call.call_sid) == (CallState.DIALLING, None)
    assert office.dial(appointment, SOON) is None

    reconcile(office, timedelta(seconds=20))
    [call] = office.calls(interview)
    if fault == "break after":
        assert (call.state, call.call_sid) == (CallState.RINGING, office.twilio.exchange.calls[0].sid)
        assert len(office.twilio.requests) == 1
        return
    assert call.state == CallState.DIALLING, "Twilio may still show it"
    reconcile(office, timedelta(seconds=61))
    [call] = office.calls(interview)
    assert (call.state, call.end_reason) == (CallState.FAILED, "not_placed")
    assert office.appointment(interview).state == AppointmentState.BOOKED
    assert office.dial(appointment, timedelta(seconds=62)) is not None


def test_a_crash_between_the_row_and_the_request_is_found_out(office: Office) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    with office.sessions.begin() as session:
        assert DialRepository(session).take([Waiting(appointment.id, 0)], datetime.now(UTC)) != []
    assert office.dial(appointment, SOON) is None
    reconcile(office, timedelta(seconds=61))
    assert office.dial(appointment, timedelta(seconds=62)) is not None
    assert len(office.twilio.requests) == 1


def test_a_call_whose_news_were_all_lost_is_looked_up(office: Office) -> None:
    interview = office.plan()
    office.dial(office.due_now(interview))
    office.twilio.exchange.calls[0].status = "no-answer"
    reconcile(office, timedelta(seconds=70))
    assert office.calls(interview)[0].state == CallState.RINGING
    reconcile(office, timedelta(seconds=80))
    assert office.calls(interview)[0].state == CallState.NO_ANSWER
    assert office.appointment(interview).state == AppointmentState.BOOKED


def test_a_call_whose_process_is_gone_with_its_log_ends_when_it_must_have(office: Office) -> None:
    interview = office.plan()
    call_id = office.dial(office.due_now(interview))
    assert call_id is not None
    with office.sessions.begin() as session:
        move_call(session, call_id, CallState.LIVE)
    office.twilio.exchange.calls[0].status = "completed"
    reconcile(office, timedelta(minutes=50))
    assert office.calls(interview)[0].state == CallState.LIVE, "its session may still have it"
    reconcile(office, timedelta(minutes=63))
    assert (office.calls(interview)[0].state, office.calls(interview)[0].end_reason) == ("dropped", "line_lost")


def test_rows_whose_end_nobody_told_of_take_up_no_line_for_ever(office: Office) -> None:
    office.lines = 1
    with UnitOfWork(office.sessions) as work:
        work.calls.register(office.plan("+12025550177").id, "CA9", Direction.INBOUND)
        work.commit()
    appointment = office.due_now()
    assert office.dial(appointment) is None
    assert office.dial(appointment, timedelta(minutes=4)) is not None


@pytest.mark.parametrize(
    ("statuses", "pauses_min"),
    [
        (("busy", "busy", "busy"), (5, 5, None)),
        (("no-answer", "no-answer"), (30, 24 * 60)),
        (("failed", "busy", "no-answer"), (2, 5, 24 * 60)),  # three on one day are enough
    ],
)
def test_each_outcome_has_its_next_try(
    office: Office, statuses: tuple[str, ...], pauses_min: tuple[int | None, ...]
) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    first = appointment.due_at
    assert first is not None
    for number, (status, pause) in enumerate(zip(statuses, pauses_min, strict=True), start=1):
        waited = (appointment.due_at or first) - datetime.now(UTC)
        call_id = office.dial(appointment, max(waited, timedelta()))
        assert call_id is not None
        sid = office.twilio.exchange.calls[-1].sid
        news = {"CallSid": sid, "CallStatus": status, "SequenceNumber": "3"}
        assert office.tell(f"/telephony/status?call={call_id}", **news).status_code == 204
        office.settle(interview, max(waited, timedelta()))
        appointment = office.appointment(interview)
        if pause is None:
            assert appointment.state == AppointmentState.MISSED
            assert tasks(office) == [("not_reached", "The line was busy each time. It was tried 3 times.")]
            assert "missed" in touches(office, interview)
            return
        dialled = office.calls(interview)[-1].dialled_at
        assert dialled is not None
        assert appointment.state == AppointmentState.BOOKED
        assert appointment.due_at is not None
        since = dialled if pause < 60 else first
        assert abs(appointment.due_at - since - timedelta(minutes=pause)) < timedelta(seconds=2), number
        assert appointment.edition == 0


def test_news_come_in_any_order_forged_doubled_and_about_nobody(office: Office) -> None:
    interview = office.plan()
    call_id = office.dial(office.due_now(interview))
    sid = office.twilio.exchange.calls[0].sid
    path = f"/telephony/status?call={call_id}"
    for status, number in zip(("ringing", "no-answer", "initiated", "no-answer", "in-progress"), "13032", strict=True):
        assert office.tell(path, CallSid=sid, CallStatus=status, SequenceNumber=number).status_code == 204
    assert office.tell(path, token="another", CallSid=sid, CallStatus="busy").status_code == 403
    assert office.tell("/telephony/status?call=nonsense", CallSid="CA9", CallStatus="busy").status_code == 204
    assert office.tell(f"/telephony/status?call={call_id}", CallSid="CA9", CallStatus="busy").status_code == 204

    [call] = office.calls(interview)
    assert (call.state, call.call_sid, call.status_sequence) == (CallState.NO_ANSWER, sid, 3)


def test_gates_that_open_by_themselves_are_shown_and_waited_for(office: Office) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    office.lines = 0
    office.take_jobs()
    assert office.dial(appointment) is None
    waiting = office.appointment(interview)
    assert (waiting.state, waiting.closed_gate) == (AppointmentState.BOOKED, "no_capacity")
    assert any(at is not None and at > datetime.now(UTC) + timedelta(seconds=2) for at in office.jobs("dial_call"))

    office.lines = 5
    assert office.dial(appointment, SOON) is not None
    assert office.appointment(interview).closed_gate is None


def test_a_gate_that_stays_closed_for_a_quarter_of_an_hour_ends_it(office: Office) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    office.health.failed("away", None)
    for _ in range(5):
        office.health.failed("away", None)
    assert office.dial(appointment, timedelta(minutes=14)) is None
    assert office.appointment(interview).closed_gate == "provider_down"
    assert office.dial(appointment, timedelta(minutes=16)) is None
    missed = office.appointment(interview)
    assert (missed.state, missed.state_reason) == (AppointmentState.MISSED, "provider_down")
    [(kind, words)] = tasks(office)
    assert kind == "not_called"
    assert words.endswith("Nobody was told."), "a call at once, which the user wished for and nobody was promised"
    assert touches(office, interview) == []


def test_a_lasting_gate_ends_it_at_once_with_a_task(office: Office) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    with office.sessions.begin() as session:
        session.get_one(Appointment, appointment.id).picked_at = office.now()
        PermissionRepository(session).refuse(Channel.CALL, PHONE, "link", datetime.now(UTC))
    assert office.dial(appointment) is None
    missed = office.appointment(interview)
    assert (missed.state, missed.state_reason) == (AppointmentState.MISSED, "do_not_call")
    [(_, words)] = tasks(office)
    assert "never to be called" in words
    assert words.endswith("Nobody was told."), "whoever must not be called is not written to either"
    assert (office.twilio.requests, touches(office, interview)) == ([], [])


def test_a_month_whose_money_is_spent_calls_nobody(office: Office) -> None:
    office.month_usd = Decimal("0.01")
    interview, other = office.plan(), office.plan("+12025550188")
    assert office.dial(office.due_now(interview)) is not None, "nothing was spent yet"
    with UnitOfWork(office.sessions) as work:
        usage = Usage(kind="chat", provider="openai", model="m", input_tokens=1)
        work.usage.add_of_job(interview.id, "grade_interview", usage, Charge(Decimal("0.02"), datetime.now(UTC).date()))
        work.commit()
    assert office.dial(office.due_now(other)) is None
    assert office.appointment(other).state_reason == "budget_spent"


def test_a_call_that_nobody_placed_for_long_is_given_up_with_a_word_to_the_user(office: Office) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    assert office.dial(appointment, timedelta(minutes=16)) is None
    assert office.appointment(interview).state_reason == "too_late"
    assert "no job process was running" in tasks(office)[0][1]


@pytest.mark.parametrize(
    ("obstacle", "told", "then"),
    [
        ("no_line", "The candidate is told, and may pick a new time.", AppointmentState.OPEN),
        ("calls_off", "The candidate is told, and may still dial in.", AppointmentState.MISSED),
        ("refused", "The candidate is told, and may still dial in.", AppointmentState.MISSED),
        ("no_consent", "Nobody was told.", AppointmentState.MISSED),
    ],
)
def test_a_promised_call_that_is_given_up_is_told_of_to_both_sides(
    office: Office, obstacle: str, told: str, then: AppointmentState
) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    with office.sessions.begin() as session:
        session.get_one(Appointment, appointment.id).picked_at = office.now()
        if obstacle == "no_consent":
            session.execute(update(CallPermission).values(withdrawn_at=office.now()))
    after = timedelta()
    if obstacle == "no_line":
        office.lines, after = 0, timedelta(minutes=16)
        assert office.dial(appointment, timedelta(minutes=14)) is None
        assert office.appointment(interview).state == AppointmentState.BOOKED
    elif obstacle == "calls_off":
        office.settings = replace(office.settings, calls=replace(office.settings.calls, provider="off"))
    elif obstacle == "refused":
        office.twilio.faults.append("21216")
    office.dial(appointment, after)

    assert office.appointment(interview).state == then
    [(kind, words)] = tasks(office)
    assert (kind, words[-len(told) :]) == ("not_called", told)
    assert "in the queue" not in words, "it waits no longer"
    assert touches(office, interview) == ([] if told == "Nobody was told." else ["not_called"])


def test_an_interview_that_is_over_is_not_called_for_any_more(office: Office) -> None:
    interview = office.plan()
    appointment = office.due_now(interview)
    with office.sessions.begin() as session:
        move_interview(session, interview.id, InterviewState.EXPIRED)
    assert office.dial(appointment) is None
    assert office.appointment(interview).state == AppointmentState.MISSED
    assert tasks(office) == []


def test_two_job_processes_place_a_crowd_of_calls_once_each_and_none_early(office: Office) -> None:
    due = {}
    for number in range(20):
        interview = office.plan(f"+12025551{number:03d}")
        office.due_now(interview)
        at = datetime.now(UTC) + timedelta(seconds=3, milliseconds=50 * number)
        with office.sessions.begin() as session:
            row = session.get_one(Appointment, office.appointment(interview).id)
            row.due_at, row.ends_at = at, at + timedelta(minutes=10)
        due[row.phone] = at

    def all_asked() -> bool:
        return len(office.twilio.requests) >= len(due)

    with ThreadPoolExecutor(2) as processes:
        list(processes.map(lambda app: work_until(app, all_asked), [office.job_app(), office.job_app()]))

    assert Counter(phone for _, phone in office.twilio.requests) == Counter(list(due))
    assert [phone for at, phone in office.twilio.requests if at < due[phone]] == []


def test_with_a_pace_accounts_take_turns_and_are_told_when(office: Office) -> None:
    office.per_second = 1.0
    other = make_user(office.sessions, "bob@example.org")
    many = [office.plan(f"+1202555016{number}") for number in range(4)]
    few = [office.plan(f"+1202555017{number}", owner=other) for number in range(2)]
    waiting = [office.due_now(interview) for interview in (*many, *few)]
    begin = datetime.now(UTC)
    dialler = office.dialler()
    placed: list[str] = []
    for second in range(6):
        now = begin + timedelta(seconds=second)
        with office.sessions() as session:
            told = DialRepository(session).expected("AC1", 1.0, now)
        assert sorted(round((at - now).total_seconds()) for at in told.values()) == list(range(6 - second))
        for appointment in waiting:
            dial(dialler, [Waiting(appointment.id, 0)], now)
        placed = [phone for _, phone in office.twilio.requests]
        assert len(placed) == second + 1, "one a second, whoever asks"
    assert Counter(placed).most_common(1)[0][1] == 1
    owners = ["few" if phone.startswith("+1202555017") else "many" for phone in placed]
    assert all(one != next_one for one, next_one in itertools.pairwise(owners[:4])), owners
    assert owners[4:] == ["many", "many"]


def test_a_job_that_places_somebody_elses_call_looks_at_that_calls_gates(office: Office) -> None:
    office.per_second = 10.0
    mine, theirs = office.due_now(office.plan()), office.plan("+12025550188")
    refused = office.due_now(theirs)
    with office.sessions.begin() as session:
        row = session.get_one(Appointment, refused.id)
        assert row.due_at is not None
        row.due_at -= timedelta(seconds=1)
        session.execute(
            update(CallPermission).where(CallPermission.phone == refused.phone).values(withdrawn_at=office.now())
        )
    dialler = office.dialler()
    assert len(dial(dialler, [Waiting(mine.id, 0)], office.now())) == 1
    assert [phone for _, phone in office.twilio.requests] == [PHONE]
    assert office.appointment(theirs).closed_gate == "consent_missing"
