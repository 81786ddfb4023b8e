"""Compiled zone files made by hand, to stand for other editions of the time zones' rules."""

import struct
from pathlib import Path


def write_zone(folder: Path, name: str, edition: str, rule: str) -> None:
    """A zone that follows one POSIX rule for ever (RFC 9636), in a folder that names its edition.

    rule: such as EET-2EEST,M3.5.0/3,M10.5.0/4.
    """
    header = b"TZif2" + bytes(15)
    block = struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 7200, 0, 0) + b"EET\0"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + block + header + block + b"\n" + rule.encode() + b"\n")
    (folder / "tzdata.zi").write_text(f"# version {edition}\n", encoding="ascii")
