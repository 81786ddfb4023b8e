import io
import json
import logging
from collections.abc import Iterator

import pytest

from engine.adapters.log_format import JsonFormatter, TextFormatter, bind_log_ids, configure_logging, log_ids
from engine.config import load_settings

PRODUCTION = {
    "ENVIRONMENT": "production",
    "PUBLIC_BASE_URL": "https://interviews.example.org",
    "DATABASE_URL": "postgresql://database/vivavoce",
    "JWT_SECRET": "a" * 40,
    "JWT_REFRESH_SECRET": "b" * 40,
    "STREAM_SECRET": "c" * 40,
    "TWILIO_ACCOUNT_SID": "AC0",
    "TWILIO_AUTH_TOKEN": "token",
    "PHONE_NUMBER": "+12025550100",
}


def record(message: str, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("vivavoce.test", logging.INFO, __file__, 1, message, (), None)
    vars(made).update(fields)
    return made


@pytest.fixture(autouse=True)
def _no_ids() -> Iterator[None]:
    bind_log_ids()
    yield
    bind_log_ids()


def test_a_json_line_holds_message_fields_and_ids() -> None:
    with log_ids(request_id="r-1"), log_ids(call_id="c-1"):
        line = json.loads(JsonFormatter().format(record("request", status=200)))
    assert line["message"] == "request"
    assert (line["status"], line["request_id"], line["call_id"], line["level"]) == (200, "r-1", "c-1", "info")
    assert line["time"].endswith("+00:00")


def test_ids_end_with_their_context() -> None:
    with log_ids(call_id="c-1"):
        pass
    assert "call_id" not in json.loads(JsonFormatter().format(record("later")))


def test_a_line_break_in_a_value_makes_no_second_line() -> None:
    text = TextFormatter().format(record("said", value="one\nERROR forged"))
    assert "\n" not in text
    assert "\n" not in JsonFormatter().format(record("said", value="one\nERROR forged"))


def test_a_trace_is_kept() -> None:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        configure_logging(load_settings(PRODUCTION), stream=stream)
        try:
            raise RuntimeError("the reason")
        except RuntimeError:
            logging.getLogger("vivavoce.test").exception("broken")
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
    line = json.loads(stream.getvalue())
    assert "the reason" in line["trace"]
    assert line["level"] == "error"
