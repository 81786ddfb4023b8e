"""OpenAI's models that the product can use, and the day each shuts down, as announced in autumn 2026.

The table serves messages at start; what a key may really use, `models_offered` asks the server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from engine.usage import UsageKind

WARNING_DAYS: Final = 60
CHECKED_ON: Final = date(2026, 11, 22)
"""The day on which the table was held against OpenAI's documentation."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model, what it is for, its last day (None: none announced), and what OpenAI names in its place."""

    name: str
    kind: UsageKind
    ends_on: date | None = None
    successor: str = ""


KNOWN_VOICES: Final = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip
_SPEECH_END = date(2027, 1, 6)
_TRANSCRIPTION_END = date(2027, 2, 26)
KNOWN_MODELS: Final[Mapping[str, KnownModel]] = {
    model.name: model
    for model in (
        KnownModel("gpt-6-luna", "chat"),
        KnownModel("gpt-6.1-terra", "chat"),
        KnownModel("gpt-6.1-sol", "chat"),
        KnownModel("gpt-6-astra", "chat"),
        KnownModel("gpt-5.6-luna", "chat"),
        KnownModel("gpt-5.6-terra", "chat"),
        KnownModel("gpt-5", "chat", date(2026, 12, 11), "gpt-6.1-sol"),
        KnownModel("gpt-5-mini", "chat", date(2026, 12, 11), "gpt-6.1-terra"),
        KnownModel("gpt-5-nano", "chat", date(2026, 12, 11), "gpt-6-luna"),
        KnownModel("gpt-4o", "chat", date(2027, 1, 14), "gpt-6-luna"),
        KnownModel("gpt-4o-mini", "chat", date(2027, 1, 14), "gpt-6-luna"),
        KnownModel("gpt-4.1", "chat", date(2027, 1, 14), "gpt-6-luna"),
        KnownModel("gpt-4.1-mini", "chat", date(2027, 1, 14), "gpt-6-luna"),
        KnownModel("gpt-5.1", "chat", date(2027, 4, 1)),
        KnownModel("gpt-transcribe", "speech_to_text"),
        KnownModel("gpt-4o-transcribe", "speech_to_text", _TRANSCRIPTION_END, "gpt-transcribe"),
        KnownModel("gpt-4o-mini-transcribe", "speech_to_text", _TRANSCRIPTION_END, "gpt-transcribe"),
        KnownModel("whisper-1", "speech_to_text", _TRANSCRIPTION_END, "gpt-transcribe"),
        KnownModel("gpt-4o-mini-tts", "text_to_speech", _SPEECH_END),
        KnownModel("tts-1", "text_to_speech", _SPEECH_END),
        KnownModel("tts-1-hd", "text_to_speech", _SPEECH_END),
    )
}


def model_fault(variable: str, name: str, kind: UsageKind, today: date) -> str | None:
    """Why the model cannot be used, as one line that names the variable and what would do; None when it can."""
    model = KNOWN_MODELS.get(name)
    usable = ", ".join(each.name for each in KNOWN_MODELS.values() if each.kind == kind and _lasts(each, today))
    instead = f"known ones: {usable}" if usable else "no other model of OpenAI does this any more; use another provider"
    if model is None or model.kind != kind:
        return f"{variable} names the model {name!r}, which is not known for this; {instead}."
    if not _lasts(model, today):
        return f"{variable} names the model {name!r}, which was shut down on {model.ends_on}; {instead}."
    return None


def voice_fault(variable: str, name: str) -> str | None:
    """Why the voice cannot be used, as `model_fault` says it; None when it can."""
    if name in KNOWN_VOICES:
        return None
    return f"{variable} names the voice {name!r}, which is not known; known ones: {', '.join(KNOWN_VOICES)}."


def model_warning(variable: str, name: str, today: date) -> str | None:
    """That the model ends soon, as one line; None when it does not."""
    model = KNOWN_MODELS.get(name)
    if model is None or model.ends_on is None or not _lasts(model, today):
        return None
    if model.ends_on - today > timedelta(days=WARNING_DAYS):
        return None
    instead = f"; OpenAI names {model.successor} in its place" if model.successor else ""
    return f"{variable} names the model {name!r}, which shuts down on {model.ends_on}{instead}."


def _lasts(model: KnownModel, today: date) -> bool:
    return model.ends_on is None or today < model.ends_on
