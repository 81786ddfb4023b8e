"""The web entry point: settings -> adapters -> blueprints and the socket route. It builds and decides nothing."""

import gc
import os

from dotenv import load_dotenv
from flask import Flask

from engine.adapters.log_format import configure_logging
from engine.adapters.model_names import check_models
from engine.adapters.selection import SpeechEngines, build_chat, build_speech, check_keys_at_start
from engine.config import Settings, load_settings
from engine.errors import VivavoceError


def build() -> Flask:
    """The application, ready to serve. Ends the process with every fault in the settings, when there are any."""
    load_dotenv()
    try:
        settings = load_settings(os.environ)
        check_models(settings)
    except VivavoceError as error:
        raise SystemExit(str(error)) from error
    configure_logging(settings)
    try:
        engines = build_speech(settings, wait=False)  # the models load while the rest is loaded and put together
        app = _assembled(settings, engines)
    except VivavoceError as error:
        raise SystemExit(str(error)) from error
    # What is loaded now stays for good: without this every full collection walks all of it, and every call waits.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)  # frames leave no cycles behind; looking for some 50 times a second costs time
    return app


def _assembled(settings: Settings, engines: SpeechEngines) -> Flask:
    # Two seconds of packages, loaded beside the models of the speech process instead of before them.
    from dashboard.api import bench
    from dashboard.app import create_app
    from dashboard.health import ThisProcess
    from dashboard.samples import cache_samples, health_samples
    from engine.dialogue.phrases import fixed_phrases, sentences
    from engine.pricing import load_prices
    from engine.questions.bank import load_bank
    from engine.store.live_news import LiveNews
    from engine.store.notifications import COMMANDS, LINES, Listener
    from engine.work.health_reporting import HealthReporter
    from engine.work.phrases import PhraseBook
    from engine.work.shipping import EventShipper
    from engine.work.takeover import LastWords
    from engine.work.trial import Trial
    from telephony import media, message_status, thinker, webhooks
    from telephony.draining import DRAINING

    listener = Listener(settings.database_url)
    bank = load_bank()
    app = create_app(
        settings,
        public_endpoints=webhooks.ENDPOINTS | media.ENDPOINTS | message_status.ENDPOINTS,
        metrics_token=settings.metrics_token,
        process=ThisProcess(
            samples=lambda: [*cache_samples(engines.caches), *health_samples(engines.health)],
            is_draining=lambda: switchboard.draining.has_begun,
            engines=engines.readiness,
            news=LiveNews(listener),
        ),
        bank=bank,
    )
    sessions = app.extensions["sessions"]
    prices = load_prices(settings.prices_file)
    chat = build_chat(settings.clouds)
    if chat is not None:
        thinker.warm(chat)
    switchboard = media.Switchboard(settings, sessions, engines, bank, prices, chat)
    app.extensions[DRAINING] = switchboard.draining
    listener.on(COMMANDS, switchboard.commands.look)
    listener.on(LINES, switchboard.line_moved)
    listener.start()
    app.register_blueprint(webhooks.blueprint(settings, sessions, switchboard.lines_free, switchboard.prepare_call))
    media.register(app, switchboard, settings)
    app.register_blueprint(message_status.blueprint(settings, sessions))
    app.register_blueprint(bench.blueprint(sessions, Trial(engines.speech_to_text, engines.text_to_speech, bank, chat)))
    last_words = LastWords(sessions, bank, settings)
    EventShipper(sessions, settings.event_logs_dir, is_reserve=True, last_words=last_words).start()
    HealthReporter(sessions, engines.health).start()
    for cache in engines.caches:
        PhraseBook(sessions, cache).start()
    check_keys_at_start(settings, engines.health)
    engines.wait_until_ready()
    engines.warm([*fixed_phrases(), *(text for question in bank.questions for text in sentences(question.spoken))])
    return app


app = build()
