"""What is installed is said exactly, once, for every Python we hold to."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FIXED = {
    "twilio", "flask", "flask-sock", "flask-jwt-extended", "flask-sqlalchemy", "psycopg", "audioop-lts", "numpy",
    "openai", "deepgram-sdk", "pytest",
}  # fmt: skip
VOICE_DETECTORS = {"webrtcvad", "webrtcvad-wheels"}
FILES = ("requirements.txt", "requirements-dev.txt", "constraints.txt")


def _requirements(path: Path) -> dict[str, Requirement]:
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in path.read_text().splitlines())
    parsed = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


@pytest.mark.parametrize("name", FILES)
def test_every_package_is_pinned_to_one_version(root: Path, name: str) -> None:
    loose = [
        str(requirement)
        for requirement in _requirements(root / name).values()
        if not re.fullmatch(r"==[\w.!+-]+", str(requirement.specifier))
    ]

    assert loose == []


def test_the_packages_the_product_was_promised_with_are_all_there(root: Path) -> None:
    named = set(_requirements(root / "requirements.txt"))

    assert named >= FIXED
    assert named & VOICE_DETECTORS


def test_the_module_that_python_3_13_dropped_is_installed_only_from_there_on(root: Path) -> None:
    marker = _requirements(root / "requirements.txt")["audioop-lts"].marker

    assert marker is not None
    assert [marker.evaluate({"python_version": version}) for version in ("3.11", "3.12", "3.13")] == [
        False,
        False,
        True,
    ]


def test_constraints_and_requirements_name_the_same_versions(root: Path) -> None:
    pinned = _requirements(root / "constraints.txt")
    direct = _requirements(root / "requirements.txt") | _requirements(root / "requirements-dev.txt")
    apart = [
        name
        for name, requirement in direct.items()
        if name not in pinned or pinned[name].specifier != requirement.specifier
    ]

    assert apart == []
