"""What a call spends is in its log, in order with everything else."""

from collections.abc import Iterator
from decimal import Decimal

from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.ports import UNLIMITED, Account
from engine.pricing import from_data
from engine.usage import Usage
from engine.work.spending import Budgets


class DearVoice(ScriptedTextToSpeech):
    """Costs as much as Aura."""

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        yield from super().synthesise(text, speed=speed)
        account.spent(Usage("deepgram", "aura-2-thalia-en", "text_to_speech", characters=len(text)))


def test_every_request_of_a_call_stands_in_its_log_with_price_and_running_total(virtual):
    voice = DearVoice(ms_per_word=200)
    call = virtual(["Yes", "One answer", "Another answer", "A third answer", "No"], voice=voice).run()

    counted = call.facts("usage_counted")
    spent = [from_data(data)[1].usd for data in counted]
    assert sum(from_data(data)[0].characters for data in counted) == sum(len(text) for text in voice.spoken)
    assert Decimal(counted[-1]["total_usd"]) == sum(spent) > 0
    assert [record.sequence for record in call.records] == list(range(len(call.records)))
    assert call.records[-1].name == "call_ended"
    assert call.facts("budget_reached") == [] and call.late == []


def test_the_ceiling_is_told_once_and_the_call_goes_on(virtual):
    budgets = Budgets(Decimal("0.0050"))
    answers = ["Yes", "One answer", "Another answer", "A third answer", "No"]
    call = virtual(answers, voice=DearVoice(ms_per_word=200), budgets=budgets).run()

    [reached] = call.facts("budget_reached")
    assert reached["ceiling"] == "interview" and Decimal(reached["total_usd"]) >= Decimal("0.0050")
    assert call.facts("interview_ended")[0]["is_complete"]
