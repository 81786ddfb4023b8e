"""Plays labelled turns to an endpoint policy as a call would, and counts cut-offs and dead air.

What a policy is given is worked out once for each turn: frames, the product's own voice detector's opinion of them,
and the words with the audio time at which they would have become known. Then any number of policies can be played.
"""

import queue
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from benchmarks.turn_data import CannotRun, LabelledTurn
from engine.adapters.local_speech import LocalSpeechToText
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.speech_client import SpeechProcess
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio import mulaw
from engine.audio.endpoint import EndpointPolicy
from engine.audio.voice import Began, Ended, GatedDetector, SpeechTracker
from engine.clock import FRAME_MS, FRAME_SAMPLES, ms_to_samples
from engine.ports import FinalHeard, RecognitionEvent, RecognitionFailed

GIVEN_WORDS_LATENCY_MS: Final = 300
"""Words whose times stand in the labels become known so long after their end, as from a streaming recogniser that
also repeats what it has every 240 ms."""
GIVEN_WORDS_EVERY_MS: Final = 240
_TAIL_MS: Final = 4000
"""Line audio behind the end that the detector hears; then there is silence for as long as it takes."""
_SETTLE_MS: Final = 200
_GIVE_UP_MS: Final = 12_000
_SILENT_FRAME: Final = bytes(2 * FRAME_SAMPLES)
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
    word_waits_ms: tuple[int, ...] = ()
    """From each report of a pause to its words, where a recogniser was asked."""


@dataclass(frozen=True, slots=True)
class Played:
    """What one policy did with one turn."""

    cut_pauses: int
    """Pauses, and stretches of speech taken for silence, in which the turn was declared over."""
    dead_air_ms: int


class Ears:
    """Works out the evidence. Without a process, words come from the labels; with one, from the real recogniser."""

    def __init__(self, process: SpeechProcess | None = None) -> None:
        self._model = SileroModel()
        self._process = process

    def listen(self, turn: LabelledTurn) -> Evidence:
        """Raises CannotRun when the recogniser fails."""
        frames = _frames(turn)
        detector = GatedDetector(WebRtcGate(), SileroJudge(self._model))
        if turn.words or self._process is None:
            return Evidence(turn, frames, tuple(map(detector.is_speech, frames)), _given_words(turn))
        return self._recognise(turn, frames, detector, self._process)

    def _recognise(
        self, turn: LabelledTurn, frames: tuple[bytes, ...], detector: GatedDetector, process: SpeechProcess
    ) -> Evidence:
        events: queue.SimpleQueue[RecognitionEvent] = queue.SimpleQueue()
        stream = LocalSpeechToText(process).open(events.put)
        tracker = SpeechTracker()
        speech, waits_ms = [], []
        known: list[Known] = []
        for index, frame in enumerate(frames):
            at_ms = index * FRAME_MS
            speech.append(detector.is_speech(frame))
            stream.send(mulaw.encode(frame), at_ms)
            for change in tracker.push(speech[-1], at_ms):
                if isinstance(change, Began):
                    stream.speech_began(change.began_ms)
                elif isinstance(change, Ended):
                    asked_s = time.perf_counter()
                    stream.speech_paused(change.ended_ms)
                    _wait_until_idle(process)
                    waits_ms.append(round((time.perf_counter() - asked_s) * 1000))
                    known += _heard(events, known, at_ms + FRAME_MS + waits_ms[-1])
        stream.close()
        return Evidence(turn, frames, tuple(speech), tuple(known), tuple(waits_ms))


def _wait_until_idle(process: SpeechProcess) -> None:
    deadline_s = time.monotonic() + _RECOGNISER_DEADLINE_S
    while not process.is_idle("transcribe"):
        if time.monotonic() > deadline_s:
            raise CannotRun("the recogniser gave no answer in time")
        time.sleep(0.001)


def _heard(events: "queue.SimpleQueue[RecognitionEvent]", known: Sequence[Known], at_ms: int) -> Iterable[Known]:
    text = known[-1].text if known else ""
    while not events.empty():
        match events.get():
            case FinalHeard(transcript):
                text = f"{text} {transcript.text}".strip()
                yield Known(at_ms, text, transcript.words[-1].end_ms if transcript.words else at_ms)
            case RecognitionFailed(reason):
                raise CannotRun(f"the recogniser failed: {reason}")


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


def play(evidence: Evidence, policy: EndpointPolicy) -> Played:
    """One turn, as a call of its own. A policy that has cut the turn off is played on: each pause is judged."""
    turn = evidence.turn
    policy.attend(turn.kind, 0)
    cut: set[int] = set()
    known = list(reversed(evidence.known))
    last = (turn.end_ms + _GIVE_UP_MS) // FRAME_MS
    heard = len(evidence.frames)
    at_ms = 0
    for index in range(last):
        at_ms = index * FRAME_MS
        while known and known[-1].at_ms <= at_ms:
            word = known.pop()
            policy.read(word.text, word.at_ms, word.covers_ms)
        frame, is_speech = (evidence.frames[index], evidence.speech[index]) if index < heard else (_SILENT_FRAME, False)
        if policy.push(frame, at_ms, is_speech) is None:
            continue
        now_ms = at_ms + FRAME_MS
        if now_ms >= turn.end_ms:
            return Played(len(cut), now_ms - turn.end_ms)
        # A decision that falls into speech counts with the pause before it.
        cut.add(sum(start <= now_ms for start, _ in turn.pauses))
    return Played(len(cut), at_ms + FRAME_MS - turn.end_ms)


@dataclass(frozen=True, slots=True)
class Point:
    """One setting of a policy over all turns."""

    setting: float
    false_cutoffs: float
    """Share of the pauses within turns."""
    cut_turns: float
    """Share of the turns cut off at least once."""
    dead_air_ms: float
    """Mean over all turns."""
    dead_air_p50_ms: float
    dead_air_p90_ms: float


def measure(evidence: Sequence[Evidence], new_policy: Callable[[], EndpointPolicy], setting: float) -> Point:
    """All turns, each with a policy of its own."""
    played = [play(each, new_policy()) for each in evidence]
    pauses = sum(len(each.turn.pauses) for each in evidence)
    waits = sorted(each.dead_air_ms for each in played)
    return Point(
        setting,
        sum(each.cut_pauses for each in played) / max(1, pauses),
        sum(each.cut_pauses > 0 for each in played) / len(played),
        sum(waits) / len(waits),
        waits[len(waits) // 2],
        waits[len(waits) * 9 // 10],
    )


def dead_air_at(points: Sequence[Point], share: float) -> float | None:
    """The least mean dead air at which no more than this share of pauses is cut off, between the settings measured."""
    best: float | None = None
    ordered = sorted(points, key=lambda point: point.setting)
    for left, right in pairwise(ordered):
        if right.false_cutoffs <= share:
            found = right.dead_air_ms
            if left.false_cutoffs > share:
                part = (left.false_cutoffs - share) / (left.false_cutoffs - right.false_cutoffs)
                found = left.dead_air_ms + part * (right.dead_air_ms - left.dead_air_ms)
            best = found if best is None else min(best, found)
    return best


def false_cutoffs_at(points: Sequence[Point], dead_air_ms: float) -> float | None:
    """The share of pauses cut off where the mean dead air is this; None outside what the settings reach."""
    ordered = sorted(points, key=lambda point: point.dead_air_ms)
    for left, right in pairwise(ordered):
        if left.dead_air_ms <= dead_air_ms <= right.dead_air_ms:
            part = (dead_air_ms - left.dead_air_ms) / max(1e-9, right.dead_air_ms - left.dead_air_ms)
            return left.false_cutoffs + part * (right.false_cutoffs - left.false_cutoffs)
    return None
