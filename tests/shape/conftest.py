"""What the tests of the repository's shape share: where it stands and which files are its own."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def project() -> dict[str, Any]:
    """pyproject.toml, parsed."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def own_files(root: Path) -> list[Path]:
    """Every file of ours, relative to the top: what .gitignore names and git's own folder are left out."""
    ignored = {line.strip("/") for line in (root / ".gitignore").read_text().split()} | {".git"}
    return sorted(
        path.relative_to(root)
        for path in root.rglob("*")
        if path.is_file()
        and not any(Path(part).match(pattern) for part in path.relative_to(root).parts for pattern in ignored)
    )
