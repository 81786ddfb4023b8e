"""Plays labelled turns to an endpoint policy as a call would, and counts cut-offs and dead air.

What a policy is given is worked out once for each turn: frames, the product's own voice detector's opinion of them,
and the words with the audio time at which they would have become known. Then any number of policies can be played.
"""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from benchmarks.turn_data import CannotRun, LabelledTurn
from engine.adapters.local_speech import LocalSpeechToText
from engine.adapters.silero_vad import SileroJudge, SileroModel
from engine.adapters.speech_client import SpeechProcess
from engine.adapters.webrtc_vad import WebRtcGate
from engine.audio import mulaw
from engine.audio.endpoint import EndOfTurn, EndpointPolicy
from engine.audio.voice import Began, Ended, GatedDetector, SpeechTracker
from engine.clock import FRAME_MS, FRAME_SAMPLES, ms_to_samples
from engine.ports import FinalHeard, PartialHeard, RecognitionEvent, RecognitionFailed
from telephony.hearing import WAVER_MS

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
    word_waits_ms: tuple[tuple[str, int], ...] = ()
    """Where a recogniser was asked: for what, and how long until the words were there."""


@dataclass(frozen=True, slots=True)
class Played:
    """What one policy did with one turn."""

    cut_pauses: int
    """Pauses, and stretches of speech taken for silence, in which the turn was declared over."""
    dead_air_ms: int
    nodded_pauses: int = 0
    """Pauses in which it seemed over, so that a sound of listening would have fallen into them."""
    first_sound_ms: int = 0
    """From the end of the turn to that sound or to the decision, whichever came first."""


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


def play(evidence: Evidence, policy: EndpointPolicy) -> Played:
    """One turn, as a call of its own. A policy that has cut the turn off is played on: each pause is judged."""
    turn = evidence.turn
    policy.attend(turn.kind, 0)
    cut: set[int] = set()
    nodded: set[int] = set()
    nod_ms: int | None = None
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
        found = policy.push(frame, at_ms, is_speech)
        if found is None:
            continue
        now_ms = at_ms + FRAME_MS
        if now_ms >= turn.end_ms:
            nod_ms = now_ms if nod_ms is None else nod_ms
            if isinstance(found, EndOfTurn):
                return Played(len(cut), now_ms - turn.end_ms, len(nodded), nod_ms - turn.end_ms)
            continue
        # What falls into speech counts with the pause before it.
        (cut if isinstance(found, EndOfTurn) else nodded).add(sum(start <= now_ms for start, _ in turn.pauses))
    waited_ms = at_ms + FRAME_MS - turn.end_ms
    return Played(len(cut), waited_ms, len(nodded), waited_ms if nod_ms is None else nod_ms - turn.end_ms)


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
    nodded_pauses: float = 0.0
    """Share of the pauses into which a sound of listening falls."""
    first_sound_p50_ms: float = 0.0
    """From the end of a turn to our first sound: that one, or the reply where the decision came first."""
    first_sound_p90_ms: float = 0.0


def measure(evidence: Sequence[Evidence], new_policy: Callable[[], EndpointPolicy], setting: float) -> Point:
    """All turns, each with a policy of its own."""
    played = [play(each, new_policy()) for each in evidence]
    pauses = sum(len(each.turn.pauses) for each in evidence)
    waits = sorted(each.dead_air_ms for each in played)
    sounds = sorted(each.first_sound_ms for each in played)
    return Point(
        setting,
        sum(each.cut_pauses for each in played) / max(1, pauses),
        sum(each.cut_pauses > 0 for each in played) / len(played),
        sum(waits) / len(waits),
        waits[len(waits) // 2],
        waits[len(waits) * 9 // 10],
        sum(each.nodded_pauses for each in played) / max(1, pauses),
        sounds[len(sounds) // 2],
        sounds[len(sounds) * 9 // 10],
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
