"""A program: hears and speaks through Deepgram's SDK in greenlets, and prints what came of it as JSON."""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402  nothing may be imported before the patch
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402

from engine.adapters.deepgram_client import Deepgram  # noqa: E402
from engine.adapters.deepgram_flux import FluxSpeechToText  # noqa: E402
from engine.adapters.deepgram_stt import DeepgramSpeechToText  # noqa: E402
from engine.adapters.deepgram_tts import aura_voice, flux_voice  # noqa: E402
from engine.ports import TextToSpeech  # noqa: E402
from tests.fakes import tone_speech  # noqa: E402
from tests.fakes.call_line import CallLine, texts  # noqa: E402


def main(socket_url: str, key: str) -> None:
    deepgram = Deepgram(key, socket_url=socket_url)
    lags: list[float] = []

    def tick() -> None:
        while True:
            before = time.monotonic()
            gevent.sleep(0.01)
            lags.append(time.monotonic() - before - 0.01)

    ticker = gevent.spawn(tick)
    lines = [CallLine(engine(deepgram)) for engine in (DeepgramSpeechToText, FluxSpeechToText) for _ in range(5)]
    voices = [aura_voice(deepgram), flux_voice(deepgram)]
    spoken: dict[str, bytes] = {}

    def speak(voice: TextToSpeech) -> None:
        spoken[voice.name] = b"".join(voice.synthesise("queue stack heap"))

    speakers = [threading.Thread(target=speak, args=(voice,)) for voice in voices]
    for speaker in speakers:
        speaker.start()
    for number, line in enumerate(lines):
        line.pause(200)
        line.say(tone_speech.speak(" ".join(tone_speech.WORDS[number : number + 4])))
    heard = [texts(line.until_finished(1)) for line in lines]
    for speaker in speakers:
        speaker.join()
    for line in lines:
        line.stream.close()
    for voice in voices:
        voice.close()
    deepgram.close()
    until = time.monotonic() + 5
    while threading.active_count() > 1 and time.monotonic() < until:
        gevent.sleep(0.01)
    ticker.kill()
    said = {name: [text for text, _, _ in tone_speech.hear(audio)] for name, audio in spoken.items()}
    left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    print(json.dumps({"heard": heard, "said": said, "left": left, "longest_lag_s": max(lags)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
