"""What is asked of the clouds at start: whether they take the keys and know the models. Nothing of it costs money."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Final

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_flux import FluxDialect as FluxEar
from engine.adapters.deepgram_flux import FluxOptions
from engine.adapters.deepgram_stt import NovaDialect, NovaOptions
from engine.adapters.deepgram_tts import AuraDialect
from engine.adapters.deepgram_tts import FluxDialect as FluxVoice
from engine.adapters.key_checks import KeyCheck
from engine.adapters.openai_client import build_client, models_offered
from engine.config import CloudSettings, Settings

_MOST_NAMED: Final = 12
_Connect = Callable[[], AbstractContextManager[Any]]


def key_checks(settings: Settings) -> Iterator[KeyCheck]:
    """The questions that make sense with these settings."""
    clouds = settings.clouds
    if settings.names_deepgram:
        deepgram = Deepgram(clouds.deepgram_api_key, socket_url=clouds.deepgram_socket_url)
        try:
            for variable, engine, connect in _sockets(deepgram, settings):
                yield KeyCheck("DEEPGRAM_API_KEY", variable, (engine,), partial(_opens, connect))
        finally:
            deepgram.close()
    if clouds.has_openai:
        engines = ("speech_to_text/openai", "text_to_speech/openai")
        yield KeyCheck("OPENAI_API_KEY", "OPENAI_CHAT_MODEL", engines, partial(_offers, settings))


def _sockets(deepgram: Deepgram, settings: Settings) -> Iterator[tuple[str, str, _Connect]]:
    """The sockets that calls will open, each with the variable of its model and the engine's name on the board."""
    clouds = settings.clouds
    ears: dict[str, tuple[str, _Connect]] = {
        "deepgram": (
            "DEEPGRAM_STT_MODEL",
            NovaDialect(deepgram, NovaOptions(model=clouds.deepgram_stt_model)).connect,
        ),
        "deepgram-flux": (
            "DEEPGRAM_FLUX_STT_MODEL",
            FluxEar(deepgram, FluxOptions(model=clouds.deepgram_flux_stt_model)).connect,
        ),
    }
    voices: dict[str, tuple[str, _Connect]] = {
        "deepgram": (
            "DEEPGRAM_TTS_MODEL",
            partial(AuraDialect(deepgram, clouds.deepgram_tts_model).connect, 1.0),
        ),
        "deepgram-flux": (
            "DEEPGRAM_FLUX_TTS_MODEL",
            partial(FluxVoice(deepgram, clouds.deepgram_flux_tts_model).connect, 1.0),
        ),
    }
    for port, named, known in (
        ("speech_to_text", settings.speech_to_text, ears),
        ("text_to_speech", settings.text_to_speech, voices),
    ):
        for name in named:
            if name in known:
                variable, connect = known[name]
                yield variable, f"{port}/{name}", connect


def _opens(connect: _Connect) -> None:
    with connect() as socket:
        socket.end()


def _offers(settings: Settings) -> str | None:
    """What is wrong with models that the server does not list for this key; nothing where it lists none at all."""
    clouds = settings.clouds
    with build_client(clouds.openai_api_key, base_url=clouds.openai_base_url) as client:
        offered = models_offered(client)
    known = ", ".join(sorted(offered)[:_MOST_NAMED])
    missing = [
        f"{variable} names the model {name!r}, which this key may not use; it may use {known}."
        for variable, name in _models(settings, clouds)
        if offered and name not in offered
    ]
    return " ".join(missing) or None


def _models(settings: Settings, clouds: CloudSettings) -> Iterator[tuple[str, str]]:
    yield "OPENAI_CHAT_MODEL", clouds.openai_chat_model
    if "openai" in settings.speech_to_text:
        yield "OPENAI_STT_MODEL", clouds.openai_stt_model
    if "openai" in settings.text_to_speech:
        yield "OPENAI_TTS_MODEL", clouds.openai_tts_model
