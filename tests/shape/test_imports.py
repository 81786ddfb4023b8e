"""Every import rule in pyproject.toml holds, and breaks when an import against it is planted.

The planted imports are derived from the rules themselves, so that a new rule is tried without a word here.
"""

import itertools
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS: list[dict[str, Any]] = SETTINGS["contracts"]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@dataclass(frozen=True, slots=True)
class Plant:
    """A forbidden import: which module of ours would import what."""

    importer: str
    imported: str


def _of_layers(contract: dict[str, Any]) -> Iterator[Plant]:
    """A layer importing the one above it, and siblings that may not know each other doing so."""
    prefix = f"{contract['containers'][0]}." if "containers" in contract else ""
    layers = [[f"{prefix}{name}" for name in re.findall(r"\w+", layer)] for layer in contract["layers"]]
    for above, below in itertools.pairwise(layers):
        yield from (Plant(importer, above[0]) for importer in below)
    for layer, names in zip(contract["layers"], layers, strict=True):
        yield from (Plant(*pair) for pair in itertools.permutations(names, 2) if "|" in layer)


def _of_forbidden(contract: dict[str, Any]) -> Iterator[Plant]:
    """Every source importing everything that it may not."""
    for pair in itertools.product(contract["source_modules"], contract["forbidden_modules"]):
        yield Plant(*pair)


def _of_protected(contract: dict[str, Any]) -> Iterator[Plant]:
    """The package around the one module that may."""
    for protected in contract["protected_modules"]:
        yield Plant(contract["allowed_importers"][0].rpartition(".")[0], protected)


PLANTS_OF = {"layers": _of_layers, "forbidden": _of_forbidden, "protected": _of_protected}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages under rule and the rules, where they may be spoilt."""
    folder = tmp_path_factory.mktemp("house")
    for package in SETTINGS["root_packages"]:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "static", "data")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@contextmanager
def _planted(folder: Path, plants: list[Plant]) -> Iterator[None]:
    kept: dict[Path, str] = {}
    for plant in plants:
        path = folder.joinpath(*plant.importer.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        kept.setdefault(path, path.read_text())
        path.write_text(f"{path.read_text()}\nimport {plant.imported}\n")
    try:
        yield
    finally:
        for path, text in kept.items():
            path.write_text(text)


def _lint(folder: Path) -> tuple[dict[str, str], str]:
    """The verdict on each rule, and the whole report."""
    finished = subprocess.run(
        [sys.executable, "-c", LINT, "--no-logo"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=100, env={"COLUMNS": "300"},
    )  # fmt: skip
    names = [contract["name"] for contract in CONTRACTS]
    lines = [line.rpartition(" ") for line in finished.stdout.splitlines()]
    return {name: verdict for name, _, verdict in lines if name in names}, finished.stdout + finished.stderr


def test_every_rule_holds(copy: Path) -> None:
    verdicts, report = _lint(copy)

    assert verdicts == {contract["name"]: "KEPT" for contract in CONTRACTS}, report


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"])
def test_a_rule_breaks_at_every_import_planted_against_it(copy: Path, contract: dict[str, Any]) -> None:
    plants = list(PLANTS_OF[contract["type"]](contract))

    with _planted(copy, plants):
        verdicts, report = _lint(copy)

    assert verdicts[contract["name"]] == "BROKEN", report
    section = report.split(f"{contract['name']}\n---", 1)[1]
    noticed = {Plant(*pair) for pair in re.findall(r"^- +([\w.]+) -> ([\w.]+) \(l\.", section, re.MULTILINE)}
    assert plants
    assert set(plants) - noticed == set()
