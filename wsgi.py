"""The web entry point: settings -> adapters -> blueprints and the socket route. It builds and decides nothing."""

import logging
import os
import threading

from dashboard.app import create_app
from dotenv import load_dotenv
from engine.adapters.selection import SpeechEngines, build_speech
from flask import Flask

from engine.adapters.log_format import configure_logging
from engine.config import load_settings
from engine.dialogue.phrases import fixed_phrases
from engine.errors import SettingsError, UpstreamUnavailable
from engine.questions.bank import load_bank
from engine.work.shipping import EventShipper
from telephony import media, webhooks

log = logging.getLogger("wsgi")


def build() -> Flask:
    """The application, ready to serve. Ends the process with every fault in the settings, when there are any."""
    load_dotenv()
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        raise SystemExit(str(error)) from error
    configure_logging(settings)
    app = create_app(
        settings,
        public_endpoints=webhooks.ENDPOINTS | media.ENDPOINTS,
        metrics_token=settings.metrics_token,
        trusted_proxies=settings.trusted_proxies,
    )
    sessions = app.extensions["sessions"]
    engines = build_speech(settings)
    switchboard = media.Switchboard(settings, sessions, engines, load_bank())
    app.register_blueprint(webhooks.blueprint(settings, sessions, switchboard.lines_free, switchboard.prepare_call))
    media.register(app, switchboard, settings)
    EventShipper(sessions, settings.event_logs_dir).start()
    threading.Thread(target=_warm, args=(engines,), name="warm-up", daemon=True).start()
    return app


def _warm(engines: SpeechEngines) -> None:
    """Synthesise what every call says before the first one comes."""
    try:
        for phrase in fixed_phrases():
            for _ in engines.text_to_speech.synthesise(phrase):
                pass
    except UpstreamUnavailable:
        log.warning("fixed phrases could not be synthesised ahead")


app = build()
