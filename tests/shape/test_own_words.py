"""The files name no machine and no package index: the repository works wherever it is cloned."""

import re
from pathlib import Path

import pytest

PLACES = {
    "the machine it was written on": r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/|\.pyenv",
    "a package index": r"pypi(?:\.python)?\.org|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg|deb\.debian\.org",
}


@pytest.mark.parametrize("place", sorted(PLACES))
def test_no_file_names(root: Path, own_files: list[Path], place: str) -> None:
    here = Path(__file__).resolve().relative_to(root)
    named = []
    for path in own_files:
        content = (root / path).read_bytes()
        if path == here or b"\0" in content:
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
            if re.search(PLACES[place], line):
                named.append(f"{path}:{number}")

    assert named == []
