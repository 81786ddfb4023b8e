"""A real Chromium against a real server on a free loopback port, with made-up interviews in a database of its own."""

import contextlib
import os
import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import axe_playwright_python
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from sqlalchemy import make_url
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from dashboard.app import create_app
from engine.adapters.passwords import Passwords
from engine.config import Settings, load_settings
from engine.store.database import make_engine, make_sessions
from tests.browser.seed import PASSWORD, Seeded, seed
from tests.integration.dialling.conftest import live_office, owner, settings

__all__ = ["live_office", "owner", "settings"]  # fixtures of the whole simulated call

SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium, installed where that is possible; else the test is skipped with the reason."""
    found = shutil.which("chromium")
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        pytest.skip("Chromium is not installed and only root on Debian could install it: apt-get install chromium")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium", "fonts-liberation"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
        if done.returncode != 0:
            pytest.skip(f"Chromium could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    found = shutil.which("chromium")
    if not found:
        pytest.skip("Debian's package installed no chromium command")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium)
        yield running
        running.close()


@pytest.fixture(scope="session")
def axe_source() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


class Served(Protocol):
    """Whatever has pages to open."""

    @property
    def url(self) -> str: ...


@dataclass(frozen=True)
class Site:
    url: str
    seeded: Seeded
    sessions: sessionmaker[Session]


@pytest.fixture(scope="session")
def site(
    database_server: str,
    database_admin: "psycopg.Connection[tuple[object, ...]]",
    database_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    name = f"browser_{uuid.uuid4().hex}"
    database_admin.execute(f'create database "{name}" template "{database_template}"')
    url = make_url(database_server).set(database=name).render_as_string(hide_password=False)
    settings = _settings(url, tmp_path_factory.mktemp("data"))
    passwords = Passwords(time_cost=1, memory_cost_kib=64)
    engine = make_engine(url)
    sessions = make_sessions(engine)
    seeded = seed(sessions, settings.recordings_dir, passwords.hash(PASSWORD))
    app = create_app(settings, passwords=passwords)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="site")
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_port}", seeded, sessions)
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()
    engine.dispose()
    database_admin.execute(f'drop database "{name}" with (force)')


def _settings(database_url: str, data_dir: Path) -> Settings:
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
            "DATA_DIR": str(data_dir),
            "OPERATOR_EMAILS": "ada@example.org",
            "MONTHLY_BUDGET_USD": "0.25",
        }
    )


@pytest.fixture
def site_sessions(site: Site) -> sessionmaker[Session]:
    return site.sessions


@dataclass
class Tab:
    """One page of a browser, with everything it complained about."""

    page: Page
    complaints: list[str]


@contextlib.contextmanager
def opened(
    browser: Browser, site: Served, *, width: int = 1280, state: object = None, scripts: bool = True
) -> Iterator[Tab]:
    context: BrowserContext = browser.new_context(
        base_url=site.url,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
        storage_state=state,  # type: ignore[arg-type]  # what storage_state() gave
        java_script_enabled=scripts,
    )
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.type}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
    yield Tab(page, complaints)
    context.close()


@pytest.fixture(scope="session")
def signed_in(browser: Browser, site: Site) -> object:
    """Cookies of a person with interviews in every state."""
    return _sign_in(browser, site, site.seeded.email)


@pytest.fixture(scope="session")
def newcomer(browser: Browser, site: Site) -> object:
    """Cookies of a person who has nothing yet."""
    return _sign_in(browser, site, site.seeded.newcomer_email)


def _sign_in(browser: Browser, site: Site, email: str) -> object:
    with opened(browser, site) as tab:
        tab.page.goto("/login")
        tab.page.get_by_label("E-mail address").fill(email)
        tab.page.get_by_label("Password", exact=True).fill(PASSWORD)
        tab.page.get_by_role("button", name="Log in").click()
        tab.page.wait_for_url("**/overview")
        return tab.page.context.storage_state()
