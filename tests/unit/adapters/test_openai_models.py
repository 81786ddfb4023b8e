"""Model names in the settings: known, in time, and fit for their task."""

from datetime import date

from engine.adapters.openai_models import KNOWN_MODELS, model_fault, model_warning

TODAY = date(2026, 11, 22)


def test_a_model_that_lasts_is_fine() -> None:
    assert model_fault("OPENAI_CHAT_MODEL", "gpt-6-luna", "chat", TODAY) is None
    assert model_warning("OPENAI_CHAT_MODEL", "gpt-6-luna", TODAY) is None


def test_an_unknown_model_is_told_with_the_variable_and_the_known_ones() -> None:
    fault = model_fault("OPENAI_CHAT_MODEL", "gpt-9", "chat", TODAY)

    assert fault is not None
    assert fault.startswith("OPENAI_CHAT_MODEL") and "gpt-6-luna" in fault and "whisper-1" not in fault


def test_a_model_of_another_task_is_a_fault() -> None:
    assert "gpt-transcribe" in str(model_fault("OPENAI_STT_MODEL", "gpt-6-luna", "speech_to_text", TODAY))


def test_a_model_that_ends_soon_is_warned_of_and_faulty_from_its_last_day_on() -> None:
    variable, name = "OPENAI_TTS_MODEL", "gpt-4o-mini-tts"
    assert "2027-01-06" in str(model_warning(variable, name, TODAY))
    assert model_warning(variable, name, date(2026, 10, 1)) is None
    assert model_fault(variable, name, "text_to_speech", date(2027, 1, 5)) is None
    fault = str(model_fault(variable, name, "text_to_speech", date(2027, 1, 6)))
    assert "another provider" in fault
    assert model_warning(variable, name, date(2027, 1, 6)) is None


def test_every_successor_is_known_and_outlives_what_it_follows() -> None:
    for model in KNOWN_MODELS.values():
        if model.successor:
            assert KNOWN_MODELS[model.successor].ends_on is None
