"""The web process runs in greenlets: Deepgram's SDK must neither block the others there nor leave any behind."""

import json
import subprocess
import sys

from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.tone_speech import WORDS


def test_calls_are_heard_and_spoken_in_greenlets_without_blocking_each_other() -> None:
    with DeepgramServer() as server:
        program = [sys.executable, "-m", "tests.integration.providers.deepgram_under_gevent"]
        done = subprocess.run(
            [*program, server.socket_url, KEY], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["heard"] == [list(WORDS[number : number + 4]) for number in range(10)]
    assert outcome["said"] == {"deepgram-aura": ["queue", "stack", "heap"], "deepgram-flux": ["queue", "stack", "heap"]}
    assert outcome["left"] == []
    assert outcome["longest_lag_s"] < 1.0
