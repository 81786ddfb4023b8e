"""A report without the words that were said: what is left of it when their time is over."""

from collections.abc import Mapping
from typing import Any

_SILENT: Mapping[str, Any] = {"text": "", "words": [], "heard": None, "corrections": []}


def without_words(body: Mapping[str, Any]) -> dict[str, Any]:
    """The report with its questions, levels and figures, and without transcript, quotes and remarks about answers."""
    return {
        **body,
        "turns": [],
        "strengths": [],
        "improvements": [],
        "study": [],
        "questions": [_question(question) for question in body.get("questions", ())],
    }


def _question(question: Mapping[str, Any]) -> dict[str, Any]:
    grade = question.get("grade")
    return {
        **question,
        "follow_ups": [],
        "answer": {**question["answer"], **_SILENT},
        "grade": None if grade is None else grade_without_words(grade),
    }


def grade_without_words(grade: Mapping[str, Any]) -> dict[str, Any]:
    """The grade with its levels and expected points, and without quotes and remarks."""
    return {
        **grade,
        "points": [{**point, "evidence": None} for point in grade.get("points", ())],
        "criteria": [{**criterion, "evidence": None} for criterion in grade.get("criteria", ())],
        "contradictions": [],
        "feedback": "",
        "reasoning": "",
        "strengths": [],
        "improvements": [],
        "study": [],
    }
