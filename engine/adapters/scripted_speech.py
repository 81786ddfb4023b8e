"""Speech engines that follow a script: for tests and for measuring the media path, where real models would blur it.

Both are deterministic and need no wall time. The voice hums 60 ms for each word. The recogniser hands out prepared
texts, one for each stretch of speech, and where none are left says "word" for every 300 ms that it heard.
"""

import functools
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import pi
from typing import Final

import numpy as np

from engine.audio import mulaw
from engine.clock import FRAME_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, AllHeard, FinalHeard, PartialHeard, RecognitionEvent, RecognitionFailed
from engine.transcript import Transcript, Word

MS_PER_SPOKEN_WORD: Final = 60
MS_PER_HEARD_WORD: Final = 300
_LOUDNESS: Final = 600
"""Peak of the hum: about -38 dBFS."""
_CHUNK_BYTES: Final = 4800


@functools.cache
def _one_second_of_hum(pitch_hz: int) -> bytes:
    """Whole cycles, so that it can be repeated without a click."""
    wave = _LOUDNESS * np.sin(2 * pi * pitch_hz * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)
    return mulaw.encode(wave.astype("<i2").tobytes())


class ScriptedTextToSpeech:
    """engine.ports.TextToSpeech: a hum whose pitch depends on the text, and whose length on its number of words."""

    name = "scripted"

    def __init__(self, *, ms_per_word: int = MS_PER_SPOKEN_WORD, fails: Callable[[str], bool] | None = None) -> None:
        """fails: tells of a text whether its synthesis fails; asked each time."""
        self.ms_per_word = ms_per_word
        self.spoken: list[str] = []
        """Every text asked for, in order."""
        self._fails = fails or (lambda _text: False)

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        self.spoken.append(text)
        if self._fails(text):
            raise UpstreamUnavailable("The scripted voice fails at this text.")
        samples = ms_to_samples(round(len(text.split()) * self.ms_per_word / speed))
        hum = _one_second_of_hum(180 + zlib.crc32(text.encode()) % 120)
        audio = (hum * (samples // len(hum) + 1))[:samples]
        for start in range(0, len(audio), _CHUNK_BYTES):
            yield audio[start : start + _CHUNK_BYTES]

    def close(self) -> None:
        """Nothing is held."""


class ScriptedSpeechToText:
    """engine.ports.SpeechToText: hands out texts in order, over all its calls."""

    name = "scripted"

    def __init__(self, texts: Iterable[str] = (), *, delay_frames: int = 0) -> None:
        """delay_frames: line frames of 20 ms between a pause and its text."""
        self.texts = deque(texts)
        self.delay_frames = delay_frames
        self.is_down = False
        """While true, no call can be opened."""
        self.failures: deque[str] = deque()
        """Reasons; while any are left, the next stretch fails with the first."""

    def open(self, on_event: Callable[[RecognitionEvent], None], account: Account = UNLIMITED) -> "ScriptedRecognition":
        if self.is_down:
            raise UpstreamUnavailable("The scripted recogniser is down.")
        return ScriptedRecognition(self, on_event)

    def close(self) -> None:
        """Nothing is held."""


class ScriptedRecognition:
    """One call of the scripted recogniser. Time passes with the audio sent."""

    def __init__(self, script: ScriptedSpeechToText, on_event: Callable[[RecognitionEvent], None]) -> None:
        self._script = script
        self._on_event = on_event
        self._began_ms: int | None = None
        self._now_ms = 0
        self._frames = 0
        self._due: deque[tuple[int, RecognitionEvent]] = deque()
        self._is_closed = False
        self.terms: tuple[str, ...] = ()

    def send(self, mulaw: bytes, at_ms: int) -> None:
        self._now_ms = at_ms + samples_to_ms(len(mulaw))
        self._frames += len(mulaw) // FRAME_SAMPLES
        self._deliver()

    def speech_began(self, at_ms: int) -> None:
        if self._began_ms is None:
            self._began_ms = at_ms

    def speech_paused(self, at_ms: int) -> None:
        if self._began_ms is None:
            return
        began_ms, self._began_ms = self._began_ms, None
        if self._script.failures:
            self._promise(RecognitionFailed(self._script.failures.popleft()))
            return
        heard = max(1, (at_ms - began_ms) // MS_PER_HEARD_WORD)
        text = self._script.texts.popleft() if self._script.texts else " ".join(["word"] * heard)
        if text:
            self._promise(PartialHeard(text))
            self._promise(FinalHeard(_spread(text, began_ms, at_ms)))

    def speech_wavered(self, at_ms: int) -> None:
        """Words come when the stretch is over."""

    def set_terms(self, terms: Sequence[str]) -> None:
        self.terms = tuple(terms)

    def finish(self, request: int) -> None:
        self.speech_paused(self._now_ms)
        self._promise(AllHeard(request))

    def close(self) -> None:
        self._is_closed = True
        self._due.clear()

    def _promise(self, event: RecognitionEvent) -> None:
        self._due.append((self._frames + self._script.delay_frames, event))
        self._deliver()

    def _deliver(self) -> None:
        while self._due and self._due[0][0] <= self._frames and not self._is_closed:
            self._on_event(self._due.popleft()[1])


def _spread(text: str, began_ms: int, ended_ms: int) -> Transcript:
    """The text's words, laid evenly over the time in which they were spoken."""
    words = text.split()
    edges = [began_ms + (ended_ms - began_ms) * index // len(words) for index in range(len(words) + 1)]
    return Transcript(text, tuple(Word(word, edges[i], edges[i + 1], 0.9) for i, word in enumerate(words)))
