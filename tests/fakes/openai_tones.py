"""The fake server's ear and voice for speech made of tones: what goes in as words comes out as the same words."""

import io
import wave
from collections.abc import Mapping
from typing import Any

from engine.audio import mulaw
from engine.audio.resample import resample
from tests.fakes import tone_speech
from tests.fakes.openai_server import Behaviour


def tone_behaviour() -> Behaviour:
    return Behaviour(transcribe=_heard, speak=_spoken)


def _heard(recording: bytes, _fields: Mapping[str, Any]) -> str:
    with wave.open(io.BytesIO(recording)) as opened:
        audio = mulaw.encode(opened.readframes(opened.getnframes()))
    return " ".join(text for text, _, _ in tone_speech.hear(audio))


def _spoken(text: str) -> bytes:
    return resample(mulaw.decode(tone_speech.speak(text)), 8000, 24_000)
