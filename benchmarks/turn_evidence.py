"""What an endpoint policy is given of labelled turns, worked out once for each.

Frames, the product's own voice detector's opinion of them, the words with the audio time at which they would have
become known, and the votes of an end-of-turn model where one is asked.
"""

import queue
import time
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.turn_data import CannotRun, LabelledTurn
from engine.adapters.local_speech import LocalSpeechToText
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.speech_client import SpeechProcess
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio import mulaw
from engine.audio.voice import Began, Ended, GatedDetector, SpeechTracker
from engine.clock import FRAME_MS, FRAME_SAMPLES, ms_to_samples
from engine.ports import (
    HEARD_BY_TURN_MODEL_S,
    FinalHeard,
    PartialHeard,
    RecognitionEvent,
    RecognitionFailed,
    TurnModel,
    TurnVoted,
)
from telephony.hearing import WAVER_MS

GIVEN_WORDS_LATENCY_MS: Final = 300
"""Words whose times stand in the labels become known so long after their end, as from a streaming recogniser that
also repeats what it has every 240 ms."""
GIVEN_WORDS_EVERY_MS: Final = 240
VOTE_LATENCY_MS: Final = 200
"""An end-of-turn model is asked 60 ms after the end of speech, and takes some 80 ms of a core."""
_TAIL_MS: Final = 4000
"""Line audio behind the end that the detector hears; then there is silence for as long as it takes."""
_SETTLE_MS: Final = 200
SILENT_FRAME: Final = bytes(2 * FRAME_SAMPLES)
_RECOGNISER_DEADLINE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Known:
    """The words so far, as they became known."""

    at_ms: int
    text: str
    covers_ms: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a policy is given of one turn."""

    turn: LabelledTurn
    frames: tuple[bytes, ...]
    speech: tuple[bool, ...]
    known: tuple[Known, ...]
    votes: tuple[TurnVoted, ...] = ()
    """Of an end-of-turn model, where one was asked; each is known VOTE_LATENCY_MS after its silence began."""
    word_waits_ms: tuple[tuple[str, int], ...] = ()
    """Where a recogniser was asked: for what, and how long until the words were there."""


class Ears:
    """Works out the evidence. Without a process, words come from the labels; with one, from the real recogniser."""

    def __init__(self, process: SpeechProcess | None = None, turn_model: TurnModel | None = None) -> None:
        self._model = SileroModel()
        self._process = process
        self._turn_model = turn_model

    def listen(self, turn: LabelledTurn) -> Evidence:
        """Raises CannotRun when the recogniser fails."""
        frames = _frames(turn)
        detector = GatedDetector(WebRtcGate(), SileroJudge(self._model))
        if turn.words or self._process is None:
            heard = Evidence(turn, frames, tuple(map(detector.is_speech, frames)), _given_words(turn))
        else:
            heard = self._recognise(turn, frames, detector, self._process)
        return replace(heard, votes=_votes(heard, self._turn_model)) if self._turn_model is not None else heard

    def _recognise(
        self, turn: LabelledTurn, frames: tuple[bytes, ...], detector: GatedDetector, process: SpeechProcess
    ) -> Evidence:
        events: queue.SimpleQueue[RecognitionEvent] = queue.SimpleQueue()
        stream = LocalSpeechToText(process).open(events.put)
        tracker = SpeechTracker()
        heard = _Heard()
        speech: list[bool] = []
        quiet_ms = 0
        for index, frame in enumerate(frames):
            at_ms = index * FRAME_MS
            speech.append(detector.is_speech(frame))
            stream.send(mulaw.encode(frame), at_ms)
            quiet_ms = 0 if speech[-1] else quiet_ms + FRAME_MS
            kind = "partial" if tracker.is_speaking and quiet_ms == WAVER_MS else ""
            for change in tracker.push(speech[-1], at_ms):
                if isinstance(change, Began):
                    stream.speech_began(change.began_ms)
                elif isinstance(change, Ended):
                    stream.speech_paused(change.ended_ms)
                    kind = "transcribe"
            if kind == "partial":
                stream.speech_wavered(at_ms + FRAME_MS)
            if not process.is_idle("partial") or not process.is_idle("transcribe"):
                heard.take(kind or "partial", at_ms + FRAME_MS, _wait_until_idle(process), events)
        stream.close()
        return Evidence(turn, frames, tuple(speech), heard.known(), tuple(heard.waits_ms))


def _votes(heard: Evidence, model: TurnModel) -> tuple[TurnVoted, ...]:
    """What the model makes of each silence within the turn and of the one behind it."""
    tracker, quiet_ms, found = SpeechTracker(), 0, []
    most = HEARD_BY_TURN_MODEL_S * 1000 // FRAME_MS
    for index, is_speech in enumerate(heard.speech):
        tracker.push(is_speech, index * FRAME_MS)
        quiet_ms = 0 if is_speech else quiet_ms + FRAME_MS
        if quiet_ms == WAVER_MS and tracker.is_speaking:
            pcm = b"".join(heard.frames[max(0, index + 1 - most) : index + 1])
            found.append(TurnVoted(model.score(pcm), (index + 1) * FRAME_MS - WAVER_MS))
    return tuple(found)


class _Heard:
    """Puts what each engine said, asked alone, where it would have come in a call: each does one thing at a time."""

    def __init__(self) -> None:
        self._free_ms = {"partial": 0, "transcribe": 0}
        self._arrivals: list[tuple[int, int, bool, str, int]] = []
        """When, of which stretch, whether it is final, text, and the audio time that it covers."""
        self._stretch = 0
        self.waits_ms: list[tuple[str, int]] = []

    def take(self, kind: str, at_ms: int, wall_ms: int, events: "queue.SimpleQueue[RecognitionEvent]") -> None:
        self._free_ms[kind] = arrival_ms = max(at_ms, self._free_ms[kind]) + wall_ms
        self.waits_ms.append((kind, arrival_ms - at_ms))
        while not events.empty():
            match events.get():
                case PartialHeard(text, covers_ms) if kind == "partial":
                    self._arrivals.append((arrival_ms, self._stretch, False, text, covers_ms or at_ms))
                case FinalHeard(transcript):
                    end_ms = transcript.words[-1].end_ms if transcript.words else at_ms
                    self._arrivals.append((arrival_ms, self._stretch, True, transcript.text, end_ms))
                case RecognitionFailed(reason):
                    raise CannotRun(f"the recogniser failed: {reason}")
        self._stretch += kind == "transcribe"

    def known(self) -> tuple[Known, ...]:
        """The words so far after each arrival: of every stretch its final text, or else what was read of it."""
        finals: dict[int, str] = {}
        texts: dict[int, str] = {}
        known: list[Known] = []
        covered_ms = 0
        for at_ms, stretch, is_final, text, covers_ms in sorted(self._arrivals):
            if stretch in finals and not is_final:
                continue
            if is_final:
                finals[stretch] = text
            texts[stretch] = text
            # The final text of the latest stretch tells better where its last word ended; others tell nothing of it.
            covered_ms = covers_ms if stretch == max(texts) else max(covered_ms, covers_ms)
            known.append(Known(at_ms, " ".join(texts[number] for number in sorted(texts)), covered_ms))
        return tuple(known)


def _wait_until_idle(process: SpeechProcess) -> int:
    """Returns how long it took, in milliseconds."""
    asked_s = time.perf_counter()
    while not (process.is_idle("partial") and process.is_idle("transcribe")):
        if time.perf_counter() - asked_s > _RECOGNISER_DEADLINE_S:
            raise CannotRun("the recogniser gave no answer in time")
        time.sleep(0.001)
    return round((time.perf_counter() - asked_s) * 1000)


def _given_words(turn: LabelledTurn) -> tuple[Known, ...]:
    texts = [word[0] for word in turn.words]
    ends = [word[2] for word in turn.words]
    known = []
    repeated = range(0, turn.end_ms + _TAIL_MS, GIVEN_WORDS_EVERY_MS)
    for at_ms in sorted({*repeated, *(end_ms + GIVEN_WORDS_LATENCY_MS for end_ms in ends)}):
        said = sum(end_ms <= at_ms - GIVEN_WORDS_LATENCY_MS for end_ms in ends)
        if said:
            known.append(Known(at_ms, " ".join(texts[:said]), ends[said - 1]))
    return tuple(known)


def _frames(turn: LabelledTurn) -> tuple[bytes, ...]:
    """The turn's audio through mu-law, the line's own noise going on behind it."""
    pcm = turn.pcm()
    tail = pcm[2 * ms_to_samples(turn.end_ms + _SETTLE_MS) :]
    wanted = 2 * ms_to_samples(turn.end_ms + _TAIL_MS) - len(pcm)
    if wanted > 0 and len(tail) >= 2 * ms_to_samples(_SETTLE_MS):
        pcm += (tail * (wanted // len(tail) + 1))[:wanted]
    pcm += bytes(max(0, 2 * ms_to_samples(turn.end_ms + _TAIL_MS) - len(pcm)))
    pcm = mulaw.decode(mulaw.encode(pcm))
    size = 2 * FRAME_SAMPLES
    return tuple(pcm[start : start + size] for start in range(0, len(pcm) - len(pcm) % size, size))
