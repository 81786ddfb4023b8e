"""The report of an interview as a value: what pages, exports and the demo read. Shape: docs/grading.md."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.evaluation.caveats import missing, notes
from engine.evaluation.delivery import Delivery, delivery
from engine.evaluation.grade import AnswerGrade, plain
from engine.evaluation.report_input import AskedQuestion, InterviewFacts, ReportInput
from engine.evaluation.rubric import Rubric
from engine.evaluation.scoring import TREND_RULE, ScoredAnswer, Summary, summarise
from engine.evaluation.verdict import Verdict, verdict
from engine.questions.spoken_terms import Correction
from engine.vocabulary import GradeState, ReportState

__all__ = ["AskedQuestion", "InterviewFacts", "Report", "ReportInput", "build_report"]

FORMAT = 1
"""Raised when the shape of the data changes."""

_MOST_REMARKS = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What an interview amounts to, with everything that it rests on."""

    source: ReportInput
    state: ReportState
    missing: tuple[str, ...]
    summary: Summary
    verdict: Verdict
    strengths: tuple[str, ...]
    improvements: tuple[str, ...]
    study: tuple[str, ...]
    delivery: Delivery
    notes: tuple[str, ...]

    @property
    def score(self) -> float | None:
        return self.summary.score

    def to_data(self) -> dict[str, Any]:
        """JSON-ready, in the shape that docs/grading.md describes."""
        data = plain(self._data())
        assert isinstance(data, dict)
        return data

    def _data(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "state": self.state,
            "missing": self.missing,
            "facts": asdict(self.source.facts),
            "versions": _versions(self.source),
            "rubric": _rubric_data(self.source.rubric),
            "verdict": asdict(self.verdict),
            "score": self.summary.score,
            "band": _band(self.summary.low, self.summary.high),
            "counts": _counts(self.source),
            "breakdown": _breakdown(self.summary, self.source.rubric),
            "trend": {"direction": self.summary.trend, "rule": TREND_RULE},
            "path": [asdict(step) for step in self.summary.path],
            "questions": [_question_data(question) for question in self.source.questions],
            "strengths": self.strengths,
            "improvements": self.improvements,
            "study": self.study,
            "delivery": {
                **asdict(self.delivery),
                "fillers": [{"text": text, "count": count} for text, count in self.delivery.fillers],
                "is_scored": False,
            },
            "line_quality": self.source.line_quality,
            "reply_timings": self.source.reply_timings,
            "notes": self.notes,
            "turns": self.source.turns,
        }


def build_report(source: ReportInput) -> Report:
    """Put a report together. Pure: equal input gives an equal report."""
    summary = summarise([_scored(question) for question in source.questions])
    answered = [question for question in source.questions if question.state is not None and question.transcript.text]
    grades = [question.grade for question in source.questions if question.grade is not None]
    state = _state(source, answered)
    return Report(
        source=source,
        state=state,
        missing=missing(source, state),
        summary=summary,
        verdict=verdict(summary),
        strengths=_gathered([grade.strengths for grade in _best_first(grades)]),
        improvements=_gathered([grade.improvements for grade in reversed(_best_first(grades))]),
        study=_gathered([grade.study for grade in reversed(_best_first(grades))]),
        delivery=delivery([question.heard or question.transcript for question in answered]),
        notes=notes(source, grades),
    )


def _state(source: ReportInput, answered: Sequence[AskedQuestion]) -> ReportState:
    if not answered:
        return ReportState.EMPTY
    return ReportState.COMPLETE if source.facts.is_complete else ReportState.PARTIAL


def _scored(question: AskedQuestion) -> ScoredAnswer:
    grade = question.grade
    if grade is None or grade.state is not GradeState.SCORED:
        return ScoredAnswer(question.order, question.topic, question.difficulty, None)
    criteria = tuple((criterion.criterion, criterion.score) for criterion in grade.criteria)
    return ScoredAnswer(
        question.order, question.topic, question.difficulty, grade.score, grade.low, grade.high, criteria
    )


def _best_first(grades: Sequence[AnswerGrade]) -> list[AnswerGrade]:
    return sorted(
        (grade for grade in grades if grade.state is not GradeState.NOT_ASSESSABLE),
        key=lambda grade: -1.0 if grade.score is None else -grade.score,
    )


def _gathered(remarks: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The first remark of each answer, then the second ones, without repeats."""
    longest = max((len(each) for each in remarks), default=0)
    turns = [each[place] for place in range(longest) for each in remarks if place < len(each)]
    return tuple(dict.fromkeys(turns))[:_MOST_REMARKS]


def _versions(source: ReportInput) -> dict[str, Any]:
    grades = [question.grade for question in source.questions if question.grade]
    graders = {f"{grade.grader} {grade.grader_version}" for grade in grades}
    return {
        "bank": source.facts.bank_version,
        "questions_from": sorted({question.version for question in source.questions}),
        "rubric": source.rubric.id,
        "graders": sorted(graders),
    }


def _rubric_data(rubric: Rubric) -> dict[str, Any]:
    criteria = [
        {"id": each.id, "name": each.name, "weight": each.weight, "anchors": each.anchors} for each in rubric.criteria
    ]
    return {"id": rubric.id, "name": rubric.name, "criteria": criteria}


def _counts(source: ReportInput) -> dict[str, int]:
    states = [question.grade.state for question in source.questions if question.grade]
    return {
        "planned": source.facts.question_count,
        "asked": len(source.questions),
        "scored": states.count(GradeState.SCORED),
        "declined": states.count(GradeState.DECLINED),
        "not_assessable": states.count(GradeState.NOT_ASSESSABLE),
    }


def _breakdown(summary: Summary, rubric: Rubric) -> dict[str, Any]:
    weights = rubric.weights
    return {
        "criteria": [{**asdict(part), "weight": weights.get(part.name)} for part in summary.by_criterion],
        "topics": [asdict(part) for part in summary.by_topic],
        "difficulties": [asdict(part) for part in summary.by_difficulty],
    }


def _question_data(question: AskedQuestion) -> dict[str, Any]:
    return {
        "order": question.order,
        "question_id": question.question_id,
        "topic": question.topic,
        "difficulty": question.difficulty,
        "kind": question.kind,
        "text": question.text,
        "why": question.why,
        "version": question.version,
        "source": question.source,
        "follow_ups": question.follow_ups,
        "reference_answer": question.reference_answer,
        "answer": {
            "state": question.state,
            "text": question.transcript.text,
            "words": [asdict(word) for word in question.transcript.words],
            "heard": question.heard.text if question.heard else None,
            "corrections": corrections_data(question.corrections),
            "start_ms": question.start_ms,
            "end_ms": question.end_ms,
            "ended_by": question.ended_by,
            "call_id": question.call_id,
        },
        "grade": question.grade.to_data() if question.grade else None,
    }


def corrections_data(corrections: Sequence[Correction]) -> list[dict[str, Any]]:
    """What was heard and meant, and the number of the timed word that stands for it, as graded."""
    data, shorter = [], 0
    for each in corrections:
        first = each.first_word - shorter
        data.append({"heard": each.heard, "meant": each.meant, "word": first})
        shorter += each.after_word - each.first_word - 1
    return data


def _band(low: float | None, high: float | None) -> dict[str, float] | None:
    return None if low is None or high is None else {"low": low, "high": high}
