"""What OpenAI's server accepts: the rules that a request is held against, with the errors it would answer."""

import io
import re
import wave
from collections.abc import Mapping
from typing import Any

CHAT_MODELS = ("gpt-6-astra", "gpt-6.1-sol", "gpt-6.1-terra", "gpt-6-luna")
SPEECH_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
TRANSCRIPTION_MODELS = ("gpt-transcribe", "gpt-4o-transcribe", "whisper-1")
SHUTDOWNS = dict.fromkeys(SPEECH_MODELS, "2027-01-06") | {"gpt-4o-transcribe": "2027-02-26", "whisper-1": "2027-02-26"}
VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar",
)  # fmt: skip
_RESPONSE_FIELDS = {
    "model", "instructions", "input", "max_output_tokens", "store", "reasoning", "temperature", "prompt_cache_key",
    "text", "stream", "safety_identifier",
}  # fmt: skip
_SPEECH_FIELDS = {"model", "voice", "input", "instructions", "response_format", "speed", "stream_format"}
_TRANSCRIPTION_FIELDS = {
    "model", "file", "language", "languages[]", "keywords[]", "prompt", "response_format", "temperature",
}  # fmt: skip
_SCHEMA_WORDS = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "description", "minItems", "maxItems",
    "minimum", "maximum", "pattern", "format", "anyOf", "$defs", "$ref",
}  # fmt: skip


class Rejected(Exception):
    """The request breaks a rule; the server answers with this."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        retry_after: str | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.param = param
        self.retry_after = retry_after
        super().__init__(message)


def check_model(model: object, known: tuple[str, ...]) -> None:
    if not isinstance(model, str) or not model:
        raise Rejected("you must provide a model parameter", param="model")
    if model not in known:
        raise Rejected(
            f"The model `{model}` does not exist or you do not have access to it.", status=404, code="model_not_found"
        )


def check_response(body: Mapping[str, Any]) -> None:
    """The rules of POST /v1/responses, as far as we use it."""
    _only(body, _RESPONSE_FIELDS)
    check_model(body.get("model"), CHAT_MODELS)
    messages = body.get("input")
    if not isinstance(messages, list) or not messages:
        raise Rejected("input must be a list that is not empty", param="input")
    for message in messages:
        if not isinstance(message, dict) or set(message) != {"role", "content"}:
            raise Rejected("an input message has role and content", param="input")
        if message["role"] not in ("user", "assistant", "developer") or not isinstance(message["content"], str):
            raise Rejected("unknown role, or content that is no text", param="input")
    tokens = body.get("max_output_tokens")
    if not isinstance(tokens, int) or tokens < 16:
        raise Rejected("integer below minimum value: expected a value >= 16", param="max_output_tokens")
    effort = (body.get("reasoning") or {}).get("effort", "medium")
    if body.get("temperature") is not None and effort != "none":
        raise Rejected("'temperature' is not supported with this model", param="temperature")
    if "text" in body:
        check_format(body["text"]["format"])


def check_format(shape: Mapping[str, Any]) -> None:
    """The rules of strict structured output."""
    if shape.get("type") != "json_schema" or shape.get("strict") is not True:
        raise Rejected("only strict JSON schemas are accepted here", param="text.format")
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", str(shape.get("name"))):
        raise Rejected("the name of a schema has letters, digits, _ and - only", param="text.format.name")
    if shape["schema"].get("type") != "object":
        raise Rejected("the root of a strict schema is an object", param="text.format.schema")
    _strict(shape["schema"], "root")


def check_speech(body: Mapping[str, Any]) -> None:
    """The rules of POST /v1/audio/speech."""
    _only(body, _SPEECH_FIELDS)
    check_model(body.get("model"), SPEECH_MODELS)
    text = body.get("input")
    if not isinstance(text, str) or not 1 <= len(text) <= 4096:
        raise Rejected("input must have 1 to 4096 characters", param="input")
    if body.get("voice") not in VOICES:
        raise Rejected("unknown voice", param="voice")
    if not 0.25 <= float(body.get("speed", 1.0)) <= 4.0:
        raise Rejected("speed must lie between 0.25 and 4", param="speed")
    if body.get("response_format") != "pcm":
        raise Rejected("this server speaks pcm only", param="response_format")


def check_transcription(fields: Mapping[str, Any]) -> float:
    """The rules of POST /v1/audio/transcriptions. Returns the seconds of audio."""
    _only(fields, _TRANSCRIPTION_FIELDS)
    check_model(fields.get("model"), TRANSCRIPTION_MODELS)
    if fields["model"] != "gpt-transcribe" and ("keywords[]" in fields or "languages[]" in fields):
        raise Rejected("keywords are supported by gpt-transcribe only", param="keywords")
    try:
        with wave.open(io.BytesIO(fields["file"])) as recording:
            if recording.getnchannels() != 1 or recording.getsampwidth() != 2:
                raise Rejected("unsupported audio", code="unsupported_format")
            seconds = recording.getnframes() / recording.getframerate()
    except (wave.Error, EOFError, KeyError) as error:
        raise Rejected("Audio file might be corrupted or unsupported", code="invalid_value") from error
    if seconds < 0.1:
        raise Rejected("Audio file is too short", code="audio_too_short")
    return seconds


def _only(body: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(body) - known)
    if unknown:
        raise Rejected(f"Unknown parameter: '{unknown[0]}'.", code="unknown_parameter", param=unknown[0])


def _strict(schema: Mapping[str, Any], place: str) -> None:
    unknown = set(schema) - _SCHEMA_WORDS
    if unknown:
        raise Rejected(f"{place}: {sorted(unknown)} is not permitted", code="invalid_json_schema")
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            raise Rejected(f"{place}: 'additionalProperties' must be false", code="invalid_json_schema")
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            raise Rejected(f"{place}: 'required' must name every property", code="invalid_json_schema")
        for name, inner in schema["properties"].items():
            _strict(inner, f"{place}.{name}")
    if schema.get("type") == "array":
        if "items" not in schema:
            raise Rejected(f"{place}: an array needs 'items'", code="invalid_json_schema")
        _strict(schema["items"], f"{place}[]")
