import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from dashboard.app import create_app
from engine.adapters.passwords import Passwords
from engine.config import Settings, load_settings
from tests.integration.dashboard.page_rules import CheckingClient
from tests.integration.dashboard.sample_interviews import new_user

PASSWORD = "Correct-Horse-7"
FAST_PASSWORDS = Passwords(time_cost=1, memory_cost_kib=64)


@dataclass(frozen=True)
class Person:
    id: uuid.UUID
    email: str
    password: str
    client: CheckingClient


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load_settings(
        {
            "ENVIRONMENT": "test",
            "DATABASE_URL": database_url,
            "JWT_SECRET": "a" * 40,
            "JWT_REFRESH_SECRET": "b" * 40,
            "STREAM_SECRET": "c" * 40,
            "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000000",
            "OUTBOUND_CALLS": "twilio",
            "TWILIO_AUTH_TOKEN": "token",
            "PHONE_NUMBER": "+12025550100",
            "DATA_DIR": str(tmp_path),
            "ALLOWED_ORIGINS": "https://friend.example",
        }
    )


@pytest.fixture
def make_app(settings: Settings) -> Iterator[Callable[..., Flask]]:
    made: list[Flask] = []

    def make(**changes: object) -> Flask:
        options = {
            name: changes.pop(name) for name in ("public_endpoints", "metrics_token", "process") if name in changes
        }
        app = create_app(replace(settings, **changes), passwords=FAST_PASSWORDS, **options)  # type: ignore[arg-type]
        app.test_client_class = CheckingClient
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def visitor(app: Flask) -> CheckingClient:
    client = app.test_client()
    assert isinstance(client, CheckingClient)
    return client


@pytest.fixture
def people(app: Flask, sessions: sessionmaker[Session]) -> Callable[[str], Person]:
    """Makes accounts and signs them in, each in a browser of its own."""

    def sign_in(name: str) -> Person:
        email = f"{name}@example.org"
        user_id = new_user(sessions, email, FAST_PASSWORDS.hash(PASSWORD), first_name=name.capitalize())
        client = app.test_client()
        assert isinstance(client, CheckingClient)
        response = client.submit("/login", {"email": email, "password": PASSWORD})
        assert response.status_code == 303
        return Person(user_id, email, PASSWORD, client)

    return sign_in


@pytest.fixture
def ada(people: Callable[[str], Person]) -> Person:
    return people("ada")
