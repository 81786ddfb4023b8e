"""How the false Deepgram cuts a stream into stretches: by loudness, in steps of 20 ms. Bytes in, stretches out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.fakes.tone_speech import is_loud

FRAME = 160
RATE = 8000
Hear = Callable[[bytes], list[tuple[str, float, float]]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the stream and what was heard in it, in the stream's seconds."""

    start_s: float
    end_s: float
    words: list[dict[str, Any]]

    @property
    def text(self) -> str:
        return " ".join(word["word"] for word in self.words)


class Stream:
    """The audio of one connection since the last cut."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._open = bytearray()
        self._rest = b""
        self._start = 0
        self.received = 0
        self.has_voice = False
        self.voice_ms = 0
        """Where the voice began in this stretch."""
        self._last_loud = 0

    @property
    def position(self) -> int:
        """Samples looked at."""
        return self._start + len(self._open)

    @property
    def silence_ms(self) -> int:
        """Quiet since the last loud frame of this stretch."""
        return (self.position - self._last_loud) // 8

    @property
    def length_ms(self) -> int:
        return len(self._open) // 8

    def frames(self, audio: bytes) -> Iterator[bool]:
        """Take audio in, frame by frame; tells of each whether it is loud."""
        self.received += len(audio)
        data = self._rest + audio
        whole = len(data) - len(data) % FRAME
        self._rest = data[whole:]
        for start in range(0, whole, FRAME):
            frame = data[start : start + FRAME]
            self._open += frame
            loud = is_loud(frame)
            if loud:
                self.voice_ms = self.voice_ms if self.has_voice else self.length_ms
                self.has_voice = True
                self._last_loud = self.position
            yield loud

    def look(self) -> Stretch:
        """What is open, without cutting it."""
        words = self._hear(bytes(self._open)) if self.has_voice else []
        start_s = self._start / RATE
        placed = [
            {"word": text, "start": round(start_s + begin, 3), "end": round(start_s + end, 3), "confidence": 0.93}
            for text, begin, end in words
        ]
        return Stretch(start_s, self.position / RATE, placed)

    def opening(self) -> Stretch:
        """What is open, with nothing heard in it yet."""
        return Stretch(self._start / RATE, self.position / RATE, [])

    def so_far(self) -> tuple[bytes, float, float]:
        """What is open, unheard: audio, and where it begins and ends in seconds."""
        return bytes(self._open), self._start / RATE, self.position / RATE

    def cut(self) -> Stretch:
        """What is open; the next stretch begins after it."""
        self._open += self._rest
        self._rest = b""
        stretch = self.look()
        self._start = self.position
        self._open.clear()
        self.has_voice = False
        self._last_loud = self._start
        return stretch
