"""What of a stream has been heard: each stretch once, in order, on the call's clock. Values in, values out."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.adapters.stream_clock import StreamClock
from engine.adapters.wire_messages import WireHeard, WireTurn, WireWord
from engine.ports import FinalHeard, PartialHeard, TurnHint
from engine.transcript import Transcript, Word

_SAME_PLACE_S: Final = 0.02
_STEP_S: Final = 0.001
_FINISH_MARGIN_S: Final = 0.3
"""A final may end this much before the request that it answers: recognisers work in steps of their own."""
_UNHEARD_VOICE_MS: Final = 250
"""Voice of less than this, all told, that no final covers may be a cough; a short yes lasts longer."""
_ANY_VOICE_MS: Final = 60
"""The same where the recogniser owes an answer for coughs as well."""
_MOST_VOICES: Final = 256


@dataclass(slots=True)
class _Voice:
    began_ms: int
    ended_ms: int | None = None


class HeardLedger:
    """Finals by the place that they cover on the stream: what is covered already is not heard again."""

    def __init__(self) -> None:
        self.clock = StreamClock()
        self._covered_s = 0.0
        self._last_turn = -1
        self._seen_s = 0.0
        """Up to here some message spoke of the stream."""
        self._pending = ""
        """Text that no final has confirmed yet."""
        self._voices: deque[_Voice] = deque(maxlen=_MOST_VOICES)
        """Speech by the voice detector that finals have not covered yet; the last may be going on."""

    def voice(self, at_ms: int, *, is_speaking: bool) -> None:
        """The voice detector heard speech begin or end."""
        if not is_speaking:
            if self._voices and self._voices[-1].ended_ms is None:
                self._voices[-1].ended_ms = at_ms
        elif not self._is_speaking:
            self._voices.append(_Voice(at_ms))

    def take(self, event: WireHeard | WireTurn) -> Iterator[PartialHeard | FinalHeard | TurnHint]:
        """What is new in a message."""
        if isinstance(event, WireHeard):
            yield from self._take_words(event)
        if event.hint is not None:
            yield TurnHint(event.hint, self.clock.to_call_ms(event.end_s, is_end=True))

    def _take_words(self, heard: WireHeard) -> Iterator[PartialHeard | FinalHeard]:
        self._seen_s = max(self._seen_s, heard.end_s)
        is_old = heard.end_s <= self._covered_s + _SAME_PLACE_S if heard.turn is None else heard.turn <= self._last_turn
        if not heard.is_final:
            if not is_old:
                self._pending = heard.text
                if heard.text:
                    end_ms = self._placed(heard.words[-1]).end_ms if heard.words else None
                    yield PartialHeard(heard.text, end_ms)
            return
        new = None if is_old else self._uncovered(heard)
        if not is_old:
            self._pending = ""
            self._last_turn = -1 if heard.turn is None else heard.turn
        self._covered_s = max(self._covered_s, heard.end_s)
        self._forget_heard_voices()
        if new is not None and new.text:
            yield FinalHeard(Transcript(new.text, tuple(self._placed(word) for word in new.words)))

    def has_covered(self, stream_s: float, *, margin_s: float = _FINISH_MARGIN_S) -> bool:
        """Finals reach to this place of the stream, or almost."""
        return self._covered_s > 0 and self._covered_s >= stream_s - margin_s - _STEP_S

    def is_settled(self, stream_s: float) -> bool:
        """Nothing before this place of the stream is left to be told."""
        if self._pending:
            return False
        if self._seen_s >= stream_s - _FINISH_MARGIN_S:
            return True
        voice = self._voices[-1] if self._voices else None
        return voice is not None and voice.ended_ms is not None and self._covered_ms() >= voice.ended_ms

    def is_missing_speech(self, *, owes_answer: bool = False) -> bool:
        """Something was said that no final tells. owes_answer: the recogniser sends one whatever it was."""
        covered_ms, now_ms = self._covered_ms(), self.clock.now_ms
        unheard_ms = 0
        for voice in self._voices:
            ended_ms = now_ms if voice.ended_ms is None else voice.ended_ms
            unheard_ms += max(0, ended_ms - max(covered_ms, voice.began_ms))
        least_ms = _ANY_VOICE_MS if owes_answer else _UNHEARD_VOICE_MS
        return bool(self._pending) or unheard_ms >= least_ms

    def waits_ms(self) -> int:
        """Speech that was sent since the stream was last spoken of; 0 while nobody speaks."""
        if not self._is_speaking:
            return 0
        seen_ms = self.clock.to_call_ms(self._seen_s, is_end=True)
        return self.clock.now_ms - max(seen_ms, self._voices[-1].began_ms)

    @property
    def _is_speaking(self) -> bool:
        return bool(self._voices) and self._voices[-1].ended_ms is None

    def _covered_ms(self) -> int:
        return self.clock.to_call_ms(self._covered_s, is_end=True)

    def _forget_heard_voices(self) -> None:
        covered_ms = self._covered_ms()
        while len(self._voices) > 1 and (self._voices[0].ended_ms or 0) <= covered_ms:
            self._voices.popleft()

    def _uncovered(self, heard: WireHeard) -> WireHeard:
        """The part of a final that no earlier final told."""
        if heard.turn is not None or heard.start_s >= self._covered_s - _SAME_PLACE_S:
            return heard
        words = tuple(word for word in heard.words if word.start_s >= self._covered_s - _SAME_PLACE_S)
        return WireHeard(" ".join(word.text for word in words), words, self._covered_s, heard.end_s, is_final=True)

    def _placed(self, word: WireWord) -> Word:
        start_ms = self.clock.to_call_ms(word.start_s)
        end_ms = self.clock.to_call_ms(word.end_s, is_end=True)
        return Word(word.text, start_ms, max(start_ms, end_ms), word.confidence)
