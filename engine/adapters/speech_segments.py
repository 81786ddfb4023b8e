"""Cuts a call's audio into the segments that a batch recogniser transcribes. Bytes and times in, segments out."""

from dataclasses import dataclass
from typing import Final

from engine.audio import mulaw
from engine.audio.levels import rms
from engine.clock import ms_to_samples, samples_to_ms

PRE_ROLL_MS: Final = 300
"""Taken from before the beginning of speech, so that no first sound is lost."""
POST_ROLL_MS: Final = 200
"""Taken from after its end."""
SHORTEST_VOICED_MS: Final = 150
"""Less is a click or a breath, and Whisper makes words of it."""
LONGEST_MS: Final = 12_000
"""Speech without a pause is cut at its quietest spot after this time."""
_CUT_SEARCH_MS: Final = 4000
_CUT_WINDOW_MS: Final = 100
_CUT_MARGIN_MS: Final = 500
_KEPT_MS: Final = 1500
"""Audio kept while nobody speaks: beginnings of speech are reported late."""
_LONGEST_GAP_MS: Final = 5000


@dataclass(frozen=True, slots=True)
class Segment:
    """Audio to transcribe, and where the speech in it lies on the call's clock."""

    mulaw: bytes
    start_ms: int
    """Audio time of the first sample."""
    began_ms: int
    ended_ms: int


class SegmentBuffer:
    """The recent audio of one call. Bounded: silence is forgotten, long speech is cut."""

    def __init__(self) -> None:
        self._audio = bytearray()
        self._from_ms = 0
        self._began_ms: int | None = None
        self._taken_ms = 0
        """Audio before this time has gone into a segment already."""

    @property
    def now_ms(self) -> int:
        """Audio time up to which audio has come."""
        return self._from_ms + samples_to_ms(len(self._audio))

    @property
    def is_open(self) -> bool:
        """Speech is going on."""
        return self._began_ms is not None

    def send(self, audio: bytes, at_ms: int) -> Segment | None:
        """Take the next audio. Lost frames become silence, repeated ones are dropped.

        Returns a segment when speech has gone on for too long without a pause.
        """
        gap_ms = at_ms - self.now_ms
        if not self._audio or gap_ms > _LONGEST_GAP_MS:
            self._audio.clear()
            self._from_ms = at_ms
            self._began_ms = at_ms if self.is_open else None
        elif gap_ms > 0:
            self._audio += mulaw.silence(ms_to_samples(gap_ms))
        self._audio += audio[ms_to_samples(max(0, -gap_ms)) if self._audio else 0 :]
        if self._began_ms is None:
            self._forget(self.now_ms - _KEPT_MS)
            return None
        return self._cut() if self.now_ms - self._began_ms >= LONGEST_MS else None

    def begin(self, at_ms: int) -> None:
        """Speech began at this audio time; a second beginning changes nothing."""
        if self._began_ms is None:
            self._began_ms = max(self._from_ms, self._taken_ms, min(at_ms, self.now_ms))

    def pause(self, at_ms: int) -> Segment | None:
        """Speech ended at this audio time. None when none was going on, or too little of it."""
        began_ms = self._began_ms
        if began_ms is None:
            return None
        ended_ms = max(began_ms, min(at_ms, self.now_ms))
        segment = self._segment(began_ms, ended_ms, ended_ms + POST_ROLL_MS)
        self._began_ms = None
        self._forget(self.now_ms - _KEPT_MS)
        return segment if ended_ms - began_ms >= SHORTEST_VOICED_MS else None

    def so_far(self) -> Segment | None:
        """The speech that is going on, up to now; it stays open."""
        if self._began_ms is None:
            return None
        taken_ms = self._taken_ms
        segment = self._segment(self._began_ms, self.now_ms, self.now_ms)
        self._taken_ms = taken_ms
        return segment

    @property
    def began_ms(self) -> int | None:
        """When the speech began that is going on."""
        return self._began_ms

    def _segment(self, began_ms: int, ended_ms: int, until_ms: int) -> Segment:
        start_ms = max(self._from_ms, self._taken_ms, began_ms - PRE_ROLL_MS)
        end_ms = max(start_ms, min(until_ms, self.now_ms))
        audio = self._audio[ms_to_samples(start_ms - self._from_ms) : ms_to_samples(end_ms - self._from_ms)]
        self._taken_ms = end_ms
        return Segment(bytes(audio), start_ms, began_ms, ended_ms)

    def _cut(self) -> Segment:
        """What was said up to the quietest spot of the last seconds; the rest goes on as open speech."""
        search_from_ms = self.now_ms - _CUT_SEARCH_MS
        spots = range(search_from_ms, self.now_ms - _CUT_MARGIN_MS, _CUT_WINDOW_MS // 2)
        cut_ms = min(spots, key=self._loudness) + _CUT_WINDOW_MS // 2
        began_ms = self._began_ms if self._began_ms is not None else search_from_ms
        segment = self._segment(began_ms, cut_ms, cut_ms)
        self._began_ms = cut_ms
        self._forget(cut_ms)
        return segment

    def _loudness(self, at_ms: int) -> int:
        start = ms_to_samples(at_ms - self._from_ms)
        return rms(mulaw.decode(bytes(self._audio[start : start + ms_to_samples(_CUT_WINDOW_MS)])))

    def _forget(self, before_ms: int) -> None:
        spent_ms = min(before_ms, self.now_ms) - self._from_ms
        # In steps of a second, so that not every frame moves the whole buffer.
        if spent_ms >= 1000:
            del self._audio[: ms_to_samples(spent_ms)]
            self._from_ms += spent_ms
