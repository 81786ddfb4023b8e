"""The Flask application with everything of the dashboard on it. wsgi.py adds the telephone side."""

from collections.abc import Set

from flask import Flask
from flask_jwt_extended import JWTManager
from werkzeug.middleware.proxy_fix import ProxyFix

from dashboard import (
    access,
    accounts,
    assets,
    bulk,
    call_tasks,
    candidate,
    database,
    display,
    errors,
    headers,
    health,
    idempotency,
    interviews,
    keeping,
    live_commands,
    live_stream,
    mailed_links,
    operator,
    pages,
    report_page,
    requests_log,
    schedule,
    setup_pages,
    template_pages,
    webhooks,
)
from dashboard.api import appointments as api_appointments
from dashboard.api import auth as api_auth
from dashboard.api import interviews as api_interviews
from dashboard.api import proving as api_proving
from dashboard.api import templates as api_templates
from dashboard.configuration import flask_config
from dashboard.csrf import Csrf
from dashboard.metrics import Metrics
from dashboard.proving import Proving
from dashboard.signing_in import SigningIn
from dashboard.tokens import Tokens
from engine.adapters.passwords import Passwords
from engine.config import Settings
from engine.pricing import load_prices
from engine.questions.bank import QuestionBank, load_bank


def create_app(
    settings: Settings,
    *,
    passwords: Passwords | None = None,
    public_endpoints: Set[str] = frozenset(),
    metrics_token: str = "",
    process: health.ThisProcess | None = None,
    bank: QuestionBank | None = None,
) -> Flask:
    """Build the application; nothing is connected before the first request.

    passwords: how passwords are hashed; the product's own way by default.
    public_endpoints: endpoints of blueprints added later that check their callers themselves, such as webhooks with a
    signature. Every other route needs a signed-in person. metrics_token: see docs/api.md.
    process: what this process knows of itself, for /health/ready, /metrics and live pages. bank: the questions that
    interviews are previewed with; the bundled ones by default.
    app.extensions["sessions"] makes database sessions on the application's engine.
    """
    process = process or health.ThisProcess()
    app = Flask("dashboard")
    app.config.from_mapping(flask_config(settings))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if proxies := settings.trusted_proxies:  # without it everybody behind a proxy shares one network address
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]  # the way Flask documents

    metrics = Metrics()
    csrf = Csrf(settings)
    tokens = Tokens(settings, csrf)
    jwt = JWTManager(app)
    tokens.install(jwt)
    db = database.install(app)
    passwords = passwords or Passwords()
    signing_in = SigningIn(db.session, tokens, passwords, settings.jwt_secret)
    proving = Proving(db.session, passwords, settings.jwt_secret)

    # Flask runs what is to happen before a request in this order, and what is to happen after it in reverse.
    requests_log.install(app, metrics)
    headers.install(app, settings)
    assets.install(app)
    csrf.install(app)
    display.install(app)
    errors.install(app)
    access.install(app, db, csrf, jwt, frozenset(public_endpoints))
    idempotency.install(app, db)  # last: it must know who asks, and sees each answer first

    for blueprint in (
        health.blueprint(db, metrics, metrics_token, process),
        pages.blueprint(db, settings),
        accounts.blueprint(signing_in, tokens, db, settings),
        mailed_links.blueprint(proving, tokens, has_mail_server=bool(settings.messages.smtp_url)),
        interviews.blueprint(db, settings),
        setup_pages.blueprint(db, settings, bank or load_bank()),
        template_pages.blueprint(db),
        report_page.blueprint(db, settings, load_prices(settings.prices_file)),
        operator.blueprint(db, settings),
        bulk.blueprint(db, settings),
        schedule.blueprint(db, settings),
        call_tasks.blueprint(db, settings),
        keeping.blueprint(db, settings),
        webhooks.blueprint(db, settings),
        candidate.blueprint(db, settings),
        api_auth.blueprint(signing_in, tokens),
        api_proving.blueprint(proving),
        api_interviews.blueprint(db, settings),
        api_templates.blueprint(db),
        live_stream.blueprint(db, process),
        live_commands.blueprint(db),
        api_appointments.blueprint(db, settings),
    ):
        app.register_blueprint(blueprint)
    return app
