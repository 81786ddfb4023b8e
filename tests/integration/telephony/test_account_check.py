"""What a start tells of the telephone's account: one line, which names the variable."""

import logging
from collections.abc import Iterator

import pytest

from engine.adapters.key_checks import check_keys
from engine.adapters.provider_health import HealthBoard, ProviderHealth
from engine.config import Settings, load_settings
from telephony.account_check import twilio_checks
from tests.fakes.twilio_rest import FakeTwilio, fake_twilio


@pytest.fixture(scope="module")
def twilio() -> Iterator[FakeTwilio]:
    with fake_twilio("AC1", "the account's secret") as account:
        yield account


def settings(**changed: str) -> Settings:
    usual = {
        "DATABASE_URL": "postgresql://localhost/x",
        "JWT_SECRET": "j" * 40,
        "JWT_REFRESH_SECRET": "r" * 40,
        "STREAM_SECRET": "s" * 40,
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "the account's secret",
        "PHONE_NUMBER": "+12025550100",
        "SMS": "twilio",
    }
    return load_settings(usual | changed)


def faults(made: Settings, board: HealthBoard | None = None) -> list[str]:
    return check_keys(twilio_checks(made), board or HealthBoard())


def test_a_good_account_is_not_worth_a_line(twilio: FakeTwilio, caplog: pytest.LogCaptureFixture) -> None:
    assert faults(settings(TWILIO_REST_URL=twilio.url)) == []
    assert caplog.messages == []


def test_a_refused_token_is_one_line_that_names_the_variable_and_stops_calls(twilio: FakeTwilio) -> None:
    board = HealthBoard()
    board.register(ProviderHealth("telephone/twilio"))
    (fault,) = faults(settings(TWILIO_REST_URL=twilio.url, TWILIO_AUTH_TOKEN="a wrong one"), board)
    assert fault.startswith("TWILIO_AUTH_TOKEN cannot be used:") and "a wrong one" not in fault
    assert [each.state for each in board.snapshots()] == ["open"]


def test_a_suspended_account_is_told(twilio: FakeTwilio) -> None:
    twilio.status = "suspended"
    (fault,) = faults(settings(TWILIO_REST_URL=twilio.url))
    twilio.status = "active"
    assert "TWILIO_ACCOUNT_SID" in fault and "suspended" in fault


def test_an_account_that_cannot_be_reached_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert faults(settings(TWILIO_REST_URL="http://127.0.0.1:9")) == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_nothing_is_asked_where_nothing_goes_out_over_twilio() -> None:
    assert list(twilio_checks(settings(SMS="folder", OUTBOUND_CALLS="off"))) == []
