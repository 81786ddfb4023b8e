"""The caller of a scenario: listens to what happens on the line and decides what to say, press, or when to go.

Like a polite person it waits for the end of an utterance (its `/end` mark, or 1.5 s of silence where marks are
missing), holds back when the agent goes on, and talks over the agent only where the scenario says so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from engine.audio.mulaw import silence
from engine.clock import FRAME_MS, FRAME_SAMPLES, samples_to_ms
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.scenario import AS_OFTEN_AS_NEEDED, WAIT_KEY, Reply, Scenario

SILENCE_ENDS_UTTERANCE_MS: Final = 1500
_QUICK_RESUME_MS: Final = 300
_BETWEEN_DIGITS_MS: Final = 200
_WAIT_MS: Final = 500
_EXPECTS_AN_ANSWER: Final = ("", "consent", "ask:*", "probe:*", "repeat:*", "prompt*")
"""Labels that the default reply answers. Nobody answers a greeting that goes on, or a goodbye."""
_NEW_SUBJECT: Final = ("consent", "ask:*", "probe:*", "closing", "goodbye")
"""Labels after which an answer to what was asked before comes too late."""


@dataclass(frozen=True, slots=True)
class CallerFrame:
    """What the caller does in the next 20 ms."""

    mulaw: bytes
    digits: str = ""
    hang_up_because: str | None = None


@dataclass(slots=True)
class SpokenReply:
    """A reply as it was spoken, in samples of the line's clock."""

    text: str
    label: str
    start: int
    end: int
    audio: bytes = b""
    """As it left the caller's mouth."""


@dataclass(slots=True)
class _Intent:
    reply: Reply
    label: str
    due_ms: int


class ScriptedCaller:
    """One caller in one call. `speech` holds the audio of each reply."""

    def __init__(self, scenario: Scenario, speech: Mapping[Reply, bytes]) -> None:
        self._scenario = scenario
        self._speech = speech
        self._used: Counter[Reply] = Counter()
        self._intent: _Intent | None = None
        self._speaking: Reply | None = None
        self._left = memoryview(b"")
        self._digits: list[tuple[int, str]] = []
        self._label: str | None = None
        """Of the utterance that the agent is speaking; None while it is silent."""
        self._is_answered = False
        self._silent_since_ms: int | None = None
        self._last_sound_ms = 0
        self._goes_because: str | None = None
        self.spoken: list[SpokenReply] = []

    @property
    def is_speaking(self) -> bool:
        return self._speaking is not None

    def frame(self, at_ms: int, happenings: Sequence[Happening]) -> CallerFrame:
        """The caller's next 20 ms, from what happened since the last ones; at_ms is the line's clock."""
        for happening in happenings:
            self._notice(happening)
        self._notice_silence(at_ms)
        self._begin_if_due(at_ms)
        digits = self._digits_due(at_ms)
        mulaw = self._next_audio(at_ms)
        return CallerFrame(mulaw, digits, self._reason_to_go(at_ms))

    def _notice(self, happening: Happening) -> None:
        kind = happening.kind
        if kind in (Kind.AUDIO_BEGAN, Kind.UTTERANCE_BEGAN):
            self._silent_since_ms = None
        if kind is Kind.AUDIO_BEGAN and self._label is None:
            self._label = ""
        elif kind is Kind.AUDIO_ENDED:
            self._silent_since_ms = self._last_sound_ms = happening.at_ms
        elif kind is Kind.UTTERANCE_BEGAN:
            self._label, self._is_answered = happening.detail, False
            self._plan_interruption(happening)
        elif kind is Kind.UTTERANCE_ENDED:
            self._utterance_over(happening.detail, happening.at_ms)
        elif kind is Kind.CLEARED:
            self._label = None

    def _notice_silence(self, at_ms: int) -> None:
        """Without an end mark, silence tells that the agent is done."""
        since_ms = self._silent_since_ms
        if since_ms is not None and self._label is not None and at_ms - since_ms >= SILENCE_ENDS_UTTERANCE_MS:
            self._utterance_over(self._label, at_ms)

    def _plan_interruption(self, began: Happening) -> None:
        reply = self._matching(began.detail, interrupts=True)
        if reply is not None and reply.interrupt_after_ms is not None:
            self._is_answered = not reply.passing
            self._intend(reply, began.detail, began.at_ms + reply.interrupt_after_ms)

    def _utterance_over(self, label: str, at_ms: int) -> None:
        self._label = None
        self._last_sound_ms = max(self._last_sound_ms, at_ms)
        if self._is_answered:
            self._is_answered = False
            return
        reply = self._matching(label, interrupts=False)
        if reply is None and self._intent is not None and not _fits(label, _NEW_SUBJECT):
            self._intent.due_ms = max(self._intent.due_ms, at_ms + _QUICK_RESUME_MS)
            return
        if reply is None and _fits(label, _EXPECTS_AN_ANSWER):
            reply = self._scenario.default
        if reply is not None:
            self._intend(reply, label, at_ms + reply.after_ms)
        elif _fits(label, _NEW_SUBJECT):
            self._intent = None

    def _matching(self, label: str, *, interrupts: bool) -> Reply | None:
        """The first rule for this label that is not used up; `repeat:X` is also answered as X."""
        for wanted in (label, label.removeprefix("repeat:")):
            for reply in self._scenario.replies:
                is_left = reply.times == AS_OFTEN_AS_NEEDED or self._used[reply] < reply.times
                if is_left and fnmatchcase(wanted, reply.on) and (reply.interrupt_after_ms is not None) == interrupts:
                    return reply
        return None

    def _intend(self, reply: Reply, label: str, due_ms: int) -> None:
        self._used[reply] += 1
        self._intent = _Intent(reply, label, due_ms)

    def _begin_if_due(self, at_ms: int) -> None:
        intent = self._intent
        if intent is None or self._speaking is not None or at_ms < intent.due_ms:
            return
        if self._label is not None and intent.reply.interrupt_after_ms is None:
            return  # the agent has gone on meanwhile: wait for it to finish
        self._intent = None
        self._speaking = intent.reply
        audio = self._speech[intent.reply]
        self._left = memoryview(audio)
        self._digits = list(_when(intent.reply.digits, at_ms))
        if self._left:
            start = at_ms * FRAME_SAMPLES // FRAME_MS
            self.spoken.append(SpokenReply(intent.reply.text, intent.label, start, start + len(audio), audio))

    def _digits_due(self, at_ms: int) -> str:
        due = "".join(digit for when_ms, digit in self._digits if when_ms <= at_ms)
        self._digits = [(when_ms, digit) for when_ms, digit in self._digits if when_ms > at_ms]
        return due

    def _next_audio(self, at_ms: int) -> bytes:
        frame, self._left = self._left[:FRAME_SAMPLES], self._left[FRAME_SAMPLES:]
        if self._speaking is not None:
            self._last_sound_ms = at_ms + samples_to_ms(len(frame))
            if not self._left and not self._digits:
                if self._speaking.hang_up:
                    self._goes_because = "the scenario says so"
                self._speaking = None
        return bytes(frame) + silence(FRAME_SAMPLES - len(frame))

    def _reason_to_go(self, at_ms: int) -> str | None:
        if self._goes_because is not None:
            return self._goes_because
        if at_ms >= self._scenario.longest_call_ms:
            return "the call has lasted as long as the scenario allows"
        is_quiet = self._label is None and self._intent is None and self._speaking is None
        if is_quiet and at_ms - self._last_sound_ms >= self._scenario.patience_ms:
            return "nothing was heard for too long"
        return None


def _when(digits: str, at_ms: int) -> Iterator[tuple[int, str]]:
    """When each key is pressed; a w is half a second of waiting."""
    for digit in digits:
        if digit == WAIT_KEY:
            at_ms += _WAIT_MS
        else:
            yield at_ms, digit
            at_ms += _BETWEEN_DIGITS_MS


def _fits(label: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(label, pattern) for pattern in patterns)
