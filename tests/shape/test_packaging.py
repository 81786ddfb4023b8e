"""Procfile, compose file, image and .env.example say the same as the code."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.config import load_settings

SETTING = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)
READ_BY_TOOLS = {
    "BIND_HOST": "gunicorn.conf.py",
    "WEB_CONCURRENCY": "gunicorn.conf.py",
    "PG_BIN": "engine/store/postgres_binaries.py",
    "POSTGRES_PASSWORD": "docker-compose.yml",
}
HEALTH_RHYTHM = {"interval": "10s", "timeout": "5s", "retries": 5}


class Asked(Mapping[str, str]):
    """An environment that remembers which names it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@pytest.fixture(scope="module")
def example(root: Path) -> str:
    return (root / ".env.example").read_text()


@pytest.fixture(scope="module")
def filled(example: str) -> dict[str, str]:
    """The example as `make .env` leaves it, with an address for the database."""
    live = dict(SETTING.findall(re.sub(r"(?m)^#.*$", "", example)))
    return {name: value or f"{name}-" + 48 * "x" for name, value in live.items()} | {
        "DATABASE_URL": "postgresql://vivavoce@127.0.0.1/vivavoce"
    }


@pytest.fixture(scope="module")
def asked(filled: dict[str, str]) -> set[str]:
    environ = Asked(filled)
    load_settings(environ)
    return environ.names


@pytest.fixture(scope="module")
def processes(root: Path) -> dict[str, str]:
    """The Procfile: name of the process -> its command."""
    lines = (root / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines if line.strip())}


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((root / "docker-compose.yml").read_text())
    return parsed


@pytest.fixture(scope="module")
def dockerfile(root: Path) -> str:
    return (root / "Dockerfile").read_text()


def test_every_setting_the_code_reads_stands_in_the_example_and_no_other(example: str, asked: set[str]) -> None:
    named = {name for name, _ in SETTING.findall(example)}

    assert named - set(READ_BY_TOOLS) == asked


@pytest.mark.parametrize(("name", "reader"), READ_BY_TOOLS.items())
def test_a_setting_of_a_tool_is_read_where_the_example_says(root: Path, name: str, reader: str) -> None:
    assert name in (root / reader).read_text()


def test_the_defaults_that_the_example_shows_are_the_real_ones(example: str, filled: dict[str, str]) -> None:
    shown = dict(re.findall(r"(?m)^# ([A-Z][A-Z0-9_]+)=(.+)$", example))

    assert load_settings(filled | shown) == load_settings(filled)


def test_the_example_holds_no_secret(example: str) -> None:
    secrets = {name: value for name, value in SETTING.findall(example) if re.search("SECRET|TOKEN|PASSWORD", name)}

    assert {"JWT_SECRET", "TWILIO_AUTH_TOKEN", "POSTGRES_PASSWORD"} <= set(secrets)
    assert set(secrets.values()) == {""}


def test_the_procfile_has_release_web_and_worker(processes: dict[str, str]) -> None:
    assert set(processes) == {"release", "web", "worker"}


@pytest.mark.parametrize(("service", "process"), [("migrate", "release"), ("web", "web"), ("worker", "worker")])
def test_compose_starts_what_the_procfile_says(
    compose: dict[str, Any], processes: dict[str, str], service: str, process: str
) -> None:
    assert compose["services"][service]["command"] == processes[process]


def test_the_image_serves_the_web_as_the_procfile_does(dockerfile: str, processes: dict[str, str]) -> None:
    command = re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)

    assert [yaml.safe_load(line) for line in command] == [shlex.split(processes["web"])]


def test_compose_keeps_the_database_on_a_volume_and_asks_for_its_health(compose: dict[str, Any]) -> None:
    postgres = compose["services"]["postgres"]

    assert postgres["image"] == "postgres:16"
    assert {volume.partition(":")[0] for volume in postgres["volumes"]} <= set(compose["volumes"])
    assert HEALTH_RHYTHM.items() <= postgres["healthcheck"].items()
    assert postgres["healthcheck"]["test"][1] == "pg_isready"


@pytest.mark.parametrize("service", ["web", "worker"])
def test_web_and_worker_wait_for_a_healthy_and_migrated_database(compose: dict[str, Any], service: str) -> None:
    assert compose["services"][service]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_the_migration_waits_for_a_healthy_database(compose: dict[str, Any]) -> None:
    assert compose["services"]["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_the_health_of_the_web_process_is_asked_where_it_answers(compose: dict[str, Any], dockerfile: str) -> None:
    check = compose["services"]["web"]["healthcheck"]

    assert HEALTH_RHYTHM.items() <= check.items()
    assert "/health/live" in check["test"][-1]
    assert re.search(r"HEALTHCHECK.*\\\n.*/health/live", dockerfile)


def test_the_worker_comes_back_however_it_ended(compose: dict[str, Any]) -> None:
    assert compose["services"]["worker"]["restart"] == "always"


def test_what_is_optional_starts_only_on_request(compose: dict[str, Any]) -> None:
    optional = {name for name, service in compose["services"].items() if service.get("profiles")}

    assert optional == {"adminer", "redis"}


@pytest.mark.parametrize("service", ["migrate", "web", "worker"])
def test_compose_passes_only_settings_that_exist(compose: dict[str, Any], asked: set[str], service: str) -> None:
    assert compose["services"][service]["env_file"] == ".env"
    assert set(compose["services"][service]["environment"]) <= asked


def test_compose_asks_the_host_only_for_settings_of_the_example(root: Path, example: str) -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+)", (root / "docker-compose.yml").read_text()))

    assert wanted <= {name for name, _ in SETTING.findall(example)}


def test_the_image_runs_as_an_ordinary_user(dockerfile: str) -> None:
    stages = re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[1:]
    users = re.findall(r"^USER (\S+)$", stages[-1], re.MULTILINE)

    assert len(stages) == 2
    assert users and users[-1] not in {"root", "0"}
    assert f"--uid 10001 --home-dir /data --shell /usr/sbin/nologin {users[-1]}" in stages[-1]


def test_the_image_holds_the_product_and_nothing_else(root: Path, dockerfile: str) -> None:
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE) for name in line.split()[:-1]
    }
    let_in = set(re.findall(r"^!(\S+)$", (root / ".dockerignore").read_text(), re.MULTILINE))

    assert all((root / name).exists() for name in copied)
    assert copied == let_in
    assert not copied & {".env", "tests", "benchmarks", "docs", "."}


def test_a_web_process_is_not_restarted_under_its_calls(root: Path) -> None:
    settings: dict[str, Any] = {}
    exec(compile((root / "gunicorn.conf.py").read_text(), "gunicorn.conf.py", "exec"), settings)

    assert settings["worker_class"] == "telephony.serving.CallWorker"
    assert settings["graceful_timeout"] >= 3600
    assert "max_requests" not in settings


def test_the_server_writes_no_log_of_addresses(root: Path) -> None:
    settings: dict[str, Any] = {}
    exec(compile((root / "gunicorn.conf.py").read_text(), "gunicorn.conf.py", "exec"), settings)

    assert settings["accesslog"] is None


def test_continuous_integration_runs_what_people_run_on_every_python_we_hold_to(root: Path) -> None:
    workflow = yaml.safe_load((root / ".github/workflows/ci.yml").read_text())
    checks = workflow["jobs"]["checks"]

    assert set(workflow[True]) == {"push", "pull_request"}  # YAML 1.1 reads the key "on" as a truth
    assert checks["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert ".ci/run" in [step.get("run") for step in checks["steps"]]
    assert (root / ".ci/run").stat().st_mode & 0o111


def test_the_hooks_before_a_commit_fetch_nothing(root: Path) -> None:
    hooks = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())

    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    assert {hook["language"] for repo in hooks["repos"] for hook in repo["hooks"]} == {"system"}
