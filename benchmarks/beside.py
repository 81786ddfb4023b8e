"""Another system's own benchmark, run on the same core in the same hour, so that the two figures may be compared."""

import re
import shlex
import shutil
import subprocess

from engine.errors import VivavoceError

_FIGURE = re.compile(r"(\d+(?:\.\d+)?) ?us\b")
_TIMEOUT_S = 600.0


class NotMeasured(VivavoceError):
    """The other benchmark did not run, or printed no figure; the message says which."""


def us_per_frame(command: str, core: int) -> float:
    """The first figure in microseconds that the command prints, for 20 ms of a call. Raises NotMeasured."""
    words = shlex.split(command)
    pinned = ["taskset", "-c", str(core), *words] if shutil.which("taskset") else words
    try:
        ran = subprocess.run(pinned, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMeasured(f"{words[0]} could not be run beside: {error}") from error
    found = _FIGURE.search(ran.stdout)
    if ran.returncode != 0 or found is None:
        raise NotMeasured(f"{words[0]} ended with {ran.returncode} and no figure in us: {ran.stderr[-500:]}")
    return float(found[1])
