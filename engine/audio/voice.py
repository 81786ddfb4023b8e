"""Is somebody speaking? Frames of 20 ms in; `Began`, `Confirmed` and `Ended` out, on the audio clock.

Two detectors share the work. The judge is a neural network that hears every frame: what it remembers of the line is
part of its judgement, and a network that had to begin anew at each sound took more noise for speech. The gate costs
microseconds a frame and takes too much for speech; while it is shut nothing is speech, whatever the judge holds. The
judge is asked for its opinion one frame after it heard: so the windows of all calls of a process can be judged in one
go, and how late an opinion comes does not depend on how many calls there are.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.audio.levels import QUIETEST_DBFS, rms_dbfs
from engine.clock import FRAME_MS

FRAME_BYTES = 320
"""20 ms of 16-bit samples at 8 kHz."""
JUDGE_WINDOW_BYTES = 512
"""The judge hears 32 ms at a time."""


class Gate(Protocol):
    def is_speech(self, pcm: bytes) -> bool:
        """A quick opinion on one 20 ms frame; may err towards speech."""


class Judge(Protocol):
    def hear(self, pcm: bytes) -> None:
        """The next 32 ms."""

    def opinions(self) -> Sequence[float]:
        """How likely, 0 to 1, each window heard since the last time holds speech, in their order."""


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    speech_probability: float = 0.5
    """The judge's opinion from which silence turns into speech."""
    silence_probability: float = 0.35
    """The judge's opinion below which speech turns into silence."""
    gate_hold_frames: int = 15
    """The gate stays open this long after its last sign of speech."""
    margin_db: float = 3.0
    """A frame no louder than the noise floor by this much does not open the gate."""
    floor_rise_db: float = 0.02
    """How much the noise floor rises with each louder frame: 1 dB a second."""


class NoiseFloor:
    """The level of the line when nobody speaks: falls quickly, rises slowly."""

    def __init__(self, rise_db: float) -> None:
        self._rise_db = rise_db
        self.dbfs = QUIETEST_DBFS
        self._is_known = False

    def push(self, level_dbfs: float) -> None:
        """Take the level of one frame. Digital silence says nothing about the line and is passed over."""
        if level_dbfs <= QUIETEST_DBFS:
            return
        if not self._is_known:
            # Until the line has been heard for a while, nothing may be taken for its noise: a call can begin in speech.
            self.dbfs = level_dbfs - 12.0
            self._is_known = True
        elif level_dbfs < self.dbfs:
            self.dbfs += (level_dbfs - self.dbfs) / 4
        else:
            self.dbfs += self._rise_db


class GatedDetector:
    """Speech or not, frame by frame: the gate decides whether the judge is heeded. One instance per call."""

    def __init__(self, gate: Gate, judge: Judge, settings: VoiceSettings | None = None) -> None:
        self._gate = gate
        self._judge = judge
        self._settings = settings or VoiceSettings()
        self._floor = NoiseFloor(self._settings.floor_rise_db)
        self._pending = b""
        self._frames_open = 0
        self._is_speech = False
        """As the judge has it."""

    @property
    def noise_floor_dbfs(self) -> float:
        """What the line sounds like when nobody speaks."""
        return self._floor.dbfs

    def is_speech(self, pcm: bytes) -> bool:
        """What is known of the moment before this frame. pcm: 20 ms, 320 bytes; ValueError for any other length."""
        if len(pcm) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes, not {len(pcm)}")
        self._heed()
        self._pending += pcm
        if len(self._pending) >= JUDGE_WINDOW_BYTES:
            self._judge.hear(self._pending[:JUDGE_WINDOW_BYTES])
            self._pending = self._pending[JUDGE_WINDOW_BYTES:]
        level_dbfs = rms_dbfs(pcm)
        floor = self._floor
        floor.push(level_dbfs)
        if level_dbfs > floor.dbfs + self._settings.margin_db and self._gate.is_speech(pcm):
            self._frames_open = self._settings.gate_hold_frames
        elif self._frames_open:
            self._frames_open -= 1
        return self._is_speech and self._frames_open > 0

    def _heed(self) -> None:
        """Take over the judge's opinions on what it heard up to the frame before."""
        settings = self._settings
        for probability in self._judge.opinions():
            self._is_speech = probability >= (
                settings.silence_probability if self._is_speech else settings.speech_probability
            )


@dataclass(frozen=True, slots=True)
class Began:
    began_ms: int
    """Audio time at which speech began, the detector's lag taken off."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """So much speech is more than a cough or an "mm-hm"."""

    began_ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    ended_ms: int
    """Audio time at which speech ended, the detector's lag taken off."""


VoiceChange = Began | Confirmed | Ended


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    onset_frames: int = 3
    """Speech frames, among the last `onset_window_ms`, that make a beginning."""
    onset_window_ms: int = 120
    confirm_ms: int = 300
    """Speech in all, since it began, that confirms it."""
    release_ms: int = 200
    """Time without speech that makes an end."""
    onset_lag_ms: int = 60
    release_lag_ms: int = 120
    """How late the judge's opinion on a beginning and an end is known (medians on recorded speech: 60 and 140 ms)."""


class SpeechTracker:
    """Turns the detector's frames into beginnings and ends, so that single frames neither start nor end anything.

    The order is always Began, at most one Confirmed, Ended. Frames missing from the line count as silence.
    """

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._onsets: deque[int] = deque(maxlen=self._settings.onset_frames)
        self._is_speaking = False
        self._began_ms = 0
        self._speech_ms = 0
        self._is_confirmed = False
        self._last_end_ms = 0
        self._ended_ms = 0

    @property
    def is_speaking(self) -> bool:
        """Speech has begun and not ended yet."""
        return self._is_speaking

    def push(self, is_speech: bool, at_ms: int) -> tuple[VoiceChange, ...]:
        """Take one frame; at_ms is the audio time of its first sample and never goes back."""
        if not is_speech:
            if self._is_speaking and at_ms + FRAME_MS - self._last_end_ms >= self._settings.release_ms:
                return (self._end(),)
            return ()
        changes: tuple[VoiceChange, ...] = ()
        if self._is_speaking and at_ms - self._last_end_ms >= self._settings.release_ms:
            changes = (self._end(),)
        if self._is_speaking:
            self._speech_ms += FRAME_MS
            self._last_end_ms = at_ms + FRAME_MS
        else:
            changes += self._knock(at_ms)
        if self._is_speaking and not self._is_confirmed and self._speech_ms >= self._settings.confirm_ms:
            self._is_confirmed = True
            changes += (Confirmed(self._began_ms),)
        return changes

    def _knock(self, at_ms: int) -> tuple[VoiceChange, ...]:
        """One more speech frame while silence reigns: enough of them close together are a beginning."""
        onsets = self._onsets
        onsets.append(at_ms)
        while onsets[0] <= at_ms - self._settings.onset_window_ms:
            onsets.popleft()
        if len(onsets) < self._settings.onset_frames:
            return ()
        self._is_speaking = True
        self._is_confirmed = False
        # Never back into the speech before, nor before the call.
        self._began_ms = max(self._ended_ms, onsets[0] - self._settings.onset_lag_ms)
        self._speech_ms = FRAME_MS * len(onsets)
        self._last_end_ms = at_ms + FRAME_MS
        onsets.clear()
        return (Began(self._began_ms),)

    def _end(self) -> Ended:
        self._is_speaking = False
        # A short word may be over before the lag is: at least its own frames were heard.
        self._ended_ms = max(self._began_ms + self._speech_ms // 2, self._last_end_ms - self._settings.release_lag_ms)
        return Ended(self._ended_ms)
