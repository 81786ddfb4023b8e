"""What the README tells people to type exists."""

import re
from pathlib import Path

import pytest

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/architecture.md")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_named_exists(root: Path, document: str) -> None:
    targets = set(re.findall(r"^([a-z.-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^|&& )make ([a-z.-]+)", (root / document).read_text(), re.MULTILINE))

    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_linked_exists(root: Path, document: str) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", (root / document).read_text())

    assert [link for link in links if not (root / document).parent.joinpath(link).exists()] == []


def test_the_two_commands_come_first(root: Path) -> None:
    commands = re.findall(r"^make ([a-z.-]+)", (root / "README.md").read_text(), re.MULTILINE)

    assert commands[:2] == ["demo", "test"]


def test_every_setting_is_explained(root: Path) -> None:
    settings = re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", (root / ".env.example").read_text(), re.MULTILINE)
    readme = (root / "README.md").read_text()

    assert [name for name in settings if f"`{name}`" not in readme] == []


def test_every_python_module_that_is_run_exists(root: Path) -> None:
    named = re.findall(r"python -m ((?:engine|telephony|dashboard|benchmarks)[\w.]*)", (root / "README.md").read_text())
    missing = [
        module
        for module in named
        if not (path := root.joinpath(*module.split("."))).with_suffix(".py").is_file()
        and not (path / "__main__.py").is_file()
    ]

    assert named
    assert missing == []
