"""`make demo`: a whole interview by simulated phone, on this machine alone, from nothing to a report.

It starts what production runs, the database, the web process and the job worker, books an interview, lets a recorded
candidate phone in, shows the call live, and waits for the report.
"""

import os
import signal
import sys
import time
from pathlib import Path

from engine.errors import VivavoceError
from telephony.simulator.demo_providers import loopback_providers
from telephony.simulator.demo_stage import open_stage


def run(*, once: bool, with_fakes: bool = False) -> int:
    """Play the demo; returns the exit status. with_fakes: loopback servers stand in for the cloud providers."""
    began_s = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)  # whatever was started here is stopped here
    folder = Path(os.environ.get("DATA_DIR", "var")).absolute() / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with loopback_providers(folder, are_wanted=with_fakes) as providers, open_stage(folder, providers) as stage:
            # Loaded here, with its second of packages, so that the web process has begun to load its own beside it.
            from telephony.simulator.demo_interview import play

            play(stage, began_s)
            if not once:
                print(f"\nThe dashboard stays up at {stage.base_url} until Ctrl-C.")
                signal.pause()
    except VivavoceError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130 if once else 0
    return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
