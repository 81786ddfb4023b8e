"""Plays labelled turns to an endpoint policy as a call would, and counts cut-offs and dead air.

Any number of policies can be played on the same evidence (benchmarks/turn_evidence.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from benchmarks.turn_evidence import SILENT_FRAME, VOTE_LATENCY_MS, Evidence
from engine.audio.endpoint import EndOfTurn, EndpointPolicy
from engine.clock import FRAME_MS

_GIVE_UP_MS: Final = 12_000


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


def play(evidence: Evidence, policy: EndpointPolicy) -> Played:
    """One turn, as a call of its own. A policy that has cut the turn off is played on: each pause is judged."""
    turn = evidence.turn
    policy.attend(turn.kind, 0)
    cut: set[int] = set()
    nodded: set[int] = set()
    nod_ms: int | None = None
    known, votes = list(reversed(evidence.known)), list(reversed(evidence.votes))
    last = (turn.end_ms + _GIVE_UP_MS) // FRAME_MS
    heard = len(evidence.frames)
    at_ms = 0
    for index in range(last):
        at_ms = index * FRAME_MS
        while known and known[-1].at_ms <= at_ms:
            word = known.pop()
            policy.read(word.text, word.at_ms, word.covers_ms)
        while votes and votes[-1].ended_ms + VOTE_LATENCY_MS <= at_ms:
            vote = votes.pop()
            policy.vote(vote.share, vote.ended_ms)
        frame, is_speech = (evidence.frames[index], evidence.speech[index]) if index < heard else (SILENT_FRAME, False)
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
