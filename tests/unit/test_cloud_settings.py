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
    assert (settings.speech_to_text, settings.text_to_speech) == ("local", "local")
    assert not settings.clouds.has_openai


def test_a_key_for_deepgram_makes_it_hear_and_speak():
    settings = load_settings({**BASE, "DEEPGRAM_API_KEY": "k"})
    assert (settings.speech_to_text, settings.text_to_speech) == ("deepgram", "deepgram")


def test_a_choice_stands_over_the_keys():
    settings = load_settings({**BASE, "DEEPGRAM_API_KEY": "k", "SPEECH_TO_TEXT": "local"})
    assert (settings.speech_to_text, settings.text_to_speech) == ("local", "deepgram")


def test_another_server_needs_no_key():
    assert load_settings({**BASE, "OPENAI_BASE_URL": "http://127.0.0.1:1234/v1"}).clouds.has_openai


@pytest.mark.parametrize(
    ("variable", "engine", "key"),
    [
        ("SPEECH_TO_TEXT", "deepgram", "DEEPGRAM_API_KEY"),
        ("SPEECH_TO_TEXT", "deepgram-flux", "DEEPGRAM_API_KEY"),
        ("TEXT_TO_SPEECH", "openai", "OPENAI_API_KEY"),
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
