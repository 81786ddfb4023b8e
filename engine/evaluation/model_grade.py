"""What a language model proposes about an answer, and how much of it is accepted.

The model proposes, code disposes: a quote must stand in the transcript, a level must have a quote, and the offline
grade stays beside it. Where the two are far apart the band widens and a person is asked to look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import EvidenceError
from engine.evaluation.evidence import Evidence, locate
from engine.evaluation.feedback import remarks
from engine.evaluation.grade import AnswerGrade, CriterionGrade, PointFinding
from engine.evaluation.pleas import has_plea
from engine.evaluation.prompts import EVALUATION_VERSION
from engine.evaluation.rubric import LEVELS, Rubric
from engine.transcript import Transcript

LEVEL_SCORES = (5.0, 22.5, 47.5, 72.5, 92.5)
"""Middle of the range of scores that the offline grader reads as this level."""
HALF_BAND = 15.0
"""A single answer's usual error: models err by most of a level against people."""
DISAGREEMENT_POINTS = 30.0
FEWEST_QUOTE_WORDS = 2
"""A single word stands in most transcripts, and proves nothing."""
LOWEST_LEVEL = 1
_AGREED_CONFIDENCE = 0.8
_DISAGREED_CONFIDENCE = 0.4
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class ProvenQuote:
    """A quote that was found in the transcript."""

    evidence: Evidence
    key_point: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is left of a model's judgement after checking."""

    level: int | None
    """None where the model could not tell, or where nothing it quoted was said."""
    quotes: tuple[ProvenQuote, ...]
    reason: str
    rejected_quotes: int


def read_proposal(data: Mapping[str, Any], transcript: Transcript, key_points: Sequence[str]) -> Proposal:
    """A reply in the form of CRITERION_SCHEMA, checked against the transcript.

    A level above the lowest needs a proven quote. The lowest says that nothing was found, so it needs none; but when
    quotes were given and none is true, no level of that reply is believed.
    """
    proven = []
    rejected = 0
    for item in data["quotes"]:
        evidence = _proof(str(item["quote"]), transcript)
        if evidence is None:
            rejected += 1
        else:
            point = item["key_point"] if item["key_point"] in key_points else None
            proven.append(ProvenQuote(evidence, point))
    level = data["level"]
    is_believed = bool(proven) or (level == LOWEST_LEVEL and not rejected)
    is_level = isinstance(level, int) and not isinstance(level, bool) and LOWEST_LEVEL <= level <= LEVELS
    reason = " ".join(str(data["reason"]).split())[:_LONGEST_REASON]
    return Proposal(level if is_level and is_believed else None, tuple(proven), reason, rejected)


def combined(offline: AnswerGrade, proposals: Mapping[str, Proposal], rubric: Rubric, *, model: str) -> AnswerGrade:
    """The offline grade with the accepted levels in place of its own.

    proposals: by criterion; one that is absent or without a level leaves the offline level, and says so in a flag.
    A grade without a score (declined, not assessable) is returned as it is.
    """
    if offline.score is None:
        return offline
    criteria = tuple(_criterion(each, proposals.get(each.criterion), rubric) for each in offline.criteria)
    replaced = [each for each in offline.criteria if _has_level(proposals.get(each.criterion))]
    if not replaced:
        return replace(offline, flags=(*offline.flags, "model_without_proof"))
    score = round(sum(each.score * each.weight for each in criteria) / 100, 2)
    is_disputed = abs(score - offline.score) >= DISAGREEMENT_POINTS
    flags = _flags(offline, proposals, len(replaced), is_disputed=is_disputed)
    points = tuple(_point(point, proposals.values()) for point in offline.points)
    said = remarks(points, offline.contradictions, flags)
    low, high = _band(score, offline, is_disputed=is_disputed)
    return replace(
        offline,
        score=score,
        low=low,
        high=high,
        grader=f"model:{model}",
        grader_version=EVALUATION_VERSION,
        points=points,
        criteria=criteria,
        feedback=said.feedback,
        strengths=said.strengths,
        improvements=said.improvements,
        study=said.study,
        needs_follow_up=offline.needs_follow_up or is_disputed,
        confidence=_DISAGREED_CONFIDENCE if is_disputed else _AGREED_CONFIDENCE,
        reasoning=_reasoning(offline, proposals, rubric),
        flags=flags,
    )


def _proof(quote: str, transcript: Transcript) -> Evidence | None:
    """Where the quote stands; None for what was not said, for crumbs, and for words addressed to the grader."""
    if len(quote.split()) < FEWEST_QUOTE_WORDS or has_plea(quote):
        return None
    try:
        return locate(quote, transcript)
    except EvidenceError:
        return None


def _has_level(proposal: Proposal | None) -> bool:
    return proposal is not None and proposal.level is not None


def _criterion(offline: CriterionGrade, proposal: Proposal | None, rubric: Rubric) -> CriterionGrade:
    if proposal is None or proposal.level is None:
        return offline
    anchors = next(each.anchors for each in rubric.criteria if each.id == offline.criterion)
    return replace(
        offline,
        score=LEVEL_SCORES[proposal.level - 1],
        level=proposal.level,
        anchor=anchors[proposal.level - 1],
        evidence=proposal.quotes[0].evidence if proposal.quotes and proposal.level > LOWEST_LEVEL else None,
    )


def _point(point: PointFinding, proposals: Sequence[Proposal] | Any) -> PointFinding:
    """A point that the words alone did not show, but that the model found and proved, counts as touched on."""
    if point.status != "missed":
        return point
    for proposal in proposals:
        for quote in proposal.quotes:
            if quote.key_point == point.key_point and proposal.level is not None and proposal.level > LOWEST_LEVEL:
                return replace(point, status="partly", evidence=quote.evidence)
    return point


def _flags(
    offline: AnswerGrade, proposals: Mapping[str, Proposal], replaced: int, *, is_disputed: bool
) -> tuple[str, ...]:
    raised = {
        "graders_disagree": is_disputed,
        "false_quotes": any(proposal.rejected_quotes for proposal in proposals.values()),
        "partly_offline": replaced < len(offline.criteria),
    }
    return (*offline.flags, *(flag for flag, is_raised in raised.items() if is_raised))


def _band(score: float, offline: AnswerGrade, *, is_disputed: bool) -> tuple[float, float]:
    """The usual error round the score; where the graders disagree, far enough to hold what the other one said."""
    low, high = score - HALF_BAND, score + HALF_BAND
    if is_disputed and offline.score is not None:
        low, high = min(low, offline.score), max(high, offline.score)
    return round(max(0.0, low), 2), round(min(100.0, high), 2)


def _reasoning(offline: AnswerGrade, proposals: Mapping[str, Proposal], rubric: Rubric) -> str:
    parts = [
        f"{criterion.name}: {proposals[criterion.id].reason}"
        for criterion in rubric.criteria
        if criterion.id in proposals and proposals[criterion.id].level is not None
    ]
    return (
        "A language model proposed the levels; its quotes were checked against the transcript. "
        + " ".join(parts)
        + f" By key words alone the answer would have {offline.score:g} points."
    )
