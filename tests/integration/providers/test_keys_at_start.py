"""What a start tells of keys and models: one line each, which names the variable."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

from engine.adapters.cloud_checks import key_checks
from engine.adapters.key_checks import check_keys
from engine.adapters.model_names import check_models
from engine.adapters.provider_health import HealthBoard, ProviderHealth
from engine.adapters.selection import check_keys_at_start
from engine.config import Settings, load_settings
from engine.errors import SettingsError
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.openai_server import KEY as OPENAI_KEY
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.wire_faults import Fault

BASE = {
    "DATABASE_URL": "postgresql://localhost/x",
    "JWT_SECRET": "j" * 40,
    "JWT_REFRESH_SECRET": "r" * 40,
    "STREAM_SECRET": "s" * 40,
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "t" * 32,
    "PHONE_NUMBER": "+15550100",
    "SPEECH_TO_TEXT": "deepgram,deepgram-flux,openai",
    "TEXT_TO_SPEECH": "deepgram-flux,deepgram,openai",
}


@dataclass
class Clouds:
    deepgram: DeepgramServer
    openai: FakeOpenAI

    def settings(self, **changed: str) -> Settings:
        addresses = {"DEEPGRAM_SOCKET_URL": self.deepgram.socket_url, "OPENAI_BASE_URL": self.openai.base_url}
        keys = {"DEEPGRAM_API_KEY": KEY, "OPENAI_API_KEY": OPENAI_KEY}
        return load_settings(BASE | addresses | keys | changed)


@pytest.fixture(scope="module")
def clouds() -> Iterator[Clouds]:
    with DeepgramServer() as deepgram, FakeOpenAI() as openai:
        yield Clouds(deepgram, openai)


def faults(settings: Settings, board: HealthBoard | None = None) -> list[str]:
    return check_keys(key_checks(settings), board or HealthBoard())


def test_good_keys_and_known_models_are_not_worth_a_line(clouds: Clouds, caplog: pytest.LogCaptureFixture) -> None:
    assert faults(clouds.settings()) == []
    assert caplog.messages == []
    assert {path for path, _ in clouds.deepgram.counted.requests} == {
        "/v1/listen",
        "/v2/listen",
        "/v1/speak",
        "/v2/speak",
    }
    assert clouds.deepgram.counted.violations == []


@pytest.mark.parametrize("variable", ["DEEPGRAM_API_KEY", "OPENAI_API_KEY"])
def test_a_refused_key_is_one_line_that_names_the_variable_and_not_the_key(
    clouds: Clouds, caplog: pytest.LogCaptureFixture, variable: str
) -> None:
    (fault,) = faults(clouds.settings(**{variable: "a-bad-key"}))
    assert fault.startswith(f"{variable} cannot be used:")
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(logging.ERROR, fault)]
    assert "a-bad-key" not in caplog.text and "\n" not in fault


def test_the_engines_of_a_refused_key_are_left_alone_from_the_start(clouds: Clouds) -> None:
    board = HealthBoard()
    ports = ("speech_to_text", "text_to_speech")
    for name in (f"{port}/{engine}" for port in ports for engine in ("deepgram", "deepgram-flux", "openai")):
        board.register(ProviderHealth(name))
    faults(clouds.settings(DEEPGRAM_API_KEY="a-bad-key"), board)
    left_alone = {each.name for each in board.snapshots() if each.state == "open"}
    assert left_alone == {f"{port}/{engine}" for port in ports for engine in ("deepgram", "deepgram-flux")}
    assert all("DEEPGRAM_API_KEY" in str(each.last_error) for each in board.snapshots() if each.state == "open")


def test_a_model_that_the_provider_does_not_know_is_named_with_its_variable(clouds: Clouds) -> None:
    (chat,) = faults(clouds.settings(OPENAI_CHAT_MODEL="gpt-seven"))
    assert "OPENAI_CHAT_MODEL" in chat and "'gpt-seven'" in chat and "gpt-6-luna" in chat
    (voice,) = faults(clouds.settings(DEEPGRAM_TTS_MODEL="aura-3-thalia-en"))
    assert voice.startswith("DEEPGRAM_TTS_MODEL cannot be used:")
    clouds.deepgram.counted.violations.clear()


def test_a_provider_that_cannot_be_reached_is_a_warning(clouds: Clouds, caplog: pytest.LogCaptureFixture) -> None:
    gone = {"DEEPGRAM_SOCKET_URL": "ws://127.0.0.1:9", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    assert faults(clouds.settings(**gone)) == []
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert "DEEPGRAM_API_KEY" in caplog.text and "OPENAI_API_KEY" in caplog.text


def test_a_provider_that_is_out_of_order_is_a_warning(clouds: Clouds, caplog: pytest.LogCaptureFixture) -> None:
    clouds.deepgram.plan("/v1/listen", Fault("refuse", status=503))
    assert faults(clouds.settings()) == []
    assert "503" in caplog.text


def test_nothing_is_asked_without_keys() -> None:
    local = load_settings(BASE | {"SPEECH_TO_TEXT": "local", "TEXT_TO_SPEECH": "local"})
    assert list(key_checks(local)) == []
    assert check_keys_at_start(local, HealthBoard()) is None


def test_a_start_does_not_wait_for_the_answers(clouds: Clouds) -> None:
    clouds.deepgram.faults.hold_handshake("/v1/listen", 0.3)
    thread = check_keys_at_start(clouds.settings(), HealthBoard())
    assert thread is not None and thread.is_alive()
    thread.join()


@pytest.mark.parametrize(
    ("variable", "chain", "known"),
    [
        ("DEEPGRAM_STT_MODEL", {"SPEECH_TO_TEXT": "deepgram"}, "nova-3"),
        ("DEEPGRAM_FLUX_STT_MODEL", {"SPEECH_TO_TEXT": "deepgram-flux"}, "flux-general-en"),
        ("DEEPGRAM_TTS_MODEL", {"TEXT_TO_SPEECH": "deepgram"}, "aura-2-thalia-en"),
        ("DEEPGRAM_FLUX_TTS_MODEL", {"TEXT_TO_SPEECH": "deepgram-flux"}, "flux-haley-en"),
        ("OPENAI_CHAT_MODEL", {}, "gpt-6-luna"),
        ("OPENAI_STT_MODEL", {"SPEECH_TO_TEXT": "openai"}, "gpt-transcribe"),
        ("OPENAI_TTS_VOICE", {"TEXT_TO_SPEECH": "openai"}, "coral"),
    ],
)
def test_a_model_that_nobody_knows_ends_the_start_and_lists_the_known_ones(
    variable: str, chain: dict[str, str], known: str
) -> None:
    local = {"SPEECH_TO_TEXT": "local", "TEXT_TO_SPEECH": "local", "DEEPGRAM_API_KEY": "k", "OPENAI_API_KEY": "o"}
    settings = load_settings(BASE | local | chain | {variable: "mistyped"})
    with pytest.raises(SettingsError) as caught:
        check_models(settings)
    (fault,) = caught.value.faults
    assert variable in fault and "'mistyped'" in fault and known in fault


def test_models_of_another_server_are_its_own_matter(clouds: Clouds) -> None:
    check_models(clouds.settings(DEEPGRAM_STT_MODEL="ours", OPENAI_CHAT_MODEL="ours-too"))


def test_a_model_that_ends_soon_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    settings = load_settings(BASE | {"SPEECH_TO_TEXT": "local", "TEXT_TO_SPEECH": "openai", "OPENAI_API_KEY": "o"})
    check_models(settings, date(2026, 12, 20))
    (line,) = caplog.messages
    assert "OPENAI_TTS_MODEL" in line and "2027-01-06" in line
