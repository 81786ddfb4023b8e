"""The models that the settings name, held against what is known of the vendors' own. No vendor is asked.

Only the vendors' own servers are known well enough to say that a model does not exist there.
"""

import logging
from collections.abc import Iterator
from datetime import date

from engine.adapters import deepgram_models, openai_models
from engine.config import DEEPGRAM_SOCKET_URL, OPENAI_BASE_URL, Settings
from engine.errors import SettingsError
from engine.usage import UsageKind

logger = logging.getLogger(__name__)


def check_models(settings: Settings, today: date | None = None) -> None:
    """Raises SettingsError for models that do not exist or have ended; warns of those that end soon."""
    today = today or date.today()
    faults = [fault for fault in _faults(settings, today) if fault]
    if faults:
        raise SettingsError(faults)
    for variable, name, _ in _of_openai(settings):
        warning = openai_models.model_warning(variable, name, today)
        if warning:
            logger.warning("%s", warning)


def _faults(settings: Settings, today: date) -> Iterator[str | None]:
    for variable, name in _of_deepgram(settings):
        yield deepgram_models.model_fault(variable, name)
    for variable, name, kind in _of_openai(settings):
        yield openai_models.model_fault(variable, name, kind, today)
        if kind == "text_to_speech":
            yield openai_models.voice_fault("OPENAI_TTS_VOICE", settings.clouds.openai_tts_voice)


def _of_deepgram(settings: Settings) -> Iterator[tuple[str, str]]:
    clouds = settings.clouds
    if clouds.deepgram_socket_url != DEEPGRAM_SOCKET_URL:
        return
    if "deepgram" in settings.speech_to_text:
        yield "DEEPGRAM_STT_MODEL", clouds.deepgram_stt_model
    if "deepgram-flux" in settings.speech_to_text:
        yield "DEEPGRAM_FLUX_STT_MODEL", clouds.deepgram_flux_stt_model
    if "deepgram" in settings.text_to_speech:
        yield "DEEPGRAM_TTS_MODEL", clouds.deepgram_tts_model
    if "deepgram-flux" in settings.text_to_speech:
        yield "DEEPGRAM_FLUX_TTS_MODEL", clouds.deepgram_flux_tts_model


def _of_openai(settings: Settings) -> Iterator[tuple[str, str, UsageKind]]:
    clouds = settings.clouds
    if not clouds.has_openai or clouds.openai_base_url != OPENAI_BASE_URL:
        return
    yield "OPENAI_CHAT_MODEL", clouds.openai_chat_model, "chat"
    if "openai" in settings.speech_to_text:
        yield "OPENAI_STT_MODEL", clouds.openai_stt_model, "speech_to_text"
    if "openai" in settings.text_to_speech:
        yield "OPENAI_TTS_MODEL", clouds.openai_tts_model, "text_to_speech"
