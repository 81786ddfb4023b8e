"""The steps in which an interview is set up: what each asks, and what of it is still missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from werkzeug.datastructures import MultiDict

from dashboard.appointment_schemas import AppointmentInput
from dashboard.interview_schemas import CandidateInput, ConductInput, NoticeInput, PositionInput
from dashboard.validation import InvalidInput, checked, form_data

LISTS = ("topics", "window_days")
_OURS = ("go", "from", "faq_question", "faq_answer")
"""What the forms of the set-up carry beside the fields of their step."""
_LONGEST = 2000
"""Of one text that a draft keeps; no field of ours takes as much."""
_MOST_ENTRIES = 40


class TimeInput(AppointmentInput, NoticeInput):
    """When the call takes place, and how long before the candidate must know."""


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the set-up."""

    key: str
    """In its address."""
    title: str
    schema: type[BaseModel]

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(self.schema.model_fields)


STEPS = (
    Step("position", "Role and topics", PositionInput),
    Step("conduct", "Length and grading", ConductInput),
    Step("candidate", "Candidate", CandidateInput),
    Step("time", "Time", TimeInput),
)
REVIEW_TITLE = "Review"
REVIEW = len(STEPS)
"""The place of the last page, on which everything is looked over and confirmed."""
TITLES = (*(step.title for step in STEPS), REVIEW_TITLE)
CONDUCT = STEPS[1]


def typed_in(form: MultiDict[str, str]) -> dict[str, Any]:
    """What a form of the set-up holds, as a draft keeps it: texts, lists of texts, and the answers prepared."""
    data = {name: value for name, value in form_data(form, lists=LISTS).items() if name not in _OURS}
    if "faq_question" in form:
        pairs = zip(form.getlist("faq_question"), form.getlist("faq_answer"), strict=False)
        rows = [{"question": question.strip(), "answer": answer.strip()} for question, answer in pairs]
        data["faq"] = [row for row in rows if row["question"] or row["answer"]]
    return data


def merged(typed: Mapping[str, Any], step: Step, entered: Mapping[str, Any]) -> dict[str, Any]:
    """A draft with what was entered in one step in place of what that step held before, storable whatever it is."""
    others = {name: value for name, value in typed.items() if name not in step.fields}
    return others | {name: _storable(value) for name, value in entered.items() if name in step.fields}


def faults_of(step: Step, data: Mapping[str, Any], region: str) -> dict[str, str]:
    """What is wrong with what was entered in this step; an empty dict when nothing is."""
    try:
        checked(step.schema, data, region=region, now=datetime.now(UTC))
    except InvalidInput as error:
        return error.fields
    return {}


def of_step(step: Step, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a draft that belongs to a step."""
    return {name: value for name, value in typed.items() if name in step.fields}


def first_faulty(typed: Mapping[str, Any], region: str) -> int:
    """The first step that is not sound; REVIEW when all are."""
    return next((place for place, step in enumerate(STEPS) if faults_of(step, of_step(step, typed), region)), REVIEW)


def step_of(field: str) -> int:
    """The step that asks for this field."""
    name = field.partition(".")[0]
    return next((place for place, step in enumerate(STEPS) if name in step.fields), 0)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")[:_LONGEST]
    if isinstance(value, list):
        return [_storable(each) for each in value[:_MOST_ENTRIES]]
    if isinstance(value, dict):
        return {name: _storable(each) for name, each in value.items()}
    return value
