"""Rooms stay small, are named after what lives in them, and say what they are for."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PRODUCT = ("engine", "telephony", "dashboard")
LONGEST_MODULE = 300
DUMPING_GROUNDS = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "managers",
    "common",
    "misc",
    "shared",
    "base_classes",
}


@pytest.fixture(scope="session")
def modules(root: Path) -> dict[Path, ast.Module]:
    paths = [path for folder in (*PRODUCT, "benchmarks") for path in sorted((root / folder).rglob("*.py"))]
    return {path.relative_to(root): ast.parse(path.read_text()) for path in paths}


def test_no_module_is_longer_than_one_idea_needs(root: Path, modules: dict[Path, ast.Module]) -> None:
    lines = {str(path): len((root / path).read_text().splitlines()) for path in modules}

    assert {path: count for path, count in lines.items() if count > LONGEST_MODULE} == {}


def test_no_module_or_folder_is_a_dumping_ground(modules: dict[Path, ast.Module]) -> None:
    assert [str(path) for path in modules if {*path.parts[:-1], path.stem} & DUMPING_GROUNDS] == []


def test_every_module_that_holds_code_says_what_lives_in_it(modules: dict[Path, ast.Module]) -> None:
    silent = [str(path) for path, tree in modules.items() if tree.body and not ast.get_docstring(tree)]

    assert silent == []


def test_every_public_function_of_engine_and_telephony_says_what_it_means(modules: dict[Path, ast.Module]) -> None:
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules.items()
        if path.parts[0] in ("engine", "telephony")
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]

    assert silent == [], "\n".join(silent)


def test_every_public_class_of_engine_and_telephony_says_what_it_is(modules: dict[Path, ast.Module]) -> None:
    # The only class of a module is what the module's own docstring is about.
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules.items()
        if path.parts[0] in ("engine", "telephony")
        for node in _public_classes(tree)
        if not _explains_itself(node) and len(_public_classes(tree)) > 1
    ]

    assert silent == [], "\n".join(silent)


def test_nothing_is_left_for_later(root: Path, own_files: list[Path]) -> None:
    words = ("TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error")
    left = [
        f"{path}:{number}"
        for path in own_files
        if path.suffix in {".py", ".js", ".css", ".html", ".toml"} and "vendor" not in path.parts
        for number, line in enumerate((root / path).read_text().splitlines(), start=1)
        if any(word in line for word in words)
    ]

    assert left == [], "\n".join(left)


def _public_classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def _explains_itself(node: ast.ClassDef) -> bool:
    """A docstring; or a value, a list of names or a protocol, where fields and methods carry the meaning."""
    if ast.get_docstring(node):
        return True
    names = {name for base in node.bases for name in _names(base)}
    if names & {"Protocol"}:
        methods = [member for member in node.body if isinstance(member, ast.FunctionDef)]
        return any(ast.get_docstring(method) for method in methods)
    decorators = {name for decorator in node.decorator_list for name in _names(decorator)}
    return "dataclass" in decorators or bool(names & {"Enum", "StrEnum", "IntEnum"})


def _names(expression: ast.expr) -> Iterator[str]:
    for part in ast.walk(expression):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
