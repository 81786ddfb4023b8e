from datetime import date
from decimal import Decimal

import pytest

from engine.errors import SettingsError
from engine.pricing import UNKNOWN, Charge, from_data, load_prices, to_data
from engine.usage import Usage

TODAY = date(2026, 11, 22)
TABLE = """
[[price]]
provider = "openai"
model = "talker"
valid_from = {day}
source = "https://example.org/prices"
usd = {usd}
"""


def table(tmp_path, *entries):
    path = tmp_path / "prices.toml"
    path.write_text("".join(TABLE.format(day=day, usd=usd) for day, usd in entries))
    return load_prices(path)


def chat(**amounts):
    return Usage("openai", "talker", "chat", **amounts)


def test_tokens_are_priced_each_at_its_own_rate(tmp_path):
    prices = table(
        tmp_path,
        (
            "2026-01-01",
            "{ million_input_tokens = 2, million_cached_tokens = 0.5, million_cache_write_tokens = 2.5,"
            " million_output_tokens = 10 }",
        ),
    )
    usage = chat(input_tokens=1000, cached_tokens=300, cache_write_tokens=200, output_tokens=50, reasoning_tokens=20)
    assert prices.charge(usage, TODAY).usd == Decimal("0.00215")


def test_cached_tokens_without_a_price_of_their_own_cost_as_much_as_others(tmp_path):
    prices = table(tmp_path, ("2026-01-01", "{ million_input_tokens = 2, million_output_tokens = 10 }"))
    assert prices.charge(chat(input_tokens=1000, cached_tokens=900), TODAY).usd == Decimal("0.002")


def test_the_price_of_the_day_counts_and_none_before_the_first(tmp_path):
    prices = table(
        tmp_path, ("2026-06-01", "{ million_input_tokens = 1 }"), ("2026-11-22", "{ million_input_tokens = 3 }")
    )
    usage = chat(input_tokens=1_000_000)
    assert prices.charge(usage, date(2026, 5, 31)) == UNKNOWN
    assert prices.charge(usage, date(2026, 11, 21)) == Charge(Decimal(1), date(2026, 6, 1))
    assert prices.charge(usage, date(2026, 11, 22)) == Charge(Decimal(3), date(2026, 11, 22))


def test_a_dated_snapshot_has_the_price_of_its_model_and_a_longer_name_has_not(tmp_path):
    prices = table(tmp_path, ("2026-01-01", "{ million_input_tokens = 1 }"))
    assert prices.price_of("openai", "talker-2026-10-01", TODAY) is not None
    assert prices.price_of("openai", "talker-mini", TODAY) is None
    assert prices.price_of("other", "talker", TODAY) is None


def test_usage_in_a_unit_that_is_not_billed_is_unknown_and_not_free(tmp_path):
    prices = table(tmp_path, ("2026-01-01", "{ audio_minute = 0.006 }"))
    assert prices.charge(chat(output_tokens=70), TODAY) == UNKNOWN
    assert prices.charge(chat(), TODAY).usd == 0


def test_a_price_of_zero_is_a_price(tmp_path):
    assert table(tmp_path, ("2026-01-01", "{ audio_minute = 0 }")).charge(chat(output_tokens=7), TODAY).usd == 0


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage("deepgram", "nova-3", "speech_to_text", audio_ms=90_000), "0.0072"),
        (Usage("deepgram", "aura-2-apollo-en", "text_to_speech", audio_ms=9000, characters=500), "0.015"),
        (Usage("openai", "gpt-6-luna", "chat", input_tokens=10_000, output_tokens=1000), "0.0015"),
        (Usage("openai", "gpt-transcribe", "speech_to_text", audio_ms=60_000), "0.0045"),
    ],
)
def test_the_bundled_table_prices_what_the_product_uses_by_default(usage, usd):
    assert load_prices().charge(usage, TODAY).usd == Decimal(usd)


def test_a_call_is_paid_by_the_minute_begun_and_by_direction():
    prices = load_prices()
    assert prices.charge_call("inbound", 61.0, TODAY).usd == Decimal("0.0170")
    assert prices.charge_call("outbound", 60.0, TODAY).usd == Decimal("0.0140")
    assert prices.charge_call("sideways", 60.0, TODAY) == UNKNOWN


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "must hold"),
        ("price = 1", "must hold"),
        ("][", "cannot be read"),
        (TABLE.format(day='"2026"', usd="{ audio_minute = 1 }"), "valid_from"),
        (TABLE.format(day="2026-01-01T10:00:00", usd="{ audio_minute = 1 }"), "valid_from"),
        (TABLE.format(day="2026-01-01", usd="{ minute = 1 }"), "units are"),
        (TABLE.format(day="2026-01-01", usd="{ audio_minute = -1 }"), "not negative"),
        (TABLE.format(day="2026-01-01", usd='{ audio_minute = "much" }'), "not negative"),
        (TABLE.format(day="2026-01-01", usd="{ audio_minute = nan }"), "not negative"),
        (TABLE.format(day="2026-01-01", usd="{ audio_minute = 1 }") + "colour = 1", "colour"),
    ],
)
def test_a_table_that_cannot_be_used_says_where_and_why(tmp_path, text, fault):
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=fault) as caught:
        load_prices(path)
    assert str(path) in str(caught.value)


def test_usage_with_its_price_survives_the_event_log():
    usage = Usage("openai", "gpt-6-luna", "chat", input_tokens=3, request_id="r", is_estimated=True)
    charge = Charge(Decimal("0.0000003000"), TODAY)
    assert from_data(to_data(usage, charge) | {"by": "session"}) == (usage, charge)
    assert from_data(to_data(usage, UNKNOWN)) == (usage, UNKNOWN)
    with pytest.raises(ValueError, match="number"):
        from_data(to_data(usage, charge) | {"price_usd": "much"})
