"""The cloud engines that the settings ask for, built from their keys; None where no key is set."""

from datetime import date
from typing import Final

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_flux import FluxSpeechToText
from engine.adapters.deepgram_stt import DeepgramSpeechToText
from engine.adapters.deepgram_tts import DeepgramTextToSpeech
from engine.adapters.listen_dialect import RecognitionLimits
from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import DEFAULT_BASE_URL, Client, build_client
from engine.adapters.openai_models import model_fault
from engine.adapters.openai_stt import OpenAIHearing, OpenAISpeechToText
from engine.adapters.openai_tts import OpenAITextToSpeech, OpenAIVoice
from engine.config import CloudSettings
from engine.errors import SettingsError
from engine.ports import ChatModel, SpeechToText, TextToSpeech
from engine.usage import UsageKind

LIVE_LIMITS: Final = RecognitionLimits(connect_s=2.5)
"""Another engine stands behind: better to ask that one than to wait."""


def build_chat(clouds: CloudSettings) -> ChatModel | None:
    """The language model for grading and for wording in calls. Raises SettingsError for a model that has ended."""
    if not clouds.has_openai:
        return None
    _check_model(clouds, "OPENAI_CHAT_MODEL", clouds.openai_chat_model, "chat")
    return OpenAIChat(_openai(clouds), clouds.openai_chat_model)


class CloudAccounts:
    """The clients of the clouds that the settings ask for, each built once, at start, and shared by all that use it."""

    def __init__(self, clouds: CloudSettings) -> None:
        self._clouds = clouds
        self._deepgram: Deepgram | None = None
        self._openai: Client | None = None

    def recogniser(self, name: str) -> SpeechToText:
        """The recogniser of that name in SPEECH_TO_TEXT. Raises SettingsError for an unusable model."""
        clouds = self._clouds
        if name == "openai":
            _check_model(clouds, "OPENAI_STT_MODEL", clouds.openai_stt_model, "speech_to_text")
            return OpenAISpeechToText(self.openai, OpenAIHearing(model=clouds.openai_stt_model))
        listens = FluxSpeechToText if name == "deepgram-flux" else DeepgramSpeechToText
        return listens(self.deepgram, limits=LIVE_LIMITS)

    def voice(self, name: str) -> tuple[TextToSpeech, str]:
        """The voice of that name in TEXT_TO_SPEECH, and what tells its audio from another voice's in the cache."""
        clouds = self._clouds
        if name == "openai":
            _check_model(clouds, "OPENAI_TTS_MODEL", clouds.openai_tts_model, "text_to_speech")
            voice = OpenAIVoice(model=clouds.openai_tts_model, voice=clouds.openai_tts_voice)
            return OpenAITextToSpeech(self.openai, voice), f"{clouds.openai_tts_model}-{clouds.openai_tts_voice}"
        return DeepgramTextToSpeech(self.deepgram), "aura-2-thalia-en"

    def is_paid(self, name: str) -> bool:
        """Whether its requests cost something; a server of one's own, without a key, costs nothing."""
        return name.startswith("deepgram") or (name == "openai" and bool(self._clouds.openai_api_key))

    @property
    def deepgram(self) -> Deepgram:
        if self._deepgram is None:
            clouds = self._clouds
            self._deepgram = Deepgram(
                clouds.deepgram_api_key, rest_url=clouds.deepgram_rest_url, socket_url=clouds.deepgram_socket_url
            )
        return self._deepgram

    @property
    def openai(self) -> Client:
        if self._openai is None:
            self._openai = _openai(self._clouds)
        return self._openai

    def close(self) -> None:
        """Give back the connections. Safe to call twice."""
        if self._deepgram is not None:
            self._deepgram.close()
        if self._openai is not None:
            self._openai.close()


def _openai(clouds: CloudSettings) -> Client:
    return build_client(clouds.openai_api_key or "none", base_url=clouds.openai_base_url)


def _check_model(clouds: CloudSettings, variable: str, name: str, kind: UsageKind) -> None:
    """Only OpenAI's own server is known well enough to say that a model does not exist."""
    if clouds.openai_base_url != DEFAULT_BASE_URL:
        return
    fault = model_fault(variable, name, kind, date.today())
    if fault:
        raise SettingsError([fault])
