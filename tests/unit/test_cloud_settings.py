"""Keys choose engines; a choice without its key is named at start."""

import pytest

from engine.config import load_settings
from engine.errors import SettingsError

BASE = {
    "DATABASE_URL": "postgresql://localhost/x",
    "JWT_SECRET": "j" * 40,
    "JWT_REFRESH_SECRET": "r" * 40,
    "STREAM_SECRET": "s" * 40,
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "t" * 32,
    "PHONE_NUMBER": "+15550100",
}


def test_without_keys_everything_is_local():
    settings = load_settings(BASE)
    assert (settings.speech_to_text, settings.text_to_speech) == (("local",), ("local",))
    assert not settings.clouds.has_openai


def test_keys_make_the_chain_and_the_local_engine_ends_it():
    settings = load_settings({**BASE, "DEEPGRAM_API_KEY": "k", "OPENAI_API_KEY": "o"})
    assert settings.speech_to_text == settings.text_to_speech == ("deepgram", "openai", "local")
    settings = load_settings({**BASE, "DEEPGRAM_API_KEY": "k"})
    assert settings.speech_to_text == settings.text_to_speech == ("deepgram", "local")


def test_a_chain_is_read_in_its_order_without_doubles_and_with_the_local_engine_behind_it():
    keys = {"DEEPGRAM_API_KEY": "k", "OPENAI_API_KEY": "o"}
    named = {"SPEECH_TO_TEXT": "deepgram-flux, deepgram ,openai,deepgram", "TEXT_TO_SPEECH": "openai"}
    settings = load_settings({**BASE, **keys, **named})
    assert settings.speech_to_text == ("deepgram-flux", "deepgram", "openai", "local")
    assert settings.text_to_speech == ("openai", "local")


@pytest.mark.parametrize("named", ["whisper", "local,deepgarm", ",", "scripted,local"])
def test_a_name_that_cannot_be_used_is_told_with_those_that_can(named):
    with pytest.raises(SettingsError) as error:
        load_settings({**BASE, "SPEECH_TO_TEXT": named})
    (fault,) = error.value.faults
    assert "SPEECH_TO_TEXT" in fault and ("deepgram-flux" in fault or "alone" in fault)


def test_a_choice_stands_over_the_keys():
    settings = load_settings({**BASE, "DEEPGRAM_API_KEY": "k", "SPEECH_TO_TEXT": "local"})
    assert (settings.speech_to_text, settings.text_to_speech) == (("local",), ("deepgram", "local"))


def test_another_server_needs_no_key():
    assert load_settings({**BASE, "OPENAI_BASE_URL": "http://127.0.0.1:1234/v1"}).clouds.has_openai


@pytest.mark.parametrize(
    ("variable", "engine", "key"),
    [
        ("SPEECH_TO_TEXT", "deepgram", "DEEPGRAM_API_KEY"),
        ("SPEECH_TO_TEXT", "deepgram-flux", "DEEPGRAM_API_KEY"),
        ("TEXT_TO_SPEECH", "openai", "OPENAI_API_KEY"),
        ("SPEECH_TO_TEXT", "local,openai", "OPENAI_API_KEY"),
    ],
)
def test_a_choice_without_its_key_is_a_fault_that_names_both(variable, engine, key):
    with pytest.raises(SettingsError) as error:
        load_settings({**BASE, variable: engine})
    assert variable in str(error.value)
    assert key in str(error.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(SettingsError) as error:
        load_settings({"JWT_SECRET": "short", "PORT": "x", "ENVIRONMENT": "moon", "MAX_CALLS": "0"})
    assert len(error.value.faults) >= 8
    assert all(name in str(error.value) for name in ("DATABASE_URL", "JWT_SECRET", "PORT", "ENVIRONMENT", "MAX_CALLS"))
