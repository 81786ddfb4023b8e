"""Turns sentences into audio beside the call: synthesis never runs where frames are handled."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, TextToSpeech

MOST_PREPARED = 64
"""Sentences waiting to be synthesised ahead; further ones are not prepared and cost their time when they are said."""


@dataclass(frozen=True, slots=True)
class PieceReady:
    utterance: int
    piece: int
    mulaw: bytes
    """Mu-law at 8 kHz, the whole piece."""


@dataclass(frozen=True, slots=True)
class VoiceLost:
    utterance: int


Spoken = PieceReady | VoiceLost


class Speaker:
    """The voice of one call. What must be said now goes before what may be said later."""

    def __init__(self, voice: TextToSpeech, deliver: Callable[[Spoken], None], account: Account = UNLIMITED) -> None:
        self._voice = voice
        self._account = account
        self._deliver = deliver
        self._oldest_wanted = 0

    def say(self, utterance: int, pieces: tuple[str, ...]) -> None:
        """Synthesise an utterance piece by piece; results go to `deliver`, in order."""
        self._speak(utterance, pieces)

    def prepare(self, texts: tuple[str, ...]) -> None:
        """Synthesise sentences ahead, so that the cache has them."""
        for text in texts:
            self._rehearse(text)

    def forget(self, utterance: int) -> None:
        """This utterance and all before it were cut: synthesise no more of them."""
        self._oldest_wanted = max(self._oldest_wanted, utterance + 1)

    def close(self) -> None:
        """Nothing is to be said any more."""
        self._oldest_wanted = 1 << 62

    def _speak(self, utterance: int, pieces: tuple[str, ...]) -> None:
        for position, text in enumerate(pieces):
            if utterance < self._oldest_wanted:
                return
            try:
                mulaw = b"".join(self._voice.synthesise(text, account=self._account))
            except UpstreamUnavailable:
                self._deliver(VoiceLost(utterance))
                return
            self._deliver(PieceReady(utterance, position, mulaw))

    def _rehearse(self, text: str) -> None:
        try:
            for _ in self._voice.synthesise(text, account=self._account):
                pass
        except UpstreamUnavailable:
            return  # it is tried again, and reported, when it has to be said


class ThreadedSpeaker(Speaker):
    """A speaker with a thread of its own (a greenlet under gevent)."""

    def __init__(self, voice: TextToSpeech, deliver: Callable[[Spoken], None], account: Account = UNLIMITED) -> None:
        super().__init__(voice, deliver, account)
        self._jobs: queue.PriorityQueue[tuple[tuple[int, int], int, tuple[str, ...]]] = queue.PriorityQueue()
        self._count = 0
        self._thread = threading.Thread(target=self._work, name="speaker", daemon=True)
        self._thread.start()

    def say(self, utterance: int, pieces: tuple[str, ...]) -> None:
        self._put(0, utterance, pieces)

    def prepare(self, texts: tuple[str, ...]) -> None:
        for text in texts[: max(0, MOST_PREPARED - self._jobs.qsize())]:
            self._put(1, 0, (text,))

    def close(self) -> None:
        super().close()
        self._put(-1, 0, ())

    def _put(self, priority: int, utterance: int, pieces: tuple[str, ...]) -> None:
        self._count += 1
        self._jobs.put(((priority, self._count), utterance, pieces))

    def _work(self) -> None:
        while True:
            (priority, _), utterance, pieces = self._jobs.get()
            if priority < 0:
                return
            if priority == 0:
                self._speak(utterance, pieces)
            else:
                self._rehearse(pieces[0])
