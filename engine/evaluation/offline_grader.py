"""Grading without a language model: which key points were mentioned, each proven by the candidate's own words.

It measures whether the points were mentioned, not whether what was said is true; docs/grading.md states its limits.
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.evaluation import gates
from engine.evaluation.credit import HIT_FROM, PARTLY_FROM, Status, credit, heaviest_first, status, weighted_share
from engine.evaluation.evidence import Evidence, locate
from engine.evaluation.feedback import Remarks, remarks, remarks_without_score
from engine.evaluation.grade import AnswerGrade, Contradiction, CriterionGrade, PointFinding
from engine.evaluation.matching import AnswerMatch, Match, Similarity, key_word_recall, match_answer
from engine.evaluation.rubric import DEFAULT_RUBRIC, Criterion, Measure, Rubric
from engine.questions.question import Question
from engine.transcript import Transcript
from engine.vocabulary import AnswerState, GradeState

GRADER = "offline-keypoints"
GRADER_VERSION = "1"

LEVEL_FROM = (10.0, 35.0, 60.0, 85.0)
"""Scores from which a criterion reads as level 2, 3, 4 and 5."""

HALF_BAND = 20.0
"""A single answer's usual error in points: graders of this kind err by about one of five levels against people."""
NO_MATCH_HIGH = 45.0
"""A third of answers in which nothing was recognised were still called good by people: other words, same sense."""

_TWIN_LEAD = 0.05
_PARTLY_COVERAGE = 0.6
_BASE_CONFIDENCE = 0.7
_LOWEST_CONFIDENCE = 0.1


@dataclass(frozen=True, slots=True)
class _Findings:
    answer: AnswerMatch
    points: tuple[PointFinding, ...]
    contradictions: tuple[Contradiction, ...]
    flags: tuple[str, ...]


def grade(
    question: Question,
    transcript: Transcript,
    rubric: Rubric = DEFAULT_RUBRIC,
    *,
    state: AnswerState = AnswerState.ANSWERED,
    similarity: Similarity = key_word_recall,
) -> AnswerGrade:
    """Grade one answer. Blind to everything but its words: who spoke, how fast, how long, how smoothly.

    transcript: the answer, follow-ups included; with words, quotes carry their seconds.
    """
    verdict = gates.verdict_before(transcript, state)
    if verdict is not None:
        return _without_score(question, rubric, verdict)
    answer = match_answer(question, transcript.text, similarity)
    verdict = gates.verdict_after(transcript.text, answer)
    if verdict is not None:
        return _without_score(question, rubric, verdict)
    contradictions = _contradictions(answer, transcript)
    raised = gates.flags(transcript, state, answer)
    found = _Findings(
        answer=answer,
        points=tuple(_finding(match, transcript) for match in answer.matches),
        contradictions=contradictions,
        flags=(*raised, "possible_contradiction") if contradictions else raised,
    )
    return _scored(question, rubric, found)


def not_assessable(question_id: str, rubric: Rubric, reason: str) -> AnswerGrade:
    """A grade that says why there is none, for answers that cannot be held against a question of the bank."""
    return _ungraded(question_id, rubric, gates.Verdict(GradeState.NOT_ASSESSABLE, "not_gradable", reason), ())


def _without_score(question: Question, rubric: Rubric, verdict: gates.Verdict) -> AnswerGrade:
    points = tuple(
        PointFinding(point.id, point.text, point.weight, "missed", 0.0, None) for point in question.key_points
    )
    return _ungraded(question.id, rubric, verdict, points)


def _ungraded(
    question_id: str, rubric: Rubric, verdict: gates.Verdict, points: tuple[PointFinding, ...]
) -> AnswerGrade:
    said = remarks_without_score(verdict.state, verdict.reason, points)
    return AnswerGrade(
        question_id=question_id,
        state=verdict.state,
        score=None,
        low=None,
        high=None,
        rubric=rubric.id,
        weights=rubric.weights,
        grader=GRADER,
        grader_version=GRADER_VERSION,
        points=points,
        contradictions=(),
        criteria=(),
        feedback=said.feedback,
        strengths=said.strengths,
        improvements=said.improvements,
        study=said.study,
        needs_follow_up=verdict.state is GradeState.NOT_ASSESSABLE,
        confidence=0.0,
        reasoning=verdict.reason,
        flags=(verdict.flag,),
    )


def _scored(question: Question, rubric: Rubric, found: _Findings) -> AnswerGrade:
    criteria = tuple(_criterion_grade(criterion, found) for criterion in rubric.criteria)
    score = round(sum(each.score * each.weight for each in criteria) / 100, 2)
    low, high = _band(score, found)
    said: Remarks = remarks(found.points, found.contradictions, found.flags)
    return AnswerGrade(
        question_id=question.id,
        state=GradeState.SCORED,
        score=score,
        low=low,
        high=high,
        rubric=rubric.id,
        weights=rubric.weights,
        grader=GRADER,
        grader_version=GRADER_VERSION,
        points=found.points,
        contradictions=found.contradictions,
        criteria=criteria,
        feedback=said.feedback,
        strengths=said.strengths,
        improvements=said.improvements,
        study=said.study,
        needs_follow_up=bool(found.flags) or weighted_share(found.answer.matches) < HIT_FROM,
        confidence=_confidence(found),
        reasoning=_reasoning(found),
        flags=found.flags,
    )


def _finding(match: Match, transcript: Transcript) -> PointFinding:
    reached = status(match.recall)
    evidence = None
    if reached is not Status.MISSED and match.stretch is not None:
        evidence = locate(match.stretch.text, transcript)
    return PointFinding(
        match.point.id, match.point.text, match.point.weight, reached.value, round(match.recall, 3), evidence
    )


def _contradictions(answer: AnswerMatch, transcript: Transcript) -> tuple[Contradiction, ...]:
    return tuple(
        Contradiction(match.point.id, match.point.wrong_twin, locate(match.twin_stretch.text, transcript))
        for match in answer.matches
        if match.point.wrong_twin is not None
        and match.twin_stretch is not None
        and match.twin_recall >= HIT_FROM
        and match.twin_recall > match.recall + _TWIN_LEAD
    )


def _criterion_grade(criterion: Criterion, found: _Findings) -> CriterionGrade:
    score = round(100 * _MEASURES[criterion.measure](found.answer.matches), 2)
    level = 1 + sum(score >= start for start in LEVEL_FROM)
    proof = max(
        (point for point in found.points if point.evidence is not None),
        key=lambda point: point.weight * point.recall,
        default=None,
    )
    evidence: Evidence | None = proof.evidence if proof is not None and level > 1 else None
    return CriterionGrade(
        criterion.id, criterion.name, criterion.weight, score, level, criterion.anchors[level - 1], evidence
    )


def _coverage(matches: tuple[Match, ...]) -> float:
    worth = {Status.HIT: 1.0, Status.PARTLY: _PARTLY_COVERAGE, Status.MISSED: 0.0}
    total = sum(match.point.weight for match in matches)
    return sum(match.point.weight * worth[status(match.recall)] for match in matches) / total


def _plainness(matches: tuple[Match, ...]) -> float:
    """How fully the points found are put into one statement each; in full only when half of the weight was found."""
    found = [match for match in matches if match.recall >= PARTLY_FROM]
    if not found:
        return 0.0
    plain = sum(credit(match.recall) for match in found) / len(found)
    return plain * min(1.0, 2 * _coverage(matches))


def _depth(matches: tuple[Match, ...]) -> float:
    """The credit of everything but the heaviest point."""
    return weighted_share(tuple(heaviest_first(matches)[1:]))


_MEASURES: dict[Measure, Callable[[tuple[Match, ...]], float]] = {
    "points": weighted_share,
    "coverage": _coverage,
    "plainness": _plainness,
    "depth": _depth,
}


def _band(score: float, found: _Findings) -> tuple[float, float]:
    if "question_repeated" in found.flags:
        return 0.0, HALF_BAND
    if "no_match" in found.flags:
        return 0.0, NO_MATCH_HIGH
    below = HALF_BAND + (15 if found.contradictions else 0) + (10 if "list_of_terms" in found.flags else 0)
    widened = 10 if "doubtful_words" in found.flags else 0
    above = HALF_BAND + widened + (10 if "unfinished" in found.flags else 0)
    return round(max(0.0, score - below - widened), 2), round(min(100.0, score + above), 2)


def _confidence(found: _Findings) -> float:
    """0.7 at best; less for each point on the edge, and for each flag except one that only reports an instruction."""
    partly = sum(point.status == "partly" for point in found.points) / len(found.points)
    doubts = len([flag for flag in found.flags if flag != "instructs_grader"])
    return round(max(_LOWEST_CONFIDENCE, _BASE_CONFIDENCE - 0.2 * partly - 0.2 * doubts), 2)


def _reasoning(found: _Findings) -> str:
    counts = {name: sum(point.status == name for point in found.points) for name in ("hit", "partly", "missed")}
    return (
        f"{counts['hit']} of {len(found.points)} key points recognised, {counts['partly']} partly, "
        f"{counts['missed']} not, by the words used; whether the statements are true was not checked."
    )
