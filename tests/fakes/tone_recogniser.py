"""A recogniser of tones without a wire: answers at once, and breaks down where a test says."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from engine.adapters.speech_segments import Segment, SegmentBuffer
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, AllHeard, FinalHeard, PartialHeard, RecognitionEvent, RecognitionFailed
from engine.transcript import Transcript, Word
from tests.fakes import tone_speech
from tests.fakes.deepgram_segments import Hear

Step = Literal["open", "send", "began", "paused", "heard", "finish", "answered"]
Act = Literal["fail", "mute"]
"""Say that it failed, or say nothing any more."""


class ToneSpeechToText:
    """engine.ports.SpeechToText. `plan`: at which step of a call something happens, counted over all its calls."""

    def __init__(
        self, name: str = "tones", plan: Iterable[tuple[Step, int, Act]] = (), hear: Hear = tone_speech.hear
    ) -> None:
        self.name = name
        self.hear = hear
        self.plan = list(plan)
        self.counts: dict[Step, int] = {}
        self.streams: list[ToneRecognition] = []

    def open(self, on_event: Callable[[RecognitionEvent], None], account: Account = UNLIMITED) -> "ToneRecognition":
        if self.due("open") is not None:
            raise UpstreamUnavailable(f"{self.name} is down")
        self.streams.append(ToneRecognition(self, on_event))
        return self.streams[-1]

    def due(self, step: Step) -> Act | None:
        number = self.counts[step] = self.counts.get(step, 0) + 1
        return next((act for at, count, act in self.plan if at == step and count == number), None)

    def close(self) -> None:
        """Nothing is held."""


class ToneRecognition:
    """One call."""

    def __init__(self, engine: ToneSpeechToText, on_event: Callable[[RecognitionEvent], None]) -> None:
        self.engine = engine
        self.say = on_event
        self.terms: tuple[str, ...] = ()
        self.is_closed = False
        self.is_mute = False
        self._buffer = SegmentBuffer()

    def send(self, mulaw: bytes, at_ms: int) -> None:
        self._step("send")
        segment = self._buffer.send(mulaw, at_ms)
        if segment is not None:
            self._final(segment)

    def speech_began(self, at_ms: int) -> None:
        self._step("began")
        self._buffer.begin(at_ms)
        self._tell(PartialHeard("..."))

    def speech_paused(self, at_ms: int) -> None:
        self._step("paused")
        segment = self._buffer.pause(at_ms)
        if segment is not None:
            self._final(segment)

    def speech_wavered(self, at_ms: int) -> None:
        self._step("wavered")

    def set_terms(self, terms: Sequence[str]) -> None:
        self.terms = tuple(terms)

    def finish(self, request: int) -> None:
        self._step("finish")
        segment = self._buffer.pause(self._buffer.now_ms)
        if segment is not None:
            self._final(segment)
        self._tell(AllHeard(request))
        self._step("answered")

    def close(self) -> None:
        self.is_closed = True

    def late(self, text: str) -> None:
        """Say something after all, as an engine does whose answer was under way."""
        self.say(FinalHeard(Transcript(text, (Word(text, 0, 100, 0.9),))))

    def _final(self, segment: Segment) -> None:
        words = [
            Word(text, segment.start_ms + round(start * 1000), segment.start_ms + round(end * 1000), 0.9)
            for text, start, end in self.engine.hear(segment.mulaw)
        ]
        if words:
            self._tell(FinalHeard(Transcript(" ".join(word.text for word in words), tuple(words))))
            self._step("heard")

    def _step(self, step: Step) -> None:
        match self.engine.due(step):
            case "fail":
                self._tell(RecognitionFailed(f"{self.engine.name} broke at {step}"))
                self.is_mute = True
            case "mute":
                self.is_mute = True

    def _tell(self, event: RecognitionEvent) -> None:
        if not self.is_mute and not self.is_closed:
            self.say(event)
