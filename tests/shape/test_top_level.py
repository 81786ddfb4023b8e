"""The top folder holds the layout that was fixed once, and the files that tools look for there."""

from pathlib import Path

import pytest

FIXED = {
    "telephony", "dashboard", "engine", "migrations", "tests",
    "wsgi.py", "requirements.txt", "Procfile", "docker-compose.yml", "README.md",
}  # fmt: skip
TOOLS = {
    "worker.py", "benchmarks", "docs", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "Dockerfile",
    "pyproject.toml", "requirements-dev.txt", "constraints.txt", "gunicorn.conf.py", ".ci", ".github", ".dockerignore",
    ".editorconfig", ".env.example", ".gitattributes", ".gitignore", ".pre-commit-config.yaml",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FIXED))
def test_the_fixed_layout_is_there(root: Path, name: str) -> None:
    assert (root / name).exists()


def test_nothing_else_lies_at_the_top(own_files: list[Path]) -> None:
    assert {path.parts[0] for path in own_files} - FIXED - TOOLS == set()


def test_the_rooms_are_packages_and_the_entry_points_are_not_imported_by_accident(root: Path) -> None:
    assert all((root / room / "__init__.py").is_file() for room in ("telephony", "dashboard", "engine"))
    assert not (root / "__init__.py").exists()
