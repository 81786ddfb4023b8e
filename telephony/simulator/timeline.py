"""A call as the caller heard it: who spoke when, how long the gaps were, who interrupted whom."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any, Final, Protocol

from engine.audio import levels, mulaw
from engine.clock import FRAME_SAMPLES, samples_to_ms
from engine.dialogue.playback import NOD
from telephony.reply_clock import GIVING_WAY_FACT, REPLY_FACT
from telephony.simulator.caller import SpokenReply
from telephony.simulator.happenings import Happening, Kind, parse_mark
from telephony.simulator.line import PlayedSpan, SimulatedLine

AUDIBLE_DBFS: Final = -45.0
CUT_IN: Final = "cut_in"
"""The agent began while the caller was speaking: our fault."""
BARGE_IN: Final = "barge_in"
"""The caller began while the agent was speaking."""
LONG_SILENCE_MS: Final = 3_000
"""After the caller's last sound, before the agent's first: so long nobody should wait."""
_JUST_BEFORE_SAMPLES: Final = 100 * 8
_SAME_UTTERANCE_SAMPLES: Final = 1500 * 8

Ears = Callable[[bytes], str]
"""Transcribes mu-law audio at 8 kHz."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of one side. Times are those of the sound, without silence before and after."""

    who: str
    text: str
    label: str
    start_ms: int
    end_ms: int
    gap_ms: int | None = None
    """Agent only: since the caller's last sound; None where the caller had not spoken since, or still spoke."""
    interruption: str | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """Another engine took over; the caller should not have noticed."""

    at_ms: int
    port: str
    from_engine: str
    to_engine: str
    reason: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The turns of a call in order of their beginning, and what they come to."""

    turns: tuple[Turn, ...]
    duration_ms: int
    switches: tuple[Switch, ...] = ()
    replies: tuple[dict[str, Any], ...] = ()
    """What each step of each reply took, as the server has it: see telephony/reply_clock.py."""
    cuts: tuple[dict[str, Any], ...] = ()
    """How fast the agent fell silent, each time that the caller spoke over it. These three: see `with_log`."""

    def totals(self) -> dict[str, Any]:
        """Figures over all turns; percentiles are None where there was no gap to measure."""
        gaps_ms = sorted(turn.gap_ms for turn in self.turns if turn.gap_ms is not None)
        return {
            "turns": len(self.turns),
            "duration_ms": self.duration_ms,
            "gaps": len(gaps_ms),
            "gap_ms_p50": percentile(gaps_ms, 50),
            "gap_ms_p95": percentile(gaps_ms, 95),
            "cut_ins": sum(turn.interruption == CUT_IN for turn in self.turns),
            "long_silences": sum(gap_ms > LONG_SILENCE_MS for gap_ms in gaps_ms),
            "barge_ins": sum(turn.interruption == BARGE_IN for turn in self.turns),
        }

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "turns": [asdict(turn) for turn in self.turns],
            "switches": [asdict(switch) for switch in self.switches],
            "replies": list(self.replies),
            "cuts": list(self.cuts),
            "totals": self.totals(),
        }


@dataclass(frozen=True, slots=True)
class _Sound:
    who: str
    text: str
    label: str
    start: int
    end: int


def timeline(line: SimulatedLine, spoken: Sequence[SpokenReply], ears: Ears | None = None) -> Timeline:
    """The timeline of a call that is over.

    ears: puts the agent's audible words into text; without it the agent's text is its label.
    """
    sounds = sorted([*_of_caller(line, spoken), *_of_agent(line, ears)], key=lambda sound: sound.start)
    turns = tuple(_nod(sound, sounds, line) if sound.label == NOD else _turn(sound, sounds) for sound in sounds)
    return Timeline(turns, line.at_ms)


class Logged(Protocol):
    """A record of a call's event log."""

    at_ms: int
    kind: str
    name: str
    data: dict[str, Any]


def with_log(of_call: Timeline, records: Iterable[Logged]) -> Timeline:
    """The timeline with what only the call's event log knows: engines that took over, and where the time went."""
    facts = [record for record in records if record.kind == "fact"]
    switches = tuple(
        Switch(fact.at_ms, *(str(fact.data.get(key, "")) for key in ("port", "from", "to", "reason")))
        for fact in facts
        if fact.name == "engine_switched"
    )
    replies = tuple(fact.data for fact in facts if fact.name == REPLY_FACT)
    cuts = tuple(fact.data for fact in facts if fact.name == GIVING_WAY_FACT)
    return replace(of_call, switches=switches, replies=replies, cuts=cuts)


def percentile(values: Sequence[int], percent: int) -> int | None:
    """The nearest-rank percentile of sorted values; None for no values."""
    return values[max(0, ceil(len(values) * percent / 100) - 1)] if values else None


def audible(audio: bytes | bytearray, start: int, end: int) -> tuple[int, int] | None:
    """The first and last sample of the frames in a stretch that are louder than AUDIBLE_DBFS; None if none is."""
    loud = [
        position
        for position in range(start, end, FRAME_SAMPLES)
        if levels.rms_dbfs(mulaw.decode(bytes(audio[position : min(position + FRAME_SAMPLES, end)]))) > AUDIBLE_DBFS
    ]
    return (loud[0], min(loud[-1] + FRAME_SAMPLES, end)) if loud else None


def _of_caller(line: SimulatedLine, spoken: Sequence[SpokenReply]) -> Iterable[_Sound]:
    for reply in spoken:
        heard = audible(line.heard_caller, reply.start, min(reply.end, len(line.heard_caller)))
        if heard:
            yield _Sound("caller", reply.text, reply.label, *heard)


def _of_agent(line: SimulatedLine, ears: Ears | None) -> Iterable[_Sound]:
    for utterance in _utterances(line.spans):
        label = parse_mark(utterance[0].mark or "").label
        heard = audible(line.heard_agent, utterance[0].start, utterance[-1].end)
        if heard:
            text = ears(bytes(line.heard_agent[heard[0] : heard[1]])) if ears else label
            yield _Sound("agent", text, label, *heard)


def _utterances(spans: Sequence[PlayedSpan]) -> list[list[PlayedSpan]]:
    """Spans that belong to one utterance: by their marks, or by closeness where there are none."""
    grouped: list[list[PlayedSpan]] = []
    for span in spans:
        last = grouped[-1][-1] if grouped else None
        if last is not None and _is_same_utterance(last, span):
            grouped[-1].append(span)
        else:
            grouped.append([span])
    return grouped


def _is_same_utterance(last: PlayedSpan, span: PlayedSpan) -> bool:
    before, after = parse_mark(last.mark or ""), parse_mark(span.mark or "")
    if span.is_cut and not after.utterance and span.start == last.end:
        return True  # cut before its own mark was sent: the audio went on without a break
    if before.utterance or after.utterance:
        return before.utterance == after.utterance and not before.is_end
    return not last.is_cut and span.start - last.end < _SAME_UTTERANCE_SAMPLES


def _turn(sound: _Sound, sounds: Sequence[_Sound]) -> Turn:
    others = [other for other in sounds if other.who != sound.who and other.start <= sound.start and other is not sound]
    speaks_over = any(other.end > sound.start for other in others)
    start_ms, end_ms = samples_to_ms(sound.start), samples_to_ms(sound.end)
    if sound.who == "caller":
        return Turn("caller", sound.text, sound.label, start_ms, end_ms, None, BARGE_IN if speaks_over else None)
    if speaks_over:
        return Turn("agent", sound.text, sound.label, start_ms, end_ms, None, CUT_IN)
    return Turn("agent", sound.text, sound.label, start_ms, end_ms, _gap_ms(sound, sounds), None)


def _nod(sound: _Sound, sounds: Sequence[_Sound], line: SimulatedLine) -> Turn:
    """A sound of listening belongs into the caller's silences, within an answer too; into speech it is a cut-in."""
    begin = max(0, sound.start - _JUST_BEFORE_SAMPLES)
    is_within = any(each.who == "caller" and each.start < sound.start < each.end for each in sounds)
    if not is_within or audible(line.heard_caller, begin, sound.start) is not None:
        return _turn(sound, sounds)
    return Turn("agent", sound.text, sound.label, samples_to_ms(sound.start), samples_to_ms(sound.end))


def _gap_ms(sound: _Sound, sounds: Sequence[_Sound]) -> int | None:
    """Since the caller's last sound, if nothing of the agent's has sounded in between."""
    before = [other for other in sounds if other.start < sound.start]
    ends = [other.end for other in before if other.who == "caller"]
    answered = any(other.who == "agent" and ends and other.start >= max(ends) for other in before)
    return samples_to_ms(sound.start - max(ends)) if ends and not answered else None


def as_happening_data(happenings: Iterable[Happening]) -> list[dict[str, Any]]:
    """Happenings as JSON-ready data; marks are left out, being many."""
    dull = (Kind.MARK_PLAYED, Kind.MARK_CLEARED)
    kept = [each for each in happenings if each.kind not in dull]
    return [{"at_ms": each.at_ms, "kind": each.kind.value, "detail": each.detail} for each in kept]
