"""The engines that the settings name, put together."""

import dataclasses
from pathlib import Path

import pytest

from engine.adapters.selection import build_speech
from engine.audio.voice import FRAME_BYTES
from engine.config import load_settings

pytestmark = pytest.mark.speech


def settings(tmp_path: Path, hears: str, speaks: str) -> object:
    environ = {
        "DATABASE_URL": "postgresql://localhost/none",
        "TWILIO_ACCOUNT_SID": "AC0",
        "TWILIO_AUTH_TOKEN": "a" * 32,
        "PHONE_NUMBER": "+15550100100",
        "DATA_DIR": str(tmp_path),
        "SPEECH_TO_TEXT": hears,
        "TEXT_TO_SPEECH": speaks,
        **{name: name * 4 for name in ("JWT_SECRET", "JWT_REFRESH_SECRET", "STREAM_SECRET")},
    }
    return load_settings(environ)


def test_scripted_engines_need_no_process(tmp_path: Path) -> None:
    engines = build_speech(settings(tmp_path, "scripted", "scripted"))  # type: ignore[arg-type]
    assert engines.process is None
    assert engines.is_ready
    assert engines.speech_to_text.name == engines.text_to_speech.name == "scripted"
    assert engines.new_voice_detector().is_speech(b"\0" * FRAME_BYTES) is False
    assert len(engines.farewell) > 8000
    engines.warm(["hello"]).join(10)
    engines.close()


def test_the_local_voice_is_warmed_and_kept_for_the_next_start(tmp_path: Path) -> None:
    engines = build_speech(settings(tmp_path, "scripted", "local"))  # type: ignore[arg-type]
    try:
        assert engines.is_ready
        engines.warm(["One moment, please."]).join(30)
        assert len(list((tmp_path / "speech-cache").glob("*.ulaw"))) == 1
        (only_chunk,) = engines.text_to_speech.synthesise("One moment, please.")
        assert len(only_chunk) > 4000
    finally:
        engines.close()
        engines.close()
    assert not engines.is_ready


def test_engines_are_a_value_whose_parts_can_be_replaced(tmp_path: Path) -> None:
    engines = build_speech(settings(tmp_path, "scripted", "scripted"))  # type: ignore[arg-type]
    assert dataclasses.replace(engines, farewell=b"\xff").farewell == b"\xff"
    engines.close()
