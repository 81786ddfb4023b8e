"""The cloud engines that the settings ask for, built from their keys. Only imported where one is asked for."""

from typing import Final

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_flux import FluxOptions, FluxSpeechToText
from engine.adapters.deepgram_stt import DeepgramSpeechToText, NovaOptions
from engine.adapters.deepgram_tts import aura_voice, flux_voice
from engine.adapters.listen_dialect import RecognitionLimits
from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import Client, build_client
from engine.adapters.openai_stt import OpenAIHearing, OpenAISpeechToText
from engine.adapters.openai_tts import OpenAITextToSpeech, OpenAIVoice
from engine.adapters.socket_voice import SocketTextToSpeech
from engine.config import CloudSettings
from engine.ports import ChatModel, SpeechToText, TextToSpeech

LIVE_LIMITS: Final = RecognitionLimits(connect_s=2.5)
"""Another engine stands behind: better to ask that one than to wait."""


def chat_model(clouds: CloudSettings) -> ChatModel:
    """The language model for grading and for wording in calls."""
    return OpenAIChat(_openai(clouds), clouds.openai_chat_model)


class CloudAccounts:
    """The clients of the clouds that the settings ask for, each built once, at start, and shared by all that use it."""

    def __init__(self, clouds: CloudSettings) -> None:
        self._clouds = clouds
        self._deepgram: Deepgram | None = None
        self._openai: Client | None = None
        self._socket_voices: dict[str, SocketTextToSpeech] = {}

    def recogniser(self, name: str) -> SpeechToText:
        """The recogniser of that name in SPEECH_TO_TEXT."""
        clouds = self._clouds
        if name == "openai":
            return OpenAISpeechToText(self.openai, OpenAIHearing(model=clouds.openai_stt_model))
        if name == "deepgram-flux":
            options = FluxOptions(model=clouds.deepgram_flux_stt_model)
            return FluxSpeechToText(self.deepgram, options, limits=LIVE_LIMITS)
        return DeepgramSpeechToText(self.deepgram, NovaOptions(model=clouds.deepgram_stt_model), limits=LIVE_LIMITS)

    def voice(self, name: str) -> tuple[TextToSpeech, str]:
        """The voice of that name in TEXT_TO_SPEECH, and what tells its audio from another voice's in the cache."""
        clouds = self._clouds
        if name == "openai":
            voice = OpenAIVoice(model=clouds.openai_tts_model, voice=clouds.openai_tts_voice)
            return OpenAITextToSpeech(self.openai, voice), f"{clouds.openai_tts_model}-{clouds.openai_tts_voice}"
        speaks_flux = name == "deepgram-flux"
        model = clouds.deepgram_flux_tts_model if speaks_flux else clouds.deepgram_tts_model
        made = flux_voice(self.deepgram, model) if speaks_flux else aura_voice(self.deepgram, model)
        self._socket_voices[name] = made
        return made, model

    def connect_ahead(self, name: str) -> None:
        """A call begins: have the connection ready over which the voice of that name will speak, if it needs one."""
        if name in self._socket_voices:
            self._socket_voices[name].connect_ahead()

    def is_paid(self, name: str) -> bool:
        """Whether its requests cost something; a server of one's own, without a key, costs nothing."""
        return name.startswith("deepgram") or (name == "openai" and bool(self._clouds.openai_api_key))

    @property
    def deepgram(self) -> Deepgram:
        if self._deepgram is None:
            clouds = self._clouds
            self._deepgram = Deepgram(clouds.deepgram_api_key, socket_url=clouds.deepgram_socket_url)
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
