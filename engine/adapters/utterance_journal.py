"""What a recogniser was given and has not answered for yet, so that another one can be given it again.

Audio, and what was said about it, in the order in which it came. What a final covers is forgotten; so is silence,
but for the last moments. Values in, values out.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from engine.audio import mulaw as codec
from engine.audio.levels import rms
from engine.clock import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, samples_to_ms

LONGEST_S: Final = 60.0
_PRE_ROLL_MS: Final = 400
"""Kept from before the beginning of speech."""
_SILENCE_KEPT_MS: Final = 2000
"""Kept while nobody speaks: a beginning is reported some time after it."""
_HANGOVER_MS: Final = 400
"""Speech may end this much after the last word that was heard in it: the voice detector lets go late."""
_BEFORE_EDGE_MS, _AFTER_EDGE_MS = 60, 160
"""Around the end of the last word, where the quietest spot is looked for."""


@dataclass(frozen=True, slots=True)
class Audio:
    mulaw: bytes
    at_ms: int

    @property
    def ends_ms(self) -> int:
        return self.at_ms + samples_to_ms(len(self.mulaw))


@dataclass(frozen=True, slots=True)
class Began:
    at_ms: int


@dataclass(frozen=True, slots=True)
class Paused:
    at_ms: int


@dataclass(frozen=True, slots=True)
class Finish:
    request: int


Entry = Audio | Began | Paused | Finish


class UtteranceJournal:
    """One call's. Entries carry running numbers, so that whoever replays them knows how far it came."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self.lost_ms = 0
        """Audio that had to be dropped before it was answered for, since the last `is_settled`."""
        self.unanswered: deque[int] = deque()
        """Requests to finish, in order."""
        self._longest = round(longest_s * SAMPLE_RATE_HZ)
        self._entries: deque[Entry] = deque()
        self._first = 0
        self._samples = 0
        self._covered_ms = 0
        self._voices: deque[list[int | None]] = deque()
        """Begin and end of the speech that is not covered; the last may be going on."""
        self._now_ms = 0

    @property
    def is_speaking(self) -> bool:
        return bool(self._voices) and self._voices[-1][1] is None

    @property
    def is_settled(self) -> bool:
        """Nobody speaks, and nothing said is left to be told."""
        return not self._voices and not self.unanswered

    @property
    def speaking_since_ms(self) -> int | None:
        return self._voices[-1][0] if self.is_speaking else None

    @property
    def now_ms(self) -> int:
        return self._now_ms

    def audio(self, mulaw: bytes, at_ms: int) -> None:
        entry = Audio(mulaw, at_ms)
        self._entries.append(entry)
        self._samples += len(mulaw)
        self._now_ms = max(self._now_ms, entry.ends_ms)
        self._forget()

    def began(self, at_ms: int) -> None:
        if not self.is_speaking:
            self._voices.append([at_ms, None])
        self._entries.append(Began(at_ms))

    def paused(self, at_ms: int) -> None:
        if self.is_speaking:
            self._voices[-1][1] = at_ms
        self._entries.append(Paused(at_ms))

    def finish(self, request: int) -> None:
        self.unanswered.append(request)
        self._entries.append(Finish(request))

    def heard_until(self, end_ms: int) -> None:
        """A final covers everything up to the end of its last word."""
        self._covered_ms = max(self._covered_ms, self._quietest_after(end_ms))
        while self._voices and (ended_ms := self._voices[0][1]) is not None and ended_ms <= end_ms + _HANGOVER_MS:
            self._voices.popleft()
        self._forget()

    def answered(self, request: int) -> None:
        """Everything before this request to finish has been told, and every request before it is void."""
        if request not in self.unanswered:
            return
        while self.unanswered and self.unanswered.popleft() != request:
            continue
        while self._entries:
            entry = self._take_first()
            if isinstance(entry, Audio):
                self._covered_ms = max(self._covered_ms, entry.ends_ms)
            if entry == Finish(request):
                break
        was_speaking_since_ms = self.speaking_since_ms
        while self._voices and (ended := self._voices[0][1]) is not None and ended <= self._covered_ms + _HANGOVER_MS:
            self._voices.popleft()
        if was_speaking_since_ms is not None and was_speaking_since_ms < self._covered_ms:
            self._voices[-1][0] = self._covered_ms

    def since(self, number: int) -> tuple[int, tuple[Entry, ...]]:
        """Everything held from this number on, and the number that comes next.

        From 0 on, speech that had begun before what is held begins again.
        """
        found = tuple(islice(self._entries, max(0, number - self._first), None))
        if number == 0:
            found = (*self._opening(), *found)
        return self._first + len(self._entries), found

    def forget_lost(self) -> int:
        """How much was lost since this was last asked."""
        lost_ms, self.lost_ms = self.lost_ms, 0
        return lost_ms

    def _opening(self) -> Iterator[Entry]:
        """The beginning of speech whose own mark is gone."""
        for entry in self._entries:
            if isinstance(entry, Began):
                return
            if isinstance(entry, Paused):
                break
        if self._voices and (began_ms := self._voices[0][0]) is not None:
            yield Began(max(began_ms, self._covered_ms))

    def _forget(self) -> None:
        began_ms = self._voices[0][0] if self._voices else None
        silent_until_ms = self._now_ms - _SILENCE_KEPT_MS
        wanted_ms = silent_until_ms if began_ms is None else min(silent_until_ms, began_ms - _PRE_ROLL_MS)
        keep_from_ms = max(self._covered_ms, wanted_ms)
        while self._entries and self._is_spent(self._entries[0], keep_from_ms):
            self._take_first()
        while self._samples > self._longest:
            entry = self._take_first()
            if isinstance(entry, Audio):
                self.lost_ms += samples_to_ms(len(entry.mulaw))
            elif isinstance(entry, Finish) and entry.request in self.unanswered:
                self._entries.append(entry)

    def _is_spent(self, entry: Entry, keep_from_ms: int) -> bool:
        match entry:
            case Audio():
                return entry.ends_ms <= keep_from_ms
            case Finish(request):
                return request not in self.unanswered
        return entry.at_ms <= keep_from_ms

    def _take_first(self) -> Entry:
        entry = self._entries.popleft()
        self._first += 1
        if isinstance(entry, Audio):
            self._samples -= len(entry.mulaw)
        return entry

    def _quietest_after(self, end_ms: int) -> int:
        """Where to cut near the end of a word: recognisers are not exact, and half a word would be heard as one."""
        best_ms, least = end_ms, None
        for entry in self._entries:
            if not isinstance(entry, Audio) or entry.ends_ms <= end_ms - _BEFORE_EDGE_MS:
                continue
            if entry.at_ms > end_ms + _AFTER_EDGE_MS:
                break
            for start in range(0, len(entry.mulaw), FRAME_SAMPLES):
                level = rms(codec.decode(entry.mulaw[start : start + FRAME_SAMPLES]))
                if least is None or level < least:
                    best_ms, least = entry.at_ms + samples_to_ms(start) + FRAME_MS // 2, level
        return best_ms
