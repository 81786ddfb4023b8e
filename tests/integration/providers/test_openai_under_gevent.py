"""The web process runs in greenlets: deadlines hold there too, nobody blocks the others, and nothing is left behind."""

import json
import subprocess
import sys

from tests.fakes.openai_faults import Fault
from tests.fakes.openai_server import KEY, FakeOpenAI
from tests.fakes.openai_tones import tone_behaviour
from tests.fakes.tone_speech import WORDS


def test_asking_hearing_and_speaking_work_in_greenlets_without_blocking_each_other() -> None:
    with FakeOpenAI(tone_behaviour()) as server:
        server.script("/responses", Fault("trickle"))
        program = [sys.executable, "-m", "tests.integration.providers.openai_under_gevent", server.base_url, KEY]
        done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["heard"] == [list(WORDS[number : number + 4]) for number in range(5)]
    assert outcome["said"] == ["queue", "stack", "heap"]
    assert outcome["left"] == []
    assert 0.4 < outcome["waited_s"] < 1.5
    assert outcome["longest_lag_s"] < 1.0
