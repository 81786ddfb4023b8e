"""A report's data arranged for its page. Pure: dictionaries in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.evaluation.verdict import STEPS

DOUBTFUL_BELOW = 0.6
"""Recogniser's confidence under which a word is shaded."""


@dataclass(frozen=True, slots=True)
class ShownWord:
    text: str
    start_ms: int
    is_doubtful: bool
    is_proof: bool
    """It belongs to a quote that some finding rests on."""
    heard: str = ""
    """What the recogniser wrote where a term was put right; empty for words as they were recognised."""


@dataclass(frozen=True, slots=True)
class ScoreLook:
    """A score as a pill: word, sign and colour."""

    word: str
    icon: str
    kind: str


def shown_words(question: Mapping[str, Any]) -> list[ShownWord]:
    """The words of an answer with what the page marks about them; empty where there are no timed words."""
    proofs = _proof_spans(question.get("grade") or {})
    # Reports of earlier versions hold no corrections.
    heard = {int(each["word"]): str(each["heard"]) for each in question["answer"].get("corrections") or ()}
    return [
        ShownWord(
            text=str(word["text"]),
            start_ms=int(word["start_ms"]),
            is_doubtful=float(word["confidence"]) < DOUBTFUL_BELOW,
            is_proof=any(start <= index < end for start, end in proofs),
            heard=heard.get(index, ""),
        )
        for index, word in enumerate(question["answer"]["words"])
    ]


def _proof_spans(grade: Mapping[str, Any]) -> list[tuple[int, int]]:
    evidences = [point.get("evidence") for point in grade.get("points", ())]
    return [
        (int(evidence["start_word"]), int(evidence["end_word"]))
        for evidence in evidences
        if evidence and evidence.get("start_word") is not None and evidence.get("end_word") is not None
    ]


def score_look(score: float | None) -> ScoreLook:
    """How a score of 0 to 100 reads, by the steps of the verdict."""
    if score is None:
        return ScoreLook("No score", "circle-slash", "plain")
    word = next(word for start, word in STEPS if score >= start)
    kind = {"Strong": "ok", "Good": "ok", "Mixed": "warn", "Weak": "bad"}.get(word, "plain")
    icon = {"ok": "circle-check", "warn": "circle-dot", "bad": "circle-minus"}.get(kind, "circle-slash")
    return ScoreLook(word, icon, kind)


def grade_look(question: Mapping[str, Any]) -> ScoreLook:
    """The outcome of one question as a pill."""
    grade = question.get("grade")
    if not grade:
        return ScoreLook(
            "Not answered" if question["answer"]["state"] is None else "Not graded yet", "circle-slash", "plain"
        )
    if grade["state"] == "declined":
        return ScoreLook("Declined", "circle-slash", "plain")
    if grade["state"] == "not_assessable":
        return ScoreLook("Not assessable", "circle-question-mark", "plain")
    return score_look(grade["score"])


def scale_steps() -> list[tuple[float, float, str]]:
    """(from, to, word) of each step of the verdict, lowest first."""
    steps = sorted(STEPS)
    ends = [start for start, _ in steps[1:]] + [100.0]
    return [(start, end, word) for (start, word), end in zip(steps, ends, strict=True)]


def duration_of(facts: Mapping[str, Any]) -> timedelta | None:
    """From the first call's beginning to the interview's end."""
    try:
        return datetime.fromisoformat(facts["ended_at"]) - datetime.fromisoformat(facts["started_at"])
    except (KeyError, TypeError, ValueError):
        return None


def calls_in_order(body: Mapping[str, Any]) -> list[str]:
    """Ids of the calls that the report quotes from, in the order of what was said."""
    ids: Iterable[str | None] = [turn.get("call_id") for turn in body.get("turns", ())]
    answers: Sequence[Mapping[str, Any]] = [question["answer"] for question in body.get("questions", ())]
    return [call_id for call_id in dict.fromkeys([*ids, *(answer.get("call_id") for answer in answers)]) if call_id]


def figures_of(quality: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Line quality as (name, value) rows; what is nested or empty is left out."""
    rows = []
    for name, value in quality.items():
        if isinstance(value, bool):
            rows.append((name, "yes" if value else "no"))
        elif isinstance(value, int | float | str) and value != "":
            rows.append((name, f"{value:g}" if isinstance(value, float) else str(value)))
    return [_with_unit(name, value) for name, value in rows]


_UNITS = {
    "_ms": " ms",
    "_s": " s",
    "_dbfs": " dBFS",
    "_db": " dB",
    "_hz": " Hz",
    "_percent": " %",
    "_pct": " %",
    "_bytes": " bytes",
}


def _with_unit(name: str, value: str) -> tuple[str, str]:
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return name.removesuffix(ending).replace("_", " ").capitalize(), value + unit
    return name.replace("_", " ").capitalize(), value
