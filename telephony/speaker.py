"""Turns sentences into audio beside the call: synthesis never runs where frames are handled."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from engine.audio import mulaw
from engine.clock import ms_to_samples
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, TextToSpeech

MOST_PREPARED = 64
"""Sentences waiting to be synthesised ahead; further ones are not prepared and cost their time when they are said."""
FIRST_CHUNK_SAMPLES = ms_to_samples(60)
NEXT_CHUNK_SAMPLES = ms_to_samples(200)
"""Crumbs of a voice are gathered to so much before they go on the line; whatever is longer goes as it came."""


@dataclass(frozen=True, slots=True)
class ChunkReady:
    """The next audio of a piece."""

    utterance: int
    piece: int
    mulaw: bytes
    """Mu-law at 8 kHz; whole milliseconds, except at the end of a piece, where it may be empty."""
    is_last: bool
    """The piece ends with it."""


@dataclass(frozen=True, slots=True)
class VoiceLost:
    utterance: int


Spoken = ChunkReady | VoiceLost


class Speaker:
    """The voice of one call. What must be said now goes before what may be said later."""

    def __init__(self, voice: TextToSpeech, deliver: Callable[[Spoken], None], account: Account = UNLIMITED) -> None:
        self._voice = voice
        self._account = account
        self._deliver = deliver
        self._oldest_wanted = 0
        self._speed = 1.0
        self._gain_db = 0
        self.unprepared = 0
        """Sentences that were not synthesised ahead, for want of room."""

    def tune(self, speed: float, gain_db: int) -> None:
        """How fast and how loud we speak from the next sentence on."""
        self._speed = speed
        self._gain_db = gain_db

    def say(self, utterance: int, pieces: tuple[str, ...], first: int = 0) -> None:
        """Synthesise pieces of an utterance, of which the first has the number `first`; chunks go to `deliver`."""
        self._speak(utterance, pieces, first)

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

    def _speak(self, utterance: int, pieces: tuple[str, ...], first: int) -> None:
        for piece, text in enumerate(pieces, first):
            try:
                is_wanted = self._speak_piece(utterance, piece, text)
            except UpstreamUnavailable:
                self._deliver(VoiceLost(utterance))
                return
            if not is_wanted:
                return

    def _speak_piece(self, utterance: int, piece: int, text: str) -> bool:
        """One sentence, chunk by chunk; false when it was cut meanwhile."""
        gathered = bytearray()
        enough = FIRST_CHUNK_SAMPLES
        if utterance < self._oldest_wanted:
            return False
        for chunk in self._voice.synthesise(text, speed=self._speed, account=self._account):
            if utterance < self._oldest_wanted:
                return False
            gathered += mulaw.louder(chunk, self._gain_db)
            if len(gathered) >= enough:
                whole = len(gathered) - len(gathered) % ms_to_samples(1)
                self._deliver(ChunkReady(utterance, piece, bytes(gathered[:whole]), is_last=False))
                del gathered[:whole]
                enough = NEXT_CHUNK_SAMPLES
        self._deliver(ChunkReady(utterance, piece, bytes(gathered), is_last=True))
        return True

    def _rehearse(self, text: str) -> bool:
        """Speak to nobody; false when it was broken off because something has to be said."""
        try:
            for _ in self._voice.synthesise(text, speed=self._speed, account=self._account):
                if self._is_urgent():
                    return False
        except UpstreamUnavailable:
            return True  # it is tried again, and reported, when it has to be said
        return True

    def _is_urgent(self) -> bool:
        return False


class ThreadedSpeaker(Speaker):
    """A speaker with a thread of its own (a greenlet under gevent)."""

    def __init__(self, voice: TextToSpeech, deliver: Callable[[Spoken], None], account: Account = UNLIMITED) -> None:
        super().__init__(voice, deliver, account)
        self._jobs: queue.PriorityQueue[tuple[tuple[int, int], int, tuple[str, ...], int]] = queue.PriorityQueue()
        self._count = 0
        self._thread = threading.Thread(target=self._work, name="speaker", daemon=True)
        self._thread.start()

    def say(self, utterance: int, pieces: tuple[str, ...], first: int = 0) -> None:
        self._put(0, utterance, pieces, first)

    def prepare(self, texts: tuple[str, ...]) -> None:
        room = max(0, MOST_PREPARED - self._jobs.qsize())
        self.unprepared += max(0, len(texts) - room)
        for text in texts[:room]:
            self._put(1, 0, (text,))

    def close(self) -> None:
        super().close()
        self._put(-1, 0, ())

    def _put(self, priority: int, utterance: int, pieces: tuple[str, ...], first: int = 0) -> None:
        self._count += 1
        self._jobs.put(((priority, self._count), utterance, pieces, first))

    def _is_urgent(self) -> bool:
        waiting = self._jobs.queue
        return bool(waiting) and waiting[0][0][0] <= 0

    def _work(self) -> None:
        while True:
            (priority, count), utterance, pieces, first = self._jobs.get()
            if priority < 0:
                return
            if priority == 0:
                self._speak(utterance, pieces, first)
            elif not self._rehearse(pieces[0]):
                self._jobs.put(((priority, count), utterance, pieces, first))
