"""The cloud engines that the settings ask for, built from their keys; None where no key is set."""

from datetime import date

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_flux import FluxSpeechToText
from engine.adapters.deepgram_stt import DeepgramSpeechToText
from engine.adapters.deepgram_tts import DeepgramTextToSpeech
from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import DEFAULT_BASE_URL, Client, build_client
from engine.adapters.openai_models import model_fault
from engine.adapters.openai_stt import OpenAIHearing, OpenAISpeechToText
from engine.adapters.openai_tts import OpenAITextToSpeech, OpenAIVoice
from engine.config import CloudSettings
from engine.errors import SettingsError
from engine.ports import ChatModel, SpeechToText, TextToSpeech
from engine.usage import UsageKind


def build_chat(clouds: CloudSettings) -> ChatModel | None:
    """The language model for grading and for wording in calls. Raises SettingsError for a model that has ended."""
    if not clouds.has_openai:
        return None
    _check_model(clouds, "OPENAI_CHAT_MODEL", clouds.openai_chat_model, "chat")
    return OpenAIChat(_openai(clouds), clouds.openai_chat_model)


def cloud_recogniser(name: str, clouds: CloudSettings) -> SpeechToText:
    """The recogniser of that name in SPEECH_TO_TEXT. Raises SettingsError for an unusable model."""
    if name == "openai":
        _check_model(clouds, "OPENAI_STT_MODEL", clouds.openai_stt_model, "speech_to_text")
        return OpenAISpeechToText(_openai(clouds), OpenAIHearing(model=clouds.openai_stt_model))
    if name == "deepgram-flux":
        return FluxSpeechToText(_deepgram(clouds))
    return DeepgramSpeechToText(_deepgram(clouds))


def cloud_voice(name: str, clouds: CloudSettings) -> tuple[TextToSpeech, str]:
    """The voice of that name in TEXT_TO_SPEECH, and what tells its audio from another voice's in the cache."""
    if name == "openai":
        _check_model(clouds, "OPENAI_TTS_MODEL", clouds.openai_tts_model, "text_to_speech")
        voice = OpenAIVoice(model=clouds.openai_tts_model, voice=clouds.openai_tts_voice)
        return OpenAITextToSpeech(_openai(clouds), voice), f"{clouds.openai_tts_model}-{clouds.openai_tts_voice}"
    speaker = DeepgramTextToSpeech(_deepgram(clouds))
    return speaker, "aura-2-thalia-en"


def _deepgram(clouds: CloudSettings) -> Deepgram:
    return Deepgram(clouds.deepgram_api_key, rest_url=clouds.deepgram_rest_url, socket_url=clouds.deepgram_socket_url)


def _openai(clouds: CloudSettings) -> Client:
    return build_client(clouds.openai_api_key or "none", base_url=clouds.openai_base_url)


def _check_model(clouds: CloudSettings, variable: str, name: str, kind: UsageKind) -> None:
    """Only OpenAI's own server is known well enough to say that a model does not exist."""
    if clouds.openai_base_url != DEFAULT_BASE_URL:
        return
    fault = model_fault(variable, name, kind, date.today())
    if fault:
        raise SettingsError([fault])
