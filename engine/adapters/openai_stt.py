"""engine.ports.SpeechToText over OpenAI's transcription of files: each stretch of speech is sent when it pauses.

Stretches are transcribed side by side and delivered in the order in which they were spoken. The protocol gives neither
times nor a confidence for words: times are laid out over the voiced frames of the
stretch by the length of the words.
"""

import io
import logging
import threading
import time
import wave
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from engine.adapters.deadline_reading import Reading
from engine.adapters.openai_client import Client, cut, our_errors, request_timeout
from engine.adapters.speech_segments import Segment, SegmentBuffer
from engine.audio import mulaw
from engine.audio.levels import rms
from engine.clock import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, samples_to_ms
from engine.errors import UpstreamBusy, UpstreamRefused, UpstreamUnavailable
from engine.ports import UNLIMITED, Account, AllHeard, FinalHeard, RecognitionEvent, RecognitionFailed
from engine.transcript import Transcript, Word
from engine.usage import Usage

logger = logging.getLogger(__name__)

DEADLINE_S: Final = 5.0
"""For one stretch, second try included; the session gives up on last words a little later."""
UNSTATED_CONFIDENCE: Final = 0.8
"""Stands where the engine states none: neither doubtful nor certain."""
MOST_TERMS: Final = 50
QUIET_SHARE: Final = 0.1
"""A frame with less than this share of the loudest one's level is no speech: 20 dB below it."""
_TRIES = 2
_KEYWORD_MODELS: Final = "gpt-transcribe"


@dataclass(slots=True)
class _Pending:
    """A stretch on its way. `text` is None until it came."""

    segment: Segment
    terms: tuple[str, ...]
    ends_at: float
    reading: Reading = field(default_factory=Reading)
    text: str | None = None
    failure: str | None = None
    cause: UpstreamUnavailable | None = None

    @property
    def is_settled(self) -> bool:
        return self.text is not None or self.failure is not None


@dataclass(frozen=True, slots=True)
class OpenAIHearing:
    """What listens, and how long it may take."""

    model: str = "gpt-transcribe"
    language: str = "en"
    """ISO 639-1."""
    deadline_s: float = DEADLINE_S


class OpenAISpeechToText:
    """One transcription model at one address, shared by all calls; the client belongs to whoever made it."""

    def __init__(
        self,
        client: Client,
        hearing: OpenAIHearing,
        *,
        provider: str = "openai",
        workers: int = 16,
    ) -> None:
        self.name = provider
        self.deadline_s = hearing.deadline_s
        self._client = client
        self._model = hearing.model
        self._language = hearing.language
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=f"{provider}-hearing")

    def open(self, on_event: Callable[[RecognitionEvent], None], account: Account = UNLIMITED) -> "OpenAIRecognition":
        return OpenAIRecognition(self, on_event, account)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def start(self, work: Callable[[], None]) -> None:
        """Do the work on one of the engine's threads. Raises UpstreamUnavailable when the engine is closed."""
        try:
            self._threads.submit(work)
        except RuntimeError as error:
            raise UpstreamUnavailable(f"{self.name} is closed.") from error

    def transcribe(
        self, segment: Segment, terms: Sequence[str], timeout_s: float, reading: Reading, account: Account
    ) -> str:
        """The words of one stretch. Raises UpstreamUnavailable."""
        fields: dict[str, Any] = {"model": self._model, "file": ("speech.wav", _wav(segment.mulaw), "audio/wav")}
        if self._model.startswith(_KEYWORD_MODELS):
            fields |= {"languages": [self._language], "keywords": list(terms)[:MOST_TERMS]}
        else:
            fields |= {"language": self._language, "prompt": ", ".join(terms[:MOST_TERMS])}
        endpoint = self._client.audio.transcriptions.with_streaming_response
        with (
            our_errors(self.name, self._model),
            endpoint.create(**fields, timeout=request_timeout(timeout_s)) as reply,
        ):
            reading.cut_with(lambda: cut(reply.http_response))
            heard = reply.parse()
            reading.done()
            text = heard.text
            if not isinstance(text, str):
                raise UpstreamUnavailable(f"{self.name} sent a transcript that is no text.")
            usage = self._usage(heard, segment, reply.request_id)
        account.spent(usage)
        return text.strip()

    def _usage(self, heard: Any, segment: Segment, request_id: str | None) -> Usage:
        counted = heard.usage
        length_ms = samples_to_ms(len(segment.mulaw))
        kind = getattr(counted, "type", None)
        is_by_time = kind == "duration"
        return Usage(
            provider=self.name,
            model=self._model,
            kind="speech_to_text",
            audio_ms=round(counted.seconds * 1000) if is_by_time else length_ms,
            input_tokens=counted.input_tokens if kind == "tokens" else 0,
            output_tokens=counted.output_tokens if kind == "tokens" else 0,
            request_id=request_id,
            is_estimated=kind not in ("duration", "tokens"),
        )


class OpenAIRecognition:
    """One call. A failed stretch is tried once more while there is time; then RecognitionFailed stands in its place."""

    def __init__(
        self,
        engine: OpenAISpeechToText,
        on_event: Callable[[RecognitionEvent], None],
        account: Account = UNLIMITED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._on_event = on_event
        self._account = account
        self._clock = clock
        self._lock = threading.RLock()
        self._buffer = SegmentBuffer()
        self._terms: tuple[str, ...] = ()
        self._pending: deque[_Pending] = deque()
        self._waiting: deque[int] = deque()
        self._is_closed = False

    def send(self, mulaw: bytes, at_ms: int) -> None:
        with self._lock:
            if self._is_closed:
                return
            segment = self._buffer.send(mulaw, at_ms)
            if segment is not None:
                self._begin(segment)
            self._expire()

    def speech_began(self, at_ms: int) -> None:
        with self._lock:
            self._buffer.begin(at_ms)

    def speech_paused(self, at_ms: int) -> None:
        with self._lock:
            segment = self._buffer.pause(at_ms)
            if segment is not None and not self._is_closed:
                self._begin(segment)

    def speech_wavered(self, at_ms: int) -> None:
        """Each request costs money: words come when the stretch is over."""

    def set_terms(self, terms: Sequence[str]) -> None:
        with self._lock:
            self._terms = tuple(terms)

    def finish(self, request: int) -> None:
        with self._lock:
            self.speech_paused(self._buffer.now_ms)
            self._waiting.append(request)
            self._deliver()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            pending, self._pending = self._pending, deque()
        for each in pending:
            each.reading.end()

    def _begin(self, segment: Segment) -> None:
        pending = _Pending(segment, self._terms, self._clock() + self._engine.deadline_s)
        self._pending.append(pending)
        try:
            self._engine.start(lambda: self._transcribe(pending))
        except UpstreamUnavailable as error:
            pending.failure = str(error)
            self._deliver()

    def _transcribe(self, pending: _Pending) -> None:
        """Runs on a worker."""
        text, failure = None, "The recogniser was too busy."
        for _ in range(_TRIES):
            left_s = pending.ends_at - self._clock()
            if left_s <= 0 or pending.reading.is_over:
                break
            try:
                segment, terms, reading = pending.segment, pending.terms, pending.reading
                text = self._engine.transcribe(segment, terms, left_s, reading, self._account)
                break
            except (UpstreamRefused, UpstreamBusy) as error:
                failure, pending.cause = str(error), error
                break
            except UpstreamUnavailable as error:
                failure = str(error)
                logger.warning("a stretch of speech was not transcribed", extra={"engine": self._engine.name})
        with self._lock:
            if not pending.is_settled:
                pending.text, pending.failure = (text, None) if text is not None else (None, failure)
            self._deliver()

    def _expire(self) -> None:
        """Give up on stretches whose time is over, even while a worker still waits for the server."""
        now = self._clock()
        overdue = [pending for pending in self._pending if not pending.is_settled and pending.ends_at <= now]
        for pending in overdue:
            pending.failure = f"{self._engine.name} did not answer in time."
            pending.reading.end()
        if overdue:
            self._deliver()

    def _deliver(self) -> None:
        """Hand on what is settled, in the order spoken; then answer the requests to finish."""
        while self._pending and self._pending[0].is_settled and not self._is_closed:
            pending = self._pending.popleft()
            if pending.failure is not None:
                self._waiting.clear()
                self._on_event(RecognitionFailed(pending.failure, pending.cause))
            elif pending.text:
                self._on_event(FinalHeard(_placed(pending.text, pending.segment)))
        while self._waiting and not self._pending and not self._is_closed:
            self._on_event(AllHeard(self._waiting.popleft()))


def _wav(audio: bytes) -> bytes:
    """The stretch as a WAV file: 16-bit mono at the line's rate."""
    content = io.BytesIO()
    with wave.open(content, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(SAMPLE_RATE_HZ)
        recording.writeframes(mulaw.decode(audio))
    return content.getvalue()


def _placed(text: str, segment: Segment) -> Transcript:
    """The words laid over the frames in which a voice is heard, longer words over more of them."""
    words = text.split()
    frames = _voiced_ms(segment)
    lengths = [len(word) + 1 for word in words]
    total, before = sum(lengths), 0
    placed = []
    for word, length in zip(words, lengths, strict=True):
        first = len(frames) * before // total
        before += length
        last = max(first, len(frames) * before // total - 1)
        placed.append(Word(word, frames[first], frames[last] + FRAME_MS, UNSTATED_CONFIDENCE))
    return Transcript(text, tuple(placed))


def _voiced_ms(segment: Segment) -> list[int]:
    """Where the frames of the stretch that are not quiet begin, on the clock of the call; never empty."""
    starts = range(0, max(1, len(segment.mulaw) - FRAME_SAMPLES + 1), FRAME_SAMPLES)
    levels = [rms(mulaw.decode(segment.mulaw[start : start + FRAME_SAMPLES])) for start in starts]
    least = max(levels) * QUIET_SHARE
    voiced = [
        at_ms
        for start, level in zip(starts, levels, strict=True)
        if level >= least and segment.began_ms - FRAME_MS < (at_ms := segment.start_ms + samples_to_ms(start))
    ]
    return [at_ms for at_ms in voiced if at_ms < segment.ended_ms] or [segment.began_ms]
