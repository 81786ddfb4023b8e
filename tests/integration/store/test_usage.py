from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import UpstreamBusy, UpstreamRefused, UpstreamUnavailable
from engine.ports import UNLIMITED, Account, ChatReply, ChatRequest, EventRecord
from engine.pricing import UNKNOWN, Charge, load_prices, to_data
from engine.questions.bank import QuestionBank, load_bank
from engine.store import jobs as queue
from engine.store.models import Call, Interview, UsageRow
from engine.store.unit_of_work import UnitOfWork
from engine.store.usage import Spending, month_of
from engine.usage import Usage
from engine.work import jobs
from engine.work.model_grading import BUDGET_NOTE, FALLBACK_NOTE
from engine.work.retries import ProviderRetries
from engine.work.spending import Budgets, Costs, InterviewAccount, LateUsage, Spent
from tests.loops import in_a_thread

HEARD = Usage("deepgram", "nova-3", "speech_to_text", audio_ms=60_000, request_id="abc")
ODD = Usage("openai", "a-model-of-ours", "chat", input_tokens=10, output_tokens=4, is_estimated=True)
PRICES = load_prices()
FREE_TO_SPEND = Costs(PRICES, Budgets(Decimal("0.50")))


def counted(usage: Usage, sequence: int) -> EventRecord:
    charge = PRICES.charge(usage, datetime.now(UTC).date())
    return EventRecord(sequence, 0, "fact", "usage_counted", to_data(usage, charge) | {"total_usd": "0"})


def ship(sessions: sessionmaker[Session], call: Call, *records: EventRecord) -> None:
    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, records)
        work.commit()


def test_usage_of_a_call_becomes_a_row_once_however_often_it_is_told(
    sessions: sessionmaker[Session], call: Call, interview: Interview
) -> None:
    records = [counted(HEARD, 0), counted(ODD, 1)]
    ship(sessions, call, *records)
    ship(sessions, call, *records)
    with UnitOfWork(sessions) as work:
        work.usage.add_of_call(call, HEARD, Charge(Decimal("0.0048"), None), sequence=0)
        work.commit()
        heard, odd = work.session.scalars(select(UsageRow).order_by(UsageRow.sequence)).all()
        assert (heard.price_usd, heard.audio_ms, heard.request_id) == (Decimal("0.0048"), 60_000, "abc")
        assert heard.priced_from is not None and not heard.is_estimated
        assert (odd.price_usd, odd.priced_from, odd.is_estimated) == (None, None, True)
        assert work.usage.of_interview(interview.id) == Spending(Decimal("0.0048"), has_unknown=True)


def test_usage_adds_up_by_model_and_for_the_account_in_the_month(
    sessions: sessionmaker[Session], call: Call, interview: Interview
) -> None:
    ship(sessions, call, counted(HEARD, 0), counted(HEARD, 1))
    with UnitOfWork(sessions) as work:
        work.usage.add_of_job(interview.id, "grade_interview", ODD, UNKNOWN)
        work.commit()
        deepgram, openai = work.usage.by_model(interview.id)
        assert (deepgram.audio_ms, deepgram.requests, deepgram.spending) == (120_000, 2, Spending(Decimal("0.0096")))
        assert (openai.output_tokens, openai.spending) == (4, Spending(has_unknown=True))
        now = datetime.now(UTC)
        assert work.usage.of_owner(interview.owner_id, month_of(now)).usd == Decimal("0.0096")
        assert work.usage.of_owner(interview.owner_id, now.replace(year=now.year + 1)) == Spending()
        assert work.usage.by_model_since(month_of(now)) == [deepgram, openai]


def test_a_malformed_usage_stays_in_the_log_and_stops_nothing(sessions: sessionmaker[Session], call: Call) -> None:
    good = counted(HEARD, 1)
    ship(sessions, call, EventRecord(0, 0, "fact", "usage_counted", good.data | {"price_usd": "much"}), good)
    with sessions() as session:
        assert session.scalars(select(UsageRow.sequence)).all() == [1]


def test_usage_that_comes_after_the_log_was_closed_is_kept(
    sessions: sessionmaker[Session], call: Call, interview: Interview
) -> None:
    late = LateUsage(sessions, call.id)
    purse = InterviewAccount(PRICES, Budgets(), Spent(), late.keep)
    purse.spent(HEARD)
    purse.spent(HEARD)
    with UnitOfWork(sessions) as work:
        assert work.usage.of_interview(interview.id).usd == Decimal("0.0096")


class Judge:
    """A language model that fails as told, and otherwise answers at a price."""

    name = "judge"

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked = 0

    def complete(
        self, request: ChatRequest, on_text: Callable[[str], None] | None = None, account: Account = UNLIMITED
    ) -> ChatReply:
        self.asked += 1
        usage = Usage("openai", "gpt-6-luna", "chat", input_tokens=1000, output_tokens=100)
        account.spent(replace(usage, is_estimated=bool(self.failures)))
        if self.failures:
            raise self.failures.pop(0)
        data = {"level": 3, "reason": "as it is", "quotes": [], "key_points": []}
        return ChatReply("", data, usage, None)

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def bank() -> QuestionBank:
    return load_bank()


@pytest.fixture
def over(sessions: sessionmaker[Session], call: Call, facts: Callable[..., list[EventRecord]], bank: QuestionBank):
    """A call with one answer, whose interview waits to be graded."""
    asked = {"question_id": bank.questions[0].id, "text": bank.questions[0].text}
    words = {"text": bank.questions[0].reference_answer, "words": []}
    told = facts(
        "call_started", ("question_asked", asked), ("answer_completed", words), "interview_ended", "call_ended"
    )
    ship(sessions, call, *told)
    return call.interview_id


@contextmanager
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Pauses between tries are noted instead of kept."""
    pauses: list[float] = []
    pause_s = ProviderRetries.pause_s

    def noted(self: ProviderRetries, exception: BaseException, attempts: int) -> float:
        pauses.append(pause_s(self, exception, attempts))
        return 0.0

    monkeypatch.setattr(ProviderRetries, "pause_s", noted)
    yield pauses


def work_off(url: str, sessions: sessionmaker[Session], bank: QuestionBank, model: Judge, costs: Costs) -> None:
    app = queue.worker_app(url)
    jobs.register(app, sessions, bank, model, costs)
    app.periodic_registry.periodic_tasks.clear()
    with app.replace_connector(app.connector) as opened, opened.open():
        options = {"wait": False, "install_signal_handlers": False, "listen_notify": False, "queues": [queue.BATCH]}
        in_a_thread(lambda: opened.run_worker(**options))


def report_of(sessions: sessionmaker[Session], interview_id: object) -> dict:
    with UnitOfWork(sessions) as work:
        report = work.reports.latest(interview_id)  # type: ignore[arg-type]
        assert report is not None
        return report.body


@pytest.mark.parametrize(
    ("failures", "tries", "says_so"),
    [
        ([], 1, False),
        ([UpstreamBusy("too many", retry_after_s=7.5), UpstreamUnavailable("late")], 3, False),
        ([UpstreamUnavailable("late")] * 3, 3, True),
        ([UpstreamRefused("the key is wrong")], 1, True),
    ],
)
def test_grading_that_a_provider_fails_is_tried_three_times_and_then_done_without_it(
    sessions: sessionmaker[Session], over: object, database_url: str, bank: QuestionBank,
    monkeypatch: pytest.MonkeyPatch, failures: list[Exception], tries: int, says_so: bool,
) -> None:  # fmt: skip
    model = Judge(*failures)
    with at_once(monkeypatch) as pauses:
        work_off(database_url, sessions, bank, model, FREE_TO_SPEND)

    assert (FALLBACK_NOTE in report_of(sessions, over)["notes"]) is says_so
    assert len(pauses) == tries - 1
    if len(pauses) == 2 and isinstance(failures[0], UpstreamBusy):
        assert pauses[0] == 7.5 and 2.0 <= pauses[1] <= 2.5
    with UnitOfWork(sessions) as work:
        [used] = work.usage.by_model(over)  # type: ignore[arg-type]
        assert used.requests == model.asked
        assert used.spending.usd == model.asked * Decimal("0.00015")


def test_what_is_left_to_grade_when_the_budget_is_used_up_is_graded_offline_and_the_report_says_so(
    sessions: sessionmaker[Session], over: object, database_url: str, bank: QuestionBank
) -> None:
    model = Judge()
    work_off(database_url, sessions, bank, model, Costs(PRICES, Budgets(Decimal("0.0002"))))

    assert model.asked == 2
    assert BUDGET_NOTE in report_of(sessions, over)["notes"]


def test_the_monthly_ceiling_of_the_account_keeps_the_language_model_out(
    sessions: sessionmaker[Session], call: Call, over: object, database_url: str, bank: QuestionBank
) -> None:
    ship(sessions, call, counted(HEARD, 100))
    model = Judge()
    work_off(database_url, sessions, bank, model, Costs(PRICES, Budgets(Decimal(0), Decimal("0.0048"))))

    assert model.asked == 0
    assert BUDGET_NOTE in report_of(sessions, over)["notes"]


def test_pauses_double_up_to_ten_seconds_and_are_spread() -> None:
    plain, spread = ProviderRetries(lambda: 0.0), ProviderRetries(lambda: 1.0)
    assert [plain.pause_s(UpstreamUnavailable("late"), attempts) for attempts in range(6)] == [1, 2, 4, 8, 10, 10]
    assert spread.pause_s(UpstreamUnavailable("late"), 0) == 1.25
    assert plain.pause_s(UpstreamBusy("busy", retry_after_s=86_400), 0) == 600
