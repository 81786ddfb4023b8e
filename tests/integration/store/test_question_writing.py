"""Questions that a language model writes for an interview: through the real package and the database."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import build_client
from engine.config import load_settings
from engine.errors import UpstreamUnavailable
from engine.ports import EventRecord
from engine.questions.bank import QuestionBank, load_bank
from engine.store.interviews import NewInterview
from engine.store.jobs import WRITE_QUESTIONS, is_waiting
from engine.store.models import Call, Interview, User
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import Level, Topic
from engine.work.grading import grade_interview
from engine.work.interview_plan import plan_of
from engine.work.jobs import tidy_up
from engine.work.question_writing import MOST_REQUESTS, SET_LIFETIME, Written, order_questions, write_questions
from tests.fakes.account import CountingAccount
from tests.fakes.openai_faults import SERVER_ERROR
from tests.fakes.openai_server import KEY, Behaviour, FakeOpenAI
from tests.fakes.openai_writer import useful_reply

MODEL = "gpt-6-luna"
NOW = datetime.now(UTC)
ENVIRON = {
    "DATABASE_URL": "postgresql://nobody@localhost/none",
    "JWT_SECRET": "a" * 40,
    "JWT_REFRESH_SECRET": "b" * 40,
    "STREAM_SECRET": "c" * 40,
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "none",
    "PHONE_NUMBER": "+15550100",
}


@pytest.fixture(scope="module")
def bank() -> QuestionBank:
    return load_bank()


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(Behaviour(chat=useful_reply)) as fake:
        yield fake


@pytest.fixture
def model(server: FakeOpenAI) -> Iterator[OpenAIChat]:
    with build_client(KEY, base_url=server.base_url) as client:
        chat = OpenAIChat(client, MODEL)
        yield chat
        chat.close()


@pytest.fixture
def write(sessions: sessionmaker[Session], bank: QuestionBank, model: OpenAIChat) -> Callable[..., Written]:
    def run(interview: Interview, *, now: datetime = NOW, account: CountingAccount | None = None) -> Written:
        return write_questions(sessions, bank, interview.id, model, now, account=account or CountingAccount())

    return run


@pytest.fixture
def another(
    sessions: sessionmaker[Session], owner: User, new_interview: Callable[..., NewInterview]
) -> Callable[..., Interview]:
    def make(**changes: Any) -> Interview:
        with UnitOfWork(sessions) as work:
            made = work.interviews.create(owner.id, new_interview(**changes))
            work.commit()
        return made

    return make


def given(sessions: sessionmaker[Session], interview: Interview) -> list[str]:
    with UnitOfWork(sessions) as work:
        return [question.id for question in work.generated.of_interview(interview.id)]


def asks(call: Call, question_id: str, question_text: str, version: str) -> list[EventRecord]:
    asked = {
        "order": 1, "total": 5, "question_id": question_id, "topic": "python", "difficulty": "medium",
        "kind": "practice", "text": question_text, "why": "because", "version": version,
    }  # fmt: skip
    started = {"call_id": str(call.id), "interview_id": str(call.interview_id), "call_sid": call.call_sid}
    return [
        EventRecord(0, 0, "fact", "call_started", {**started, "stream_sid": "MZ1", "direction": "inbound"}),
        EventRecord(1, 10, "fact", "question_asked", asked),
    ]


def test_an_interview_gets_questions_of_its_own_which_are_charged_to_its_account(
    sessions: sessionmaker[Session], server: FakeOpenAI, write: Callable[..., Written], interview: Interview
) -> None:
    account = CountingAccount()
    written = write(interview, account=account)

    assert (written.reused, written.written) == (0, 5)
    with UnitOfWork(sessions) as work:
        questions = work.generated.of_interview(interview.id)
    assert {question.topic for question in questions} == {Topic.PYTHON, Topic.DATABASES}
    assert all(question.version == f"generate-1 {MODEL}" and question.rarities for question in questions)
    assert any(question.rubric_hints for question in questions)
    assert sum(usage.input_tokens for usage in account.usages) == server.counted[f"chat {MODEL}"].input_tokens


def test_interviews_that_are_alike_share_a_set_until_it_expires(
    sessions: sessionmaker[Session],
    server: FakeOpenAI,
    write: Callable[..., Written],
    interview: Interview,
    another: Callable[..., Interview],
) -> None:
    write(interview)
    requests = len(server.requests)
    alike = another(role="  backend   DEVELOPER ", candidate_phone="+15550177")
    assert write(alike) == Written(reused=5, written=0, rejections={})
    assert given(sessions, alike) == given(sessions, interview)
    assert len(server.requests) == requests

    half = another(candidate_phone="+15550178", topics=(Topic.PYTHON, Topic.REACT))
    assert (write(half).reused, write(half).reused) == (2, 5)

    senior = another(candidate_phone="+15550179", level=Level.SENIOR)
    assert write(senior).reused == 0

    late = another(candidate_phone="+15550180")
    assert write(late, now=NOW + SET_LIFETIME + timedelta(seconds=1)).reused == 0


def test_nobody_is_asked_what_they_were_asked_before(
    sessions: sessionmaker[Session],
    server: FakeOpenAI,
    write: Callable[..., Written],
    interview: Interview,
    call: Call,
    another: Callable[..., Interview],
) -> None:
    write(interview)
    with UnitOfWork(sessions) as work:
        question = next(each for each in work.generated.of_interview(interview.id) if each.topic is Topic.PYTHON)
        work.events.ship(call.id, asks(call, question.id, question.text, question.version))
        work.commit()

    again = another(title="Second round")  # the same person
    write(again)
    somebody_else = another(candidate_phone="+15550199")
    write(somebody_else)

    assert question.id not in given(sessions, again)
    assert question.id in given(sessions, somebody_else)
    assert question.text in str(server.requests[-1].body["input"])


def test_what_fails_a_check_is_counted_by_kind_and_left_to_the_bank(
    sessions: sessionmaker[Session],
    server: FakeOpenAI,
    write: Callable[..., Written],
    interview: Interview,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def thoughtless(body: Mapping[str, Any]) -> str:
        data = json.loads(useful_reply(body))
        return json.dumps(data | {"spoken": "Type df[x] => y, a secret name."})

    server.behaviour.chat = thoughtless
    with caplog.at_level(logging.INFO):
        written = write(interview)

    assert written.written == 0
    assert written.rejections == {"unspeakable": 10}
    assert given(sessions, interview) == []
    assert len(server.requests) <= MOST_REQUESTS
    [record] = [each for each in caplog.records if each.name.endswith("question_writing")]
    assert record.rejections == {"unspeakable": 10}  # type: ignore[attr-defined]  # passed as extra
    assert "secret" not in caplog.text


def test_a_question_whose_own_answer_earns_nothing_is_rejected(
    server: FakeOpenAI, write: Callable[..., Written], interview: Interview
) -> None:
    server.behaviour.chat = lambda body: json.dumps(
        json.loads(useful_reply(body)) | {"reference_answer": "It depends on many things, and I like trains."}
    )
    assert write(interview).rejections == {"not_gradable": 10}


def test_a_model_out_of_reach_keeps_what_was_written_and_the_job_is_tried_again(
    sessions: sessionmaker[Session], server: FakeOpenAI, write: Callable[..., Written], interview: Interview
) -> None:
    server.script("/responses", None, None, SERVER_ERROR)
    with pytest.raises(UpstreamUnavailable):
        write(interview)
    assert len(given(sessions, interview)) == 2

    assert write(interview) == Written(reused=2, written=3, rejections={})


def test_an_account_without_money_writes_nothing(
    server: FakeOpenAI, write: Callable[..., Written], interview: Interview
) -> None:
    account = CountingAccount()
    account.has_money = False

    assert write(interview, account=account).written == 0
    assert server.requests == []


def test_an_interview_that_has_begun_keeps_its_plan(
    sessions: sessionmaker[Session], server: FakeOpenAI, write: Callable[..., Written], interview: Interview, call: Call
) -> None:
    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, asks(call, "python-gil", "What is the global interpreter lock?", "abc"))
        work.commit()

    assert write(interview) == Written()
    assert server.requests == []


def test_the_plan_holds_them_and_an_answer_to_one_is_graded_and_its_origin_told(
    sessions: sessionmaker[Session], bank: QuestionBank, write: Callable[..., Written], interview: Interview, call: Call
) -> None:
    write(interview)
    with UnitOfWork(sessions) as work:
        questions = work.generated.of_interview(interview.id)
    plan = plan_of(interview, bank, load_settings(ENVIRON), questions)
    assert plan.bank.questions[: len(questions)] == tuple(questions)

    question = next(each for each in questions if each.topic is Topic.PYTHON)
    records = asks(call, question.id, question.text, question.version)
    answered = {
        "order": 1, "state": "answered", "text": question.reference_answer, "words": [], "start_ms": 0,
        "end_ms": 9000, "ended_by": "silence",
    }  # fmt: skip
    records.append(EventRecord(2, 9000, "fact", "answer_completed", answered))
    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, records)
        work.commit()
    report = grade_interview(sessions, bank, interview.id)

    [shown] = report.body["questions"]
    assert shown["grade"]["score"] >= 80
    assert (shown["source"], shown["version"]) == ("model", f"generate-1 {MODEL}")
    assert shown["reference_answer"] == question.reference_answer


def test_expired_questions_go_unless_an_interview_holds_them(
    sessions: sessionmaker[Session],
    write: Callable[..., Written],
    interview: Interview,
    another: Callable[..., Interview],
) -> None:
    write(interview)
    kept = given(sessions, interview)
    tidy_up(sessions, NOW + SET_LIFETIME * 2)
    assert given(sessions, interview) == kept

    with sessions() as session:
        session.execute(text("delete from given_questions"))
        session.commit()
    tidy_up(sessions, NOW + SET_LIFETIME * 2)
    with sessions() as session:
        assert session.scalar(text("select count(*) from generated_questions")) == 0


@pytest.mark.parametrize(("key", "jobs"), [("", 0), ("a-key", 1)])
def test_they_are_ordered_with_the_interview_where_there_is_a_model(
    sessions: sessionmaker[Session], interview: Interview, key: str, jobs: int
) -> None:
    settings = load_settings(ENVIRON | {"OPENAI_API_KEY": key})
    with sessions() as session:
        order_questions(session, settings, interview.id)
        session.rollback()
        order_questions(session, settings, interview.id)
        session.commit()
        found = session.execute(
            text("select queue_name, args->>'interview_id' from procrastinate_jobs where task_name = 'write_questions'")
        ).all()

        assert is_waiting(session, WRITE_QUESTIONS, interview_id=str(interview.id)) is bool(jobs)
        assert not is_waiting(session, WRITE_QUESTIONS, interview_id="another")

    assert found == [("batch", str(interview.id))] * jobs
