"""A program: asks, hears and speaks through OpenAI's package in greenlets, and prints what came of it as JSON."""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402  nothing may be imported before the patch
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402

from engine.adapters.openai_chat import OpenAIChat  # noqa: E402
from engine.adapters.openai_client import build_client  # noqa: E402
from engine.adapters.openai_stt import OpenAIHearing, OpenAISpeechToText  # noqa: E402
from engine.adapters.openai_tts import OpenAITextToSpeech, OpenAIVoice  # noqa: E402
from engine.chat import ChatMessage, ChatRequest  # noqa: E402
from engine.errors import UpstreamUnavailable  # noqa: E402
from tests.fakes import tone_speech  # noqa: E402
from tests.fakes.call_line import CallLine, texts  # noqa: E402


def main(base_url: str, key: str) -> None:
    client = build_client(key, base_url=base_url)
    ear, voice = OpenAISpeechToText(client, OpenAIHearing()), OpenAITextToSpeech(client, OpenAIVoice())
    chat = OpenAIChat(client, "gpt-6-luna")
    lags: list[float] = []

    def tick() -> None:
        while True:
            before = time.monotonic()
            gevent.sleep(0.01)
            lags.append(time.monotonic() - before - 0.01)

    ticker = gevent.spawn(tick)
    late = ChatRequest("ask", "ask-1", "Be brief.", (ChatMessage("user", "Hello"),), None, 0.0, 50, 0.5)
    began = time.monotonic()
    try:
        chat.complete(late)  # the server trickles: only the deadline ends this
        waited_s = None
    except UpstreamUnavailable:
        waited_s = time.monotonic() - began
    lines = [CallLine(ear) for _ in range(5)]
    spoken: list[bytes] = []
    speaker = threading.Thread(target=lambda: spoken.append(b"".join(voice.synthesise("queue stack heap"))))
    speaker.start()
    for number, line in enumerate(lines):
        line.pause(200)
        line.say(tone_speech.speak(" ".join(tone_speech.WORDS[number : number + 4])))
    heard = [texts(line.until_finished(1)) for line in lines]
    speaker.join()
    for engine in (chat, ear, voice, client):
        engine.close()
    until = time.monotonic() + 5
    while threading.active_count() > 1 and time.monotonic() < until:
        gevent.sleep(0.01)
    ticker.kill()
    said = [text for text, _, _ in tone_speech.hear(spoken[0])]
    left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    print(json.dumps({"heard": heard, "said": said, "left": left, "waited_s": waited_s, "longest_lag_s": max(lags)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
