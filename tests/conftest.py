"""Real PostgreSQL for every test that asks: one server a run, one migrated template, one fresh database a test.

Most tests wait more than they compute, so there are more workers than cores. What is held in real time goes one after
another in one worker, ahead of everything else: first, since it takes longest, and undisturbed, since the other
workers give way.

With DATABASE_URL set in the environment that server is used (its user must be allowed to make databases); otherwise
one is started under a temporary folder, in memory where that has room, shared by all workers, and stopped by the
process in which pytest began.
"""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import make_url
from sqlalchemy.orm import Session, sessionmaker
from xdist.scheduler import LoadScopeScheduling

from engine.store import embedded_postgres, schema
from engine.store.database import make_engine, make_sessions

hypothesis_settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis_settings.register_profile("thorough", max_examples=1000, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

_RUN_FOLDER = "VIVAVOCE_TEST_RUN_FOLDER"
_IN_REAL_TIME = (
    "tests/integration/providers/test_calls_leave_nothing.py",
    "tests/integration/providers/test_whole_interviews_under_faults.py",
    "tests/integration/providers/test_deepgram_listening_faults.py",
    "tests/integration/providers/test_deepgram_voice_faults.py",
    "tests/integration/speech/test_speech_process.py",
    "tests/integration/telephony/test_simulator_calls.py",
    "tests/integration/processes/test_chaos.py",
)
_LONG = (
    "tests/integration/processes/",
    "tests/integration/store/test_worker.py",
    "tests/browser/",
    "tests/integration/",
)
"""Modules and folders that take long, the longest first: begun early, none of them is waited for at the end."""
_NICENESS = 5
_SHARED_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="vivavoce-tests-", dir=_memory()))
        folder.chmod(0o755)  # root's server runs as another user, who must get in
        os.environ[_RUN_FOLDER] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop(_RUN_FOLDER))
        if (folder / "postgres").exists():
            embedded_postgres.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> str | None:
    """Where files stay in memory, with room to spare: copying a database takes 15 ms there, on a disk up to 200."""
    if not _SHARED_MEMORY.is_dir() or not os.access(_SHARED_MEMORY, os.W_OK):
        return None
    return str(_SHARED_MEMORY) if shutil.disk_usage(_SHARED_MEMORY).free >= _ROOM_BYTES else None


class RealTimeApart(LoadScopeScheduling):
    """A module to a worker, as pytest-xdist has it; all that is held in real time to one."""

    def _split_scope(self, nodeid: str) -> str:
        return "in real time" if nodeid.startswith(_IN_REAL_TIME) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return RealTimeApart(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        first = (*_IN_REAL_TIME, *_LONG)
        return next((index for index, path in enumerate(first) if item.nodeid.startswith(path)), len(first))

    items.sort(key=place)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if hasattr(item.config, "workerinput") and not item.nodeid.startswith(_IN_REAL_TIME):
        os.nice(max(0, _NICENESS - os.nice(0)))


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def database_server() -> str:
    """The address of a server on which tests may make databases."""
    given = os.environ.get("DATABASE_URL")
    if given:
        return make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    server = embedded_postgres.start(Path(os.environ[_RUN_FOLDER]) / "postgres", durable=False)
    server.leave_running()  # other workers may need it still: pytest_unconfigure stops it
    return server.url


@pytest.fixture(scope="session")
def database_admin(database_server: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    plain = make_url(database_server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def database_template(database_server: str, database_admin: "psycopg.Connection[tuple[object, ...]]") -> str:
    """The name of a migrated, empty database to copy."""
    folder = Path(os.environ[_RUN_FOLDER])
    name = f"template_{folder.name.rpartition('-')[2]}".lower()
    with _one_at_a_time(folder):
        if not (folder / "template").exists():
            database_admin.execute(f'create database "{name}"')
            schema.upgrade(_address(database_server, name))
            (folder / "template").touch()
    return name


@pytest.fixture
def database_url(
    database_server: str, database_admin: "psycopg.Connection[tuple[object, ...]]", database_template: str
) -> Iterator[str]:
    """A fresh, migrated, empty database for one test."""
    name = f"test_{uuid.uuid4().hex}"
    database_admin.execute(f'create database "{name}" template "{database_template}"')
    yield _address(database_server, name)
    database_admin.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    """Sessions on this test's database."""
    engine = make_engine(database_url)
    yield make_sessions(engine)
    engine.dispose()


def _address(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)
