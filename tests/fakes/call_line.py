"""A call's audio for one recogniser, and what came back; and a count of what an engine leaves behind."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.audio import mulaw
from engine.clock import FRAME_SAMPLES, samples_to_ms
from engine.ports import UNLIMITED, Account, AllHeard, FinalHeard, RecognitionEvent, RecognitionFailed, SpeechToText
from engine.transcript import Word

PATIENCE_S = 20.0


class CallLine:
    """Feeds a recogniser as a call does: frame by frame, with what the voice detector says."""

    def __init__(self, engine: SpeechToText, *, from_ms: int = 0, payer: Account = UNLIMITED) -> None:
        """from_ms: the call's time at which this recogniser comes in. payer: who is charged."""
        self.events: queue.SimpleQueue[RecognitionEvent] = queue.SimpleQueue()
        self.stream = engine.open(self.events.put, payer)
        self.now = from_ms * 8

    @property
    def now_ms(self) -> int:
        return samples_to_ms(self.now)

    def hear(self, audio: bytes) -> None:
        for start in range(0, len(audio), FRAME_SAMPLES):
            self.stream.send(audio[start : start + FRAME_SAMPLES], samples_to_ms(self.now + start))
        self.now += len(audio)

    def pause(self, duration_ms: int) -> None:
        self.hear(mulaw.silence(duration_ms * 8))

    def say(self, audio: bytes, *, then_ms: int = 1000) -> tuple[int, int]:
        """A stretch of speech and the silence after it; returns when it began and ended on the call's clock."""
        began_ms = self.now_ms
        self.stream.speech_began(began_ms)
        self.hear(audio)
        ended_ms = self.now_ms
        self.pause(min(then_ms, 300))
        self.stream.speech_paused(ended_ms)
        self.pause(max(0, then_ms - 300))
        return began_ms, ended_ms

    def skip(self, duration_ms: int) -> None:
        """Audio that never came."""
        self.now += duration_ms * 8

    def until_finished(self, request: int) -> list[RecognitionEvent]:
        """Ask for the rest; everything that came up to the answer, which is the last."""
        self.stream.finish(request)
        return self.until_answered(request)

    def until_answered(self, request: int) -> list[RecognitionEvent]:
        found: list[RecognitionEvent] = []
        while True:
            found.append(self.events.get(timeout=PATIENCE_S))
            if found[-1] == AllHeard(request) or isinstance(found[-1], RecognitionFailed):
                return found

    def left(self) -> list[RecognitionEvent]:
        """What has come and nobody has looked at."""
        found = []
        while not self.events.empty():
            found.append(self.events.get())
        return found


def texts(events: list[RecognitionEvent]) -> list[str]:
    """The finals' words, all in one list."""
    return [text for event in events if isinstance(event, FinalHeard) for text in event.transcript.text.split()]


def words(events: list[RecognitionEvent]) -> list[Word]:
    return [word for event in events if isinstance(event, FinalHeard) for word in event.transcript.words]


def _held() -> tuple[set[str], set[str]]:
    """Threads by name, and open descriptors by what they are."""
    names = {f"{thread.name}:{thread.ident}" for thread in threading.enumerate()}
    links = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that this very listing used
            links.add(str(descriptor.readlink()))
    return names, links


@contextmanager
def nothing_left_behind(within_s: float = 3.0) -> Iterator[None]:
    """No thread and no descriptor more at the end than at the beginning, at the latest after `within_s`."""
    threads_before, files_before = _held()
    yield
    until = time.monotonic() + within_s
    while True:
        threads, files = _held()
        if not threads - threads_before and not files - files_before:
            return
        assert time.monotonic() < until, f"left: {sorted(threads - threads_before)}, {sorted(files - files_before)}"
        threading.Event().wait(0.01)
