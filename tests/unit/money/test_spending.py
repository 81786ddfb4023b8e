import threading
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.pricing import load_prices
from engine.usage import Usage
from engine.work.spending import Budgets, InterviewAccount, Spent
from telephony.call_account import UsageOutlet

MINUTE = Usage("deepgram", "nova-3", "speech_to_text", audio_ms=60_000)
UNPRICED = Usage("openai", "a-model-of-ours", "chat", output_tokens=1_000_000)


def account(told, *, budget="0.0096", month="0", spent="0", month_spent="0"):
    budgets, before = Budgets(Decimal(budget), Decimal(month)), Spent(Decimal(spent), Decimal(month_spent))
    return InterviewAccount(load_prices(), budgets, before, told.append)


def test_the_request_that_reaches_the_ceiling_is_told_and_no_other_is_allowed():
    told = []
    purse = account(told)
    purse.spent(MINUTE)
    assert purse.may_spend()
    purse.spent(MINUTE)
    purse.spent(MINUTE)
    assert not purse.may_spend()
    assert [counted.reached for counted in told] == [None, "interview", None]
    assert told[-1].total_usd == Decimal("0.0144")


def test_what_earlier_calls_of_the_interview_spent_counts():
    assert not account([], spent="0.0096").may_spend()


def test_the_month_of_the_account_has_a_ceiling_of_its_own():
    told = []
    purse = account(told, budget="0", month="5", month_spent="4.9999")
    assert purse.may_spend()
    purse.spent(MINUTE)
    assert told[0].reached == purse.ceiling == "month"


def test_zero_is_no_ceiling_and_an_unknown_price_reaches_none():
    told = []
    purse = account(told, budget="0")
    purse.spent(UNPRICED)
    assert purse.may_spend() and told[0].charge.usd is None


@given(st.lists(st.integers(1, 90_000), min_size=1, max_size=20))
def test_the_running_total_is_the_sum_of_what_was_told(pieces):
    told = []
    purse = account(told, budget="0")
    for piece in pieces:
        purse.spent(Usage("deepgram", "nova-3", "speech_to_text", audio_ms=piece))
    assert told[-1].total_usd == sum(counted.charge.usd for counted in told)


def test_usage_of_many_threads_is_counted_once_each_and_crosses_the_ceiling_once():
    told = []
    purse = account(told, budget="0.0500")
    threads = [threading.Thread(target=lambda: [purse.spent(MINUTE) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 400 and told[-1].total_usd == 400 * Decimal("0.0048")
    assert [counted.reached for counted in told].count("interview") == 1


def test_usage_goes_into_the_call_while_it_lasts_and_elsewhere_afterwards():
    inbox, late = [], []
    outlet = UsageOutlet(inbox.append, late.append)
    purse = InterviewAccount(load_prices(), Budgets(Decimal("0.0048")), Spent(), outlet.put)
    purse.spent(MINUTE)
    outlet.close()
    purse.spent(MINUTE)
    assert [fact.name for fact in inbox] == ["usage_counted", "budget_reached"]
    assert inbox[0].data["price_usd"] == "0.0048000000" and inbox[1].data["ceiling"] == "interview"
    assert len(late) == 1
