"""Speech recognition and synthesis on this machine, as the ports want them, by way of the speech process."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from engine.adapters.speech_client import SpeechProcess
from engine.adapters.speech_messages import Header
from engine.adapters.speech_segments import POST_ROLL_MS, Segment, SegmentBuffer
from engine.adapters.words_so_far import Reading, WordsSoFar
from engine.clock import ms_to_samples
from engine.dialogue.speakable import speakable
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, AllHeard, FinalHeard, PartialHeard, RecognitionEvent, RecognitionFailed
from engine.transcript import Transcript, Word

logger = logging.getLogger(__name__)

TRANSCRIBE_DEADLINE_S: Final = 15.0
FIRST_AUDIO_DEADLINE_S: Final = 3.0
NEXT_AUDIO_DEADLINE_S: Final = 5.0
WHOLE_SPEECH_DEADLINE_S: Final = 60.0
PARTIAL_DEADLINE_S: Final = 5.0
PARTIAL_EVERY_MS: Final = 1500
"""How often speech that is going on is read, where an engine has time to spare."""
LONGEST_PARTIAL_MS: Final = 6000
"""Of a longer stretch, the last so many are read: how it ends is what is asked for."""
MOST_PARTIALS: Final = 3
"""Quick readings under way for all calls of a process. Beyond it none is asked for: it would come too late."""


class LocalSpeechToText:
    """engine.ports.SpeechToText on the speech process."""

    name = "local-whisper"

    def __init__(self, process: SpeechProcess) -> None:
        self._process = process

    def open(self, on_event: Callable[[RecognitionEvent], None], account: Account = UNLIMITED) -> "LocalRecognition":
        return LocalRecognition(self._process, on_event)

    def close(self) -> None:
        self._process.close()


class LocalRecognition:
    """One call. Each paused stretch is transcribed while the candidate goes on speaking.

    The words so far come from the quick reader: whenever speech wavers, and now and then while it goes on. Where there
    is none, or too many calls want it, they come with the text of the stretch.

    A stretch that fails is tried once more, which bridges a restart of the speech process. When that fails too,
    RecognitionFailed follows, and it stands in place of the AllHeard that may be due.
    """

    def __init__(self, process: SpeechProcess, on_event: Callable[[RecognitionEvent], None]) -> None:
        self._process = process
        self._on_event = on_event
        self._lock = threading.RLock()
        self._buffer = SegmentBuffer()
        self._terms: list[str] = []
        self._waiting: list[int] = []
        """Requests to finish, in order; all are answered when nothing is outstanding any more."""
        self._outstanding: dict[int, Segment] = {}
        self._partial: int | None = None
        self._partial_at_ms = 0
        self._must_read_again = False
        self._so_far = WordsSoFar()
        self._is_closed = False

    def send(self, mulaw: bytes, at_ms: int) -> None:
        with self._lock:
            if self._is_closed:
                return
            segment = self._buffer.send(mulaw, at_ms)
            if segment is not None:
                self._transcribe(segment)
            elif self._buffer.is_open and self._buffer.now_ms - self._partial_at_ms >= PARTIAL_EVERY_MS:
                self._read_so_far()

    def speech_began(self, at_ms: int) -> None:
        with self._lock:
            self._buffer.begin(at_ms)
            self._partial_at_ms = at_ms

    def speech_paused(self, at_ms: int) -> None:
        with self._lock:
            began_ms = self._buffer.began_ms
            segment = self._buffer.pause(at_ms)
            if segment is not None and not self._is_closed:
                self._transcribe(segment)
            elif began_ms is not None:
                self._so_far.forget(began_ms)

    def speech_wavered(self, at_ms: int) -> None:
        with self._lock:
            if not self._is_closed and self._process.offers("partial"):
                self._read_so_far()

    def set_terms(self, terms: Sequence[str]) -> None:
        with self._lock:
            self._terms = list(terms)

    def finish(self, request: int) -> None:
        with self._lock:
            self.speech_paused(self._buffer.now_ms)
            self._waiting.append(request)
            self._settle()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            for request in [*self._outstanding, *([self._partial] if self._partial is not None else [])]:
                self._process.cancel(request)
            self._outstanding.clear()
            self._partial = None

    def _ask(self, segment: Segment, on_reply: Callable[[Header, bytes], None], *, is_final: bool) -> int:
        header = {"kind": "transcribe", "terms": self._terms, "with_times": is_final, "is_final": is_final}
        return self._process.request(header, segment.mulaw, deadline_s=TRANSCRIBE_DEADLINE_S, on_reply=on_reply)

    def _transcribe(self, segment: Segment, *, is_retry: bool = False) -> None:
        def on_reply(header: Header, _body: bytes) -> None:
            with self._lock:
                if self._outstanding.pop(header["id"], None) is None or self._is_closed:
                    return
                if header["kind"] == "transcribed":
                    self._deliver(header, segment)
                elif is_retry:
                    self._give_up(header["reason"])
                else:
                    logger.warning("a stretch of speech is transcribed once more", extra={"reason": header["reason"]})
                    self._transcribe(segment, is_retry=True)

        try:
            self._outstanding[self._ask(segment, on_reply, is_final=True)] = segment
        except UpstreamUnavailable as error:
            self._give_up(str(error))

    def _deliver(self, header: Header, segment: Segment) -> None:
        before = self._so_far.all.text
        self._so_far.settle(segment.began_ms)
        left = self._so_far.all.text
        if header["text"]:
            self._on_event(FinalHeard(_placed(header, segment)))
        if left or (before and not header["text"]):
            self._tell_so_far()
        self._settle()

    def _settle(self) -> None:
        """Answer the requests to finish, when everything is transcribed."""
        while self._waiting and not self._outstanding and not self._is_closed:
            self._on_event(AllHeard(self._waiting.pop(0)))

    def _give_up(self, reason: str) -> None:
        self._waiting.clear()
        self._on_event(RecognitionFailed(reason))

    def _read_so_far(self) -> None:
        """Have the latest speech read, unless the engine is needed for more important things."""
        if self._partial is not None:
            self._must_read_again = True
            return
        segment = self._buffer.so_far() or next(reversed(self._outstanding.values()), None)
        kind, most = ("partial", MOST_PARTIALS) if self._process.offers("partial") else ("transcribe", 1)
        if segment is None or self._process.under_way(kind) >= most:
            return
        self._partial_at_ms = self._buffer.now_ms
        self._must_read_again = False

        def on_reply(header: Header, _body: bytes) -> None:
            with self._lock:
                if self._partial != header["id"] or self._is_closed:
                    return
                self._partial = None
                reading = Reading(header.get("text", ""), segment.ended_ms)
                if reading.text and self._so_far.read(segment.began_ms, reading):
                    self._tell_so_far()
                if self._must_read_again:
                    self._read_so_far()

        try:
            self._partial = self._ask_quickly(kind, segment, on_reply)
        except UpstreamUnavailable:
            self._partial = None  # the next final tells whether the engine is gone

    def _ask_quickly(self, kind: str, segment: Segment, on_reply: Callable[[Header, bytes], None]) -> int:
        if kind == "transcribe":
            return self._ask(segment, on_reply, is_final=False)
        audio = segment.mulaw[-ms_to_samples(LONGEST_PARTIAL_MS) :]
        return self._process.request({"kind": kind}, audio, deadline_s=PARTIAL_DEADLINE_S, on_reply=on_reply)

    def _tell_so_far(self) -> None:
        so_far = self._so_far.all
        self._on_event(PartialHeard(so_far.text, so_far.covers_ms))


def _placed(header: Header, segment: Segment) -> Transcript:
    """The reply's words on the call's clock, none of them outside the speech that was heard."""
    first_ms, last_ms = segment.began_ms, segment.ended_ms + POST_ROLL_MS
    words = []
    for text, start_ms, end_ms, confidence in header["words"]:
        begins_ms = min(max(first_ms, segment.start_ms + start_ms), last_ms)
        words.append(Word(text, begins_ms, min(max(begins_ms, segment.start_ms + end_ms), last_ms), confidence))
    return Transcript(header["text"], tuple(words))


class LocalTextToSpeech:
    """engine.ports.TextToSpeech on the speech process."""

    def __init__(self, process: SpeechProcess) -> None:
        self._process = process
        self.name = "local-hibari"

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        said = speakable(text)
        if not said:
            return
        replies: queue.SimpleQueue[tuple[Header, bytes]] = queue.SimpleQueue()
        request = self._process.request(
            {"kind": "synthesise", "text": said, "speed": speed},
            b"",
            deadline_s=WHOLE_SPEECH_DEADLINE_S,
            on_reply=lambda header, body: replies.put((header, body)),
        )
        deadline_s = FIRST_AUDIO_DEADLINE_S
        try:
            while True:
                header, body = replies.get(timeout=deadline_s)
                if header["kind"] == "spoken":
                    return
                if header["kind"] == "failed":
                    raise UpstreamUnavailable(f"The local voice failed: {header['reason']}.")
                deadline_s = NEXT_AUDIO_DEADLINE_S
                yield body
        except queue.Empty:
            raise UpstreamUnavailable(f"The local voice gave no audio within {deadline_s:g} s.") from None
        finally:
            self._process.cancel(request)

    def close(self) -> None:
        self._process.close()
