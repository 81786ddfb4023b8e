"""The speech process as its parent sees it: what it is given to live with, and how it is made to leave."""

import os
import subprocess
from pathlib import Path
from typing import Final

_SOURCE_DIR: Final = Path(__file__).resolve().parents[2]
_PRIVATE: Final = ("SECRET", "TOKEN", "PASSWORD", "_KEY", "DATABASE_URL", "TWILIO")


def child_environment() -> dict[str, str]:
    """The child's environment: ours without secrets, and with what keeps the models small and offline."""
    kept = {name: value for name, value in os.environ.items() if not any(part in name for part in _PRIVATE)}
    paths = [str(_SOURCE_DIR), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def reap(child: subprocess.Popen[bytes]) -> None:
    """The connection is gone, so the child is leaving; one that does not is made to."""
    try:
        child.wait(2.0)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(5.0)
