"""Deepgram and OpenAI on the loopback with the local engines behind them: `python -m tests.fakes.serve`.

The first line on standard output is a JSON object: the environment variables that lead a process here. The servers
stop when standard input closes, which it does when whoever started them is gone.
"""

import json
import sys

from tests.fakes import deepgram_server, openai_server
from tests.fakes.deepgram_server import DeepgramServer
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.real_speech import RealSpeech

IDLE_S = 10.0


def main() -> None:
    with (
        RealSpeech() as speech,
        DeepgramServer(speech.hear, speech.speak, idle_s=IDLE_S, glance=speech.glance) as deepgram,
        FakeOpenAI(speech.behaviour()) as openai,
    ):
        environment = {
            "DEEPGRAM_API_KEY": deepgram_server.KEY,
            "DEEPGRAM_REST_URL": deepgram.rest_url,
            "DEEPGRAM_SOCKET_URL": deepgram.socket_url,
            "OPENAI_API_KEY": openai_server.KEY,
            "OPENAI_BASE_URL": openai.base_url,
        }
        print(json.dumps(environment), flush=True)
        sys.stdin.read()
        if deepgram.counted.violations:
            print("refused by the loopback Deepgram:", *deepgram.counted.violations, sep="\n  ", file=sys.stderr)


if __name__ == "__main__":
    main()
