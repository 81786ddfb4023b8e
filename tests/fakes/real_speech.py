"""The loopback servers' real ear and voice: the local engines, in a speech process of the servers' own."""

import io
import queue
import wave
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from engine.adapters.local_speech import LocalTextToSpeech
from engine.adapters.speech_client import SpeechCommand, SpeechProcess
from engine.adapters.speech_messages import Header
from engine.audio import mulaw
from engine.audio.resample import resample
from tests.fakes.openai_server import Behaviour
from tests.fakes.openai_writer import useful_reply
from tests.fakes.tone_speech import is_loud

_LONGEST_S = 30.0
_FRAME = 160
_KEPT_FRAMES = 15
"""Quiet that is left before the first sound: engines hear the first word better so."""
TimedWords = list[tuple[str, float, float]]


class RealSpeech:
    """A context manager. Its methods are what DeepgramServer and Behaviour take in place of tones."""

    def __init__(self) -> None:
        self._process = SpeechProcess(SpeechCommand())
        self._voice = LocalTextToSpeech(self._process)

    def __enter__(self) -> "RealSpeech":
        self._process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.close()

    def hear(self, audio: bytes) -> TimedWords:
        """The words of mu-law audio with start and end in seconds, as the local engine has them."""
        quiet_s = _quiet_before(audio) / 8000
        reply = self._transcribed(audio[round(quiet_s * 8000) :], is_final=True)
        return [(text, quiet_s + start / 1000, quiet_s + end / 1000) for text, start, end, _ in reply["words"]]

    def glance(self, audio: bytes) -> TimedWords:
        """The same without times and only where the engine is free: for what is going to change anyway."""
        if not self._process.is_idle("transcribe"):
            return []
        text = self._transcribed(audio[_quiet_before(audio) :], is_final=False)["text"]
        return [(word, 0.0, 0.0) for word in text.split()]

    def speak(self, text: str) -> bytes:
        """The text as mu-law."""
        return b"".join(self._voice.synthesise(text))

    def behaviour(self) -> Behaviour:
        """For FakeOpenAI: it hears and speaks with these engines, and writes without a model."""
        return Behaviour(chat=useful_reply, transcribe=self._heard_in_file, speak=self._spoken_at_24_khz)

    def _heard_in_file(self, recording: bytes, _fields: Mapping[str, Any]) -> str:
        with wave.open(io.BytesIO(recording)) as opened:
            audio = mulaw.encode(opened.readframes(opened.getnframes()))
        return " ".join(word for word, _, _ in self.hear(audio))

    def _spoken_at_24_khz(self, text: str) -> bytes:
        return resample(mulaw.decode(self.speak(text)), 8000, 24_000)

    def _transcribed(self, audio: bytes, *, is_final: bool) -> Header:
        replies: queue.SimpleQueue[Header] = queue.SimpleQueue()
        header = {"kind": "transcribe", "terms": [], "with_times": is_final, "is_final": is_final}
        self._process.request(header, audio, deadline_s=_LONGEST_S, on_reply=lambda reply, _body: replies.put(reply))
        reply = replies.get(timeout=_LONGEST_S + 5)
        if reply["kind"] != "transcribed":
            raise RuntimeError(f"the engine behind the loopback server failed: {reply['reason']}")
        return reply


def _quiet_before(audio: bytes) -> int:
    """Samples of silence at the beginning that need not be looked at: looking at them takes time."""
    starts = range(0, len(audio), _FRAME)
    first = next((number for number, at in enumerate(starts) if is_loud(audio[at : at + _FRAME])), 0)
    return max(0, first - _KEPT_FRAMES) * _FRAME
