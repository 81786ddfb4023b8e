"""The webhooks on a real database: who is let through, and what is said to everybody else."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url, select, text, update
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from engine.adapters.event_files import FileEventLog, event_log_path
from engine.config import Settings, load_settings
from engine.ports import EventRecord
from engine.store.interviews import NewInterview
from engine.store.models import Attempt, Call, Interview, User
from engine.store.moves import move_call, move_interview
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import CallState, InterviewState, Level, Topic
from telephony import signature, stream_token, words
from telephony.after_stream import MOST_RESUMES
from telephony.webhooks import blueprint

BASE = "https://interviews.example"
CALLER, DIALLED = "+15550101", "+15550100"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    environ = {
        "DATABASE_URL": database_url,
        "JWT_SECRET": "a" * 40,
        "JWT_REFRESH_SECRET": "b" * 40,
        "STREAM_SECRET": "c" * 40,
        "PUBLIC_BASE_URL": BASE,
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "the account's secret",
        "PHONE_NUMBER": DIALLED,
        "DATA_DIR": str(tmp_path),
    }
    return load_settings(environ)


@dataclass
class Desk:
    """The webhooks with a client that signs as Twilio does, and a clock that stands still."""

    settings: Settings
    sessions: sessionmaker[Session]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    has_lines: bool = True
    prepared: list[tuple[uuid.UUID, str]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    while_waiting: Callable[[], None] = lambda: None
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        app = Flask(__name__)
        app.register_blueprint(
            blueprint(
                self.settings,
                self.sessions,
                lambda: self.has_lines,
                lambda interview_id, call_sid: self.prepared.append((interview_id, call_sid)),
                lambda: self.now,
                self._wait,
            )
        )
        self.client = app.test_client()

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.while_waiting()

    def post(self, path: str, *, token: str = "the account's secret", **fields: str) -> TestResponse:
        form = {"CallSid": "CA1", "AccountSid": "AC1", "From": CALLER, "To": DIALLED, "Direction": "inbound", **fields}
        headers = {"X-Twilio-Signature": signature.sign(token, BASE + path, form)}
        return self.client.post(path, data=form, headers=headers)

    def call(self, call_sid: str = "CA1") -> Call | None:
        with UnitOfWork(self.sessions) as unit:
            return unit.calls.by_sid(call_sid)

    def calls(self) -> int:
        with UnitOfWork(self.sessions) as unit:
            return len(unit.session.scalars(select(Call)).all())


@pytest.fixture
def desk(settings: Settings, sessions: sessionmaker[Session]) -> Desk:
    return Desk(settings, sessions)


@pytest.fixture
def interview(sessions: sessionmaker[Session]) -> Interview:
    with UnitOfWork(sessions) as unit:
        owner = User(
            email="recruiter@example.org",
            password_hash="x",
            first_name="R",
            last_name="R",
            terms_version="1",
            terms_accepted_at=datetime.now(UTC),
            verified_at=datetime.now(UTC),
        )
        unit.session.add(owner)
        unit.session.flush()
        made = unit.interviews.create(
            owner.id,
            NewInterview(
                title="Backend",
                role="Backend Engineer",
                level=Level.MID,
                topics=(Topic.PYTHON,),
                question_count=5,
                language="en",
                rubric="correctness-completeness-clarity",
                candidate_name="Sam",
                candidate_phone="+15550199",
                candidate_time_zone="UTC",
                scheduled_at=None,
            ),
        )
        unit.commit()
        return unit.interviews.get(made.id)


def verbs(response: TestResponse) -> list[str]:
    assert response.status_code == 200
    assert response.content_type.startswith("text/xml")
    return [element.tag for element in ElementTree.fromstring(response.text)]


def spoken(response: TestResponse) -> str:
    return " ".join(element.text or "" for element in ElementTree.fromstring(response.text).iter("Say"))


def wrong_pin(interview: Interview) -> str:
    return "000000" if interview.pin != "000000" else "000001"


def token_of(response: TestResponse) -> str:
    parameter = ElementTree.fromstring(response.text).find("Connect/Stream/Parameter")
    assert parameter is not None
    return parameter.get("value", "")


def test_a_request_without_twilios_signature_is_forbidden(desk: Desk) -> None:
    for path in ("voice", "pin?try=1", "after", "status", "stream-status"):
        assert desk.post(f"/telephony/{path}", token="another secret").status_code == 403, path
        assert desk.client.post(f"/telephony/{path}", data={"CallSid": "CA1"}).status_code == 403, path


def test_a_get_is_not_answered_since_it_would_put_numbers_into_logs(desk: Desk) -> None:
    assert desk.client.get("/telephony/voice?From=%2B15550101").status_code == 405


def test_a_call_without_an_id_is_a_bad_request(desk: Desk) -> None:
    assert desk.post("/telephony/voice", CallSid="").status_code == 400


def test_a_caller_is_asked_for_the_pin(desk: Desk) -> None:
    response = desk.post("/telephony/voice")

    assert verbs(response) == ["Gather", "Redirect"]
    gather = ElementTree.fromstring(response.text).find("Gather")
    assert gather is not None
    assert gather.get("action") == f"{BASE}/telephony/pin?try=1"
    assert desk.calls() == 0


def test_the_right_pin_connects_the_call_to_its_interview(desk: Desk, interview: Interview) -> None:
    response = desk.post("/telephony/pin?try=1", Digits=interview.pin)

    assert verbs(response) == ["Connect"]
    connect = ElementTree.fromstring(response.text).find("Connect")
    assert connect is not None
    assert connect.get("action") == f"{BASE}/telephony/after"
    stream = connect.find("Stream")
    assert stream is not None
    assert stream.get("url") == "wss://interviews.example/telephony/media"
    assert stream.get("statusCallback") == f"{BASE}/telephony/stream-status"
    call = desk.call()
    assert call is not None
    assert (call.interview_id, call.state, call.direction) == (interview.id, "ringing", "inbound")
    assert desk.prepared == [(interview.id, "CA1")]


def test_the_token_lasts_a_minute_and_opens_the_socket_of_this_call_once(desk: Desk, interview: Interview) -> None:
    token = token_of(desk.post("/telephony/pin?try=1", Digits=interview.pin))
    now_s = desk.now.timestamp()
    secret = desk.settings.stream_secret

    ticket = stream_token.check(secret, token, "CA1", now_s + 59)

    assert ticket.interview_id == interview.id
    with pytest.raises(stream_token.TokenRejected):
        stream_token.check(secret, token, "CA2", now_s)
    with pytest.raises(stream_token.TokenRejected):
        stream_token.check(secret, token, "CA1", now_s + 61)
    with UnitOfWork(desk.sessions) as unit:
        assert unit.calls.spend_stream_token(ticket.nonce)
        assert not unit.calls.spend_stream_token(ticket.nonce)


def test_twilio_may_ask_twice_and_there_is_still_one_call(desk: Desk, interview: Interview) -> None:
    first = desk.post("/telephony/pin?try=1", Digits=interview.pin)
    second = desk.post("/telephony/pin?try=1", Digits=interview.pin)
    again = desk.post("/telephony/voice")

    assert verbs(first) == verbs(second) == verbs(again) == ["Connect"]
    assert desk.calls() == 1
    assert token_of(first) != token_of(second)


def test_an_unknown_pin_is_met_kindly_three_times_and_then_with_goodbye(desk: Desk, interview: Interview) -> None:
    answers = [desk.post(f"/telephony/pin?try={number}", Digits=wrong_pin(interview)) for number in (1, 2, 3)]

    assert [verbs(answer) for answer in answers] == [["Gather", "Redirect"], ["Gather", "Redirect"], ["Say", "Hangup"]]
    assert [spoken(answer) for answer in answers] == [words.UNKNOWN_PIN, words.UNKNOWN_PIN, words.NO_PIN_FITS]
    assert "/telephony/pin?try=3" in answers[1].text
    assert desk.calls() == 0


def test_no_digits_at_all_is_a_try_but_no_wrong_pin(desk: Desk) -> None:
    response = desk.post("/telephony/pin?try=1")

    assert spoken(response) == words.NO_DIGITS
    with UnitOfWork(desk.sessions) as unit:
        assert unit.session.scalars(select(Attempt)).all() == []


def test_a_try_number_out_of_range_is_the_last_try(desk: Desk, interview: Interview) -> None:
    for given in ("", "0", "4", "x", "9" * 20):
        assert verbs(desk.post(f"/telephony/pin?try={given}", Digits=wrong_pin(interview))) == ["Say", "Hangup"], given


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (InterviewState.CANCELLED, words.CALLED_OFF),
        (InterviewState.COMPLETED, words.HELD_ALREADY),
        (InterviewState.EVALUATING, words.HELD_ALREADY),
        (InterviewState.EXPIRED, words.TOO_LATE),
    ],
)
def test_a_pin_whose_time_is_over_is_told_why(desk: Desk, interview: Interview, state: str, said: str) -> None:
    with desk.sessions.begin() as session:
        session.execute(update(Interview).values(state=state))
    response = desk.post("/telephony/pin?try=1", Digits=interview.pin)
    assert verbs(response) == ["Say", "Hangup"]
    assert spoken(response) == said


def test_a_pin_that_has_run_out_is_told_so_and_counts_like_a_wrong_one(desk: Desk, interview: Interview) -> None:
    desk.now += timedelta(days=31)
    assert spoken(desk.post("/telephony/pin?try=1", Digits=interview.pin)) == words.TOO_LATE
    with desk.sessions() as session:
        assert session.scalars(select(Attempt.action)).all() != []


def test_a_pin_may_be_said_aloud(desk: Desk, interview: Interview) -> None:
    aloud = " ".join(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")[int(d)] for d in interview.pin
    )
    assert verbs(desk.post("/telephony/pin?try=1", SpeechResult=f"It is {aloud}.")) == ["Connect"]
    assert spoken(desk.post("/telephony/pin?try=1", SpeechResult="I have no idea", CallSid="CA2")) == words.NO_DIGITS


def book(desk: Desk, interview: Interview, due_at: datetime, **changes: object) -> Appointment:
    with desk.sessions.begin() as session:
        made = Appointment(
            **{
                "interview_id": interview.id, "owner_id": interview.owner_id, "kind": "at", "state": "booked",
                "phone": interview.candidate.phone, "time_zone": "UTC", "due_at": due_at,
                "ends_at": due_at + timedelta(minutes=20), "length_min": 20, "edition": 0,
            }
            | changes
        )  # fmt: skip
        session.add(made)
    return made


def test_whoever_calls_long_before_the_hour_is_asked_whether_to_begin_now(desk: Desk, interview: Interview) -> None:
    due_at = (desk.now + timedelta(days=1)).replace(hour=14, minute=30)
    book(desk, interview, due_at)
    response = desk.post("/telephony/pin?try=1", Digits=interview.pin)
    assert verbs(response) == ["Gather", "Redirect"]
    assert "14:30" in spoken(response)
    assert desk.calls() == 0
    begin = f"/telephony/begin?interview_id={interview.id}"
    assert begin in response.text
    assert spoken(desk.post(begin)) == words.UNTIL_THEN
    assert verbs(desk.post(begin, Digits="1")) == ["Connect"]
    assert spoken(desk.post("/telephony/begin?interview_id=nonsense", Digits="1")) == words.INTERVIEW_CLOSED


def test_a_few_minutes_early_is_no_matter(desk: Desk, interview: Interview) -> None:
    book(desk, interview, desk.now + timedelta(minutes=10))
    assert verbs(desk.post("/telephony/pin?try=1", Digits=interview.pin)) == ["Connect"]


def legs(desk: Desk) -> dict[str, str]:
    with desk.sessions() as session:
        return {str(call.call_sid): call.state for call in session.scalars(select(Call))}


def ends_asked_for(desk: Desk) -> int:
    with desk.sessions() as session:
        return session.scalar(text("select count(*) from procrastinate_jobs where task_name = 'end_call'")) or 0


def test_a_second_leg_takes_over_and_the_first_one_is_put_down(desk: Desk, interview: Interview) -> None:
    desk.post("/telephony/pin?try=1", Digits=interview.pin)
    with desk.sessions.begin() as session:
        session.execute(update(Call).values(state=CallState.LIVE))
    assert verbs(desk.post("/telephony/pin?try=1", Digits=interview.pin, CallSid="CA2")) == ["Connect"]
    assert ends_asked_for(desk) == 1
    assert legs(desk) == {"CA1": "dropped", "CA2": "ringing"}
    assert verbs(desk.post("/telephony/after")) == ["Hangup"], "it must not go on beside the new one"


def test_a_call_of_ours_that_finds_the_candidate_on_the_line_already_steps_back(
    desk: Desk, interview: Interview
) -> None:
    desk.post("/telephony/pin?try=1", Digits=interview.pin)
    with desk.sessions.begin() as session:
        session.execute(update(Call).values(state=CallState.LIVE))
    late = desk.post(f"/telephony/voice?interview_id={interview.id}", CallSid="CA2", Direction="outbound-api")
    assert spoken(late) == words.TALKING_ALREADY
    assert legs(desk) == {"CA1": "live", "CA2": "cancelled"}
    assert ends_asked_for(desk) == 0


def guess(desk: Desk, interview: Interview, number: int, caller: str = CALLER) -> TestResponse:
    return desk.post("/telephony/pin?try=1", Digits=wrong_pin(interview), CallSid=f"CA{number}", From=caller)


def test_a_caller_who_keeps_guessing_is_stopped_even_with_the_right_pin(desk: Desk, interview: Interview) -> None:
    for number in range(10):
        assert spoken(guess(desk, interview, number)) == words.UNKNOWN_PIN

    assert spoken(guess(desk, interview, 10)) == words.TOO_MANY_PINS
    assert spoken(desk.post("/telephony/pin?try=1", Digits=interview.pin)) == words.TOO_MANY_PINS
    assert verbs(desk.post("/telephony/pin?try=1", Digits=interview.pin, From="+15550177")) == ["Connect"]
    desk.now += timedelta(hours=1, seconds=1)
    assert verbs(desk.post("/telephony/pin?try=1", Digits=interview.pin)) == ["Connect"]


def test_guessing_from_many_numbers_is_stopped_too(desk: Desk, interview: Interview) -> None:
    for number in range(60):
        guess(desk, interview, number, caller=f"+1555020{number:04d}")

    assert spoken(guess(desk, interview, 60, caller="+15550999")) == words.TOO_MANY_PINS


def test_a_wrong_pin_that_twilio_posts_twice_counts_once_and_no_number_is_stored(
    desk: Desk, interview: Interview
) -> None:
    for _ in range(3):
        guess(desk, interview, 1)

    with UnitOfWork(desk.sessions) as unit:
        attempts = unit.session.scalars(select(Attempt)).all()
    assert sorted(attempt.action for attempt in attempts) == ["pin_at_number", "pin_of_call", "pin_of_caller"]
    assert not [attempt for attempt in attempts if "555" in attempt.subject and len(attempt.subject) < 64]


def test_when_every_line_is_busy_the_caller_is_told_so(desk: Desk, interview: Interview) -> None:
    desk.has_lines = False

    assert verbs(desk.post("/telephony/voice")) == ["Gather", "Redirect"], "whom to call back is not known yet"
    response = desk.post("/telephony/pin?try=1", Digits=interview.pin)
    assert verbs(response) == ["Say", "Hangup"]
    assert spoken(response) == words.ALL_LINES_BUSY, "from a number that is not the candidate's"
    assert desk.calls() == 0


def test_when_every_line_is_busy_the_candidate_is_called_back(desk: Desk, interview: Interview) -> None:
    desk.has_lines = False
    desk.now = desk.now.replace(hour=12)
    desk.settings = replace(desk.settings, calls=replace(desk.settings.calls, provider="twilio"))
    desk.__post_init__()
    theirs = {"Digits": interview.pin, "From": interview.candidate.phone}

    said = spoken(desk.post("/telephony/pin?try=1", **theirs))
    with desk.sessions() as session:
        [booked] = session.scalars(select(Appointment)).all()
        waiting = session.scalar(text("select count(*) from procrastinate_jobs where task_name = 'dial_call'"))
        agreed = PermissionRepository(session).of(interview.owner_id, interview.candidate.phone)
    assert (booked.kind, booked.state, waiting) == ("now", "booked", 1)
    assert booked.due_at is not None
    assert timedelta(minutes=4) < booked.due_at - desk.now < timedelta(minutes=7)
    assert said == words.WE_CALL_BACK.format(hour=f"{booked.due_at:%H:%M}")
    assert agreed is not None

    assert spoken(desk.post("/telephony/pin?try=1", CallSid="CA2", **theirs)) == said, "once is enough"
    desk.now = desk.now.replace(hour=23)
    with desk.sessions.begin() as session:
        session.execute(update(Appointment).values(state="missed"))
    assert spoken(desk.post("/telephony/pin?try=1", CallSid="CA3", **theirs)) == words.ALL_LINES_BUSY


def test_a_call_that_we_placed_needs_no_pin(desk: Desk, interview: Interview) -> None:
    response = desk.post(f"/telephony/voice?interview_id={interview.id}", Direction="outbound-api")

    assert verbs(response) == ["Connect"]
    call = desk.call()
    assert call is not None
    assert call.direction == "outbound"


def test_a_call_that_we_placed_for_an_interview_now_closed_says_so(desk: Desk, interview: Interview) -> None:
    for gone in (str(uuid.uuid4()), "nonsense"):
        assert spoken(desk.post(f"/telephony/voice?interview_id={gone}")) == words.INTERVIEW_CLOSED


def connected(desk: Desk, interview: Interview, *states: CallState) -> None:
    desk.post("/telephony/pin?try=1", Digits=interview.pin)
    move(desk, *states)


def move(desk: Desk, *states: CallState) -> None:
    call = desk.call()
    assert call is not None
    with UnitOfWork(desk.sessions) as unit:
        for state in states:
            assert move_call(unit.session, call.id, state)
        unit.commit()


def test_after_a_finished_conversation_the_call_ends_without_a_word(desk: Desk, interview: Interview) -> None:
    connected(desk, interview, CallState.LIVE, CallState.COMPLETED)

    assert verbs(desk.post("/telephony/after")) == ["Hangup"]


def test_after_a_break_the_call_goes_on_over_a_socket_of_its_own(desk: Desk, interview: Interview) -> None:
    first = token_of(desk.post("/telephony/pin?try=1", Digits=interview.pin))
    move(desk, CallState.LIVE, CallState.DROPPED)

    response = desk.post("/telephony/after")

    assert verbs(response) == ["Connect"]
    assert token_of(response) not in ("", first)
    assert desk.prepared == [(interview.id, "CA1")] * 2
    assert desk.waited == []


def test_a_leg_goes_on_a_few_times_and_then_ends_kindly(desk: Desk, interview: Interview) -> None:
    connected(desk, interview, CallState.LIVE, CallState.DROPPED)

    answers = [desk.post("/telephony/after") for _ in range(MOST_RESUMES + 2)]

    assert [verbs(answer) for answer in answers] == [["Connect"]] * MOST_RESUMES + [["Say", "Hangup"]] * 2
    assert spoken(answers[-1]) == words.LINE_BROKE


def test_a_database_that_is_just_being_restarted_is_waited_for(
    desk: Desk, interview: Interview, database_admin: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    connected(desk, interview, CallState.LIVE, CallState.DROPPED)
    name = make_url(desk.settings.database_url).database
    database_admin.execute(f'alter database "{name}" allow_connections false')
    database_admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])

    def is_back() -> None:
        database_admin.execute(f'alter database "{name}" allow_connections true')

    desk.while_waiting = is_back

    assert verbs(desk.post("/telephony/after")) == ["Connect"]
    assert len(desk.waited) == 1


def test_a_leg_that_was_overtaken_by_a_newer_one_does_not_go_on(desk: Desk, interview: Interview) -> None:
    connected(desk, interview, CallState.LIVE, CallState.DROPPED)
    desk.post("/telephony/pin?try=1", Digits=interview.pin, CallSid="CA2")
    newer = desk.call("CA2")
    assert newer is not None
    with UnitOfWork(desk.sessions) as unit:
        move_call(unit.session, newer.id, CallState.LIVE, started_at=desk.now)
        unit.commit()

    assert verbs(desk.post("/telephony/after")) == ["Hangup"]


def test_where_the_line_broke_in_the_middle_of_our_goodbye_it_is_said_once_more(
    desk: Desk, interview: Interview
) -> None:
    connected(desk, interview, CallState.LIVE)
    with UnitOfWork(desk.sessions) as unit:
        for state in (InterviewState.IN_PROGRESS, InterviewState.EVALUATING):
            assert move_interview(unit.session, interview.id, state)
        unit.commit()

    answer = desk.post("/telephony/after")
    assert verbs(answer) == ["Say", "Hangup"]
    assert spoken(answer) == words.ALL_DONE


def test_a_call_that_failed_on_our_side_ends_with_an_apology(desk: Desk, interview: Interview) -> None:
    connected(desk, interview, CallState.LIVE, CallState.FAILED)

    assert spoken(desk.post("/telephony/after")) == words.LINE_BROKE


def test_the_news_of_a_finished_conversation_may_come_a_moment_later(desk: Desk, interview: Interview) -> None:
    connected(desk, interview, CallState.LIVE)
    desk.while_waiting = lambda: move(desk, CallState.COMPLETED)

    assert verbs(desk.post("/telephony/after")) == ["Hangup"]
    assert len(desk.waited) == 1


def test_news_that_never_comes_is_not_waited_for_while_the_caller_hears_nothing(
    desk: Desk, interview: Interview
) -> None:
    connected(desk, interview, CallState.LIVE)

    assert verbs(desk.post("/telephony/after")) == ["Connect"]
    assert sum(desk.waited) <= 0.5


def test_after_a_kill_nobody_waits_for_news(desk: Desk, interview: Interview) -> None:
    connected(desk, interview, CallState.LIVE)
    call = desk.call()
    assert call is not None
    log = FileEventLog(event_log_path(desk.settings.event_logs_dir, call.id))
    log.append(EventRecord(0, 0, "fact", "call_started", {}))

    assert verbs(desk.post("/telephony/after")) == ["Connect"]
    assert desk.waited != [], "its writer lives, and may have more to tell"
    desk.waited.clear()
    log.close()
    assert verbs(desk.post("/telephony/after")) == ["Connect"]
    assert desk.waited == []

    log = FileEventLog(event_log_path(desk.settings.event_logs_dir, call.id))
    log.append(EventRecord(1, 0, "fact", "call_ended", {"reason": "completed"}))
    log.close()
    desk.post("/telephony/after")
    assert desk.waited != [], "the end is on its way to the database"


def test_after_a_call_that_nobody_knows_the_line_is_put_down(desk: Desk) -> None:
    assert verbs(desk.post("/telephony/after", CallSid="CA9")) == ["Hangup"]


def test_a_status_decides_about_a_call_that_never_came_to_talk(desk: Desk, interview: Interview) -> None:
    expected = {
        "busy": "busy",
        "no-answer": "no_answer",
        "failed": "failed",
        "canceled": "cancelled",
        "completed": "dropped",
        "ringing": "ringing",
        "in-progress": "ringing",
        "exploded": "ringing",
    }
    found = {}
    for told in expected:
        desk.post("/telephony/pin?try=1", Digits=interview.pin, CallSid=f"CA{told}")
        response = desk.post("/telephony/status", CallSid=f"CA{told}", CallStatus=told, SequenceNumber="3")
        assert response.status_code == 204
        call = desk.call(f"CA{told}")
        assert call is not None
        found[told] = call.state

    assert found == expected


def test_statuses_in_any_order_and_number_leave_the_first_end_standing(desk: Desk, interview: Interview) -> None:
    connected(desk, interview)

    for told, sequence in (("busy", "3"), ("ringing", "1"), ("busy", "3"), ("failed", "4"), ("completed", "2")):
        desk.post("/telephony/status", CallStatus=told, SequenceNumber=sequence)

    call = desk.call()
    assert call is not None
    assert call.state == "busy"


def test_a_live_call_is_left_to_its_session(desk: Desk, interview: Interview) -> None:
    connected(desk, interview, CallState.LIVE)

    desk.post("/telephony/status", CallStatus="completed", SequenceNumber="3")

    call = desk.call()
    assert call is not None
    assert call.state == "live"


def test_news_of_an_unknown_call_is_taken_and_logged_without_its_number(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    assert desk.post("/telephony/status", CallStatus="completed", CallSid="CA9").status_code == 204
    assert desk.post("/telephony/stream-status", StreamEvent="stream-error", StreamError="31920").status_code == 204
    assert desk.post("/telephony/stream-status", StreamEvent="stream-started").status_code == 204

    assert len(caplog.records) == 3
    assert not [record for record in caplog.records if CALLER in str(record.__dict__)]
