"""Between what was typed and what is stored: new interviews, and the templates that they begin with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dashboard.appointment_schemas import FIELDS, AppointmentInput
from dashboard.display import LEVELS
from dashboard.interview_schemas import NewInterviewInput, TemplateContentInput, TemplateInput
from dashboard.validation import InvalidInput, checked
from engine.store.interviews import NewInterview
from engine.store.models import InterviewTemplate
from engine.store.templates import TemplateContent

CONTENT_FIELDS = frozenset(TemplateContentInput.model_fields)
"""What a template can fill in."""


def new_interview(wanted: NewInterviewInput) -> NewInterview:
    """What was asked for, as the store takes it; without a title it gets one from role and level."""
    title = wanted.title or f"{wanted.role}, {LEVELS[wanted.level].lower()}"
    return NewInterview(
        title=title,
        role=wanted.role,
        level=wanted.level,
        topics=tuple(wanted.topics),
        question_count=wanted.question_count,
        language=wanted.language,
        rubric=wanted.rubric,
        endpoint_policy=wanted.endpoint_policy,
        endpoint_silence_ms=wanted.endpoint_silence_ms,
        endpoint_threshold_dbfs=wanted.endpoint_threshold_dbfs,
        candidate_name=wanted.candidate_name,
        candidate_phone=wanted.candidate_phone,
        candidate_time_zone=wanted.candidate_time_zone,
        scheduled_at=wanted.scheduled_at,
        candidate_email=wanted.candidate_email or None,
        notice_h=wanted.notice_h,
        faq=tuple(entry.model_dump() for entry in wanted.faq),
    )


def read_form(data: Mapping[str, Any], region: str) -> tuple[NewInterviewInput, AppointmentInput]:
    """An interview and its appointment from one set of fields. Raises InvalidInput with the faults of both."""
    now, faults = datetime.now(UTC), dict[str, str]()
    about = {name: value for name, value in data.items() if name not in FIELDS}
    when = {name: value for name, value in data.items() if name in FIELDS}
    interview: NewInterviewInput | None = None
    appointment: AppointmentInput | None = None
    try:
        interview = checked(NewInterviewInput, about, region=region, now=now)
    except InvalidInput as error:
        faults |= error.fields
    try:
        appointment = checked(AppointmentInput, when, now=now)
    except InvalidInput as error:
        faults |= error.fields
    if interview is None or appointment is None:
        raise InvalidInput(faults)
    return interview, appointment


def template_content(wanted: TemplateInput) -> TemplateContent:
    """What was asked for, as the store takes it."""
    return TemplateContent(
        name=wanted.name,
        role=wanted.role,
        level=wanted.level,
        topics=tuple(wanted.topics),
        question_count=wanted.question_count,
        language=wanted.language,
        rubric=wanted.rubric,
        endpoint_policy=wanted.endpoint_policy,
        endpoint_silence_ms=wanted.endpoint_silence_ms,
        endpoint_threshold_dbfs=wanted.endpoint_threshold_dbfs,
        notice_h=wanted.notice_h,
        faq=tuple(entry.model_dump() for entry in wanted.faq),
    )


def template_values(template: InterviewTemplate) -> dict[str, Any]:
    """What a template fills in, by the names of the fields."""
    return {name: getattr(template, name) for name in CONTENT_FIELDS if getattr(template, name) is not None}
