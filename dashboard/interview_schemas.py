"""What an interview can be: its parts as forms send them one after the other, and whole, as API and templates do.

Each rule stands here once. Forms send every value as text, programs send numbers: both are taken.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from dashboard.local_time import is_zone
from dashboard.schemas import Input, Line, Prose, Whole, email_address, fault, whole
from engine.evaluation.rubric import DEFAULT_RUBRIC, RUBRICS
from engine.questions.wording import content_stems
from engine.scheduling.phone_numbers import to_e164
from engine.vocabulary import Level, Topic

QUESTION_COUNTS = (3, 5, 10, 15)
FURTHEST_BOOKING = timedelta(days=30)
MOST_FAQ = 20
LONGEST_NOTICE_H = 14 * 24

Value = TypeVar("Value")
OrUsual = Annotated[Value | None, BeforeValidator(lambda value: None if value == "" else value)]
"""A value, or nothing: a form writes that as an empty field."""
QuestionCount = Annotated[Literal[3, 5, 10, 15], BeforeValidator(whole)]
Phone = Annotated[Line, Field(max_length=40)]


def phone_number(value: str, info: ValidationInfo) -> str:
    """A number as it was typed, in E.164. The context's `region` is where numbers without a country code belong."""
    try:
        return to_e164(value, str((info.context or {}).get("region", "ZZ")))
    except ValueError as error:
        raise fault(str(error)) from error


class PositionInput(Input):
    """What the questions are chosen for."""

    role: Line = Field(min_length=2, max_length=100)
    level: Level
    topics: list[Topic] = Field(default_factory=list, min_length=1, max_length=10, validate_default=True)

    @field_validator("topics")
    @classmethod
    def _each_once(cls, value: list[Topic]) -> list[Topic]:
        return list(dict.fromkeys(value))


class FaqInput(Input):
    """A question that candidates may have, and what they are told."""

    question: Line = Field(min_length=3, max_length=200)
    answer: Prose = Field(min_length=2, max_length=500)

    @field_validator("question")
    @classmethod
    def _is_about_something(cls, value: str) -> str:
        # What candidates say is compared by its words of meaning; without one it would never be recognised.
        if not content_stems(value):
            raise fault("Use at least one word that says what the question is about.")
        return value

    @field_validator("answer")
    @classmethod
    def _in_one_go(cls, value: str) -> str:
        return " ".join(value.split())


class ConductInput(Input):
    """How long it takes, how it is listened to and graded, and what the interviewer may tell about the job."""

    question_count: QuestionCount = 5
    language: Literal["en"] = "en"
    rubric: Line = Field(default=DEFAULT_RUBRIC.id, max_length=64)
    faq: list[FaqInput] = Field(default_factory=list, max_length=MOST_FAQ)
    endpoint_policy: OrUsual[Literal["adaptive", "fixed"]] = None
    """How the end of an answer is decided; None, here and in the next two: as the server is set up."""
    endpoint_silence_ms: OrUsual[Annotated[int, Field(ge=200, le=10_000)]] = None
    endpoint_threshold_dbfs: OrUsual[Annotated[float, Field(ge=-90, le=-10)]] = None

    @field_validator("rubric")
    @classmethod
    def _known_rubric(cls, value: str) -> str:
        if value not in RUBRICS:
            raise fault("Choose one of the values offered.")
        return value


class NoticeInput(Input):
    """How long before a call of ours the candidate must have been told."""

    notice_h: Annotated[Whole | None, Field(ge=1, le=LONGEST_NOTICE_H)] = None

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, data: Any) -> Any:
        return data | {"notice_h": None} if isinstance(data, dict) and data.get("notice_h") in ("", "0", 0) else data


class CandidateInput(Input):
    """Who is interviewed, and how to reach them."""

    candidate_name: Line = Field(min_length=2, max_length=100)
    candidate_phone: Phone
    candidate_time_zone: Line = Field(default="UTC", max_length=64)
    candidate_email: Line = Field(default="", max_length=255)
    may_call: bool = False
    """The candidate told the user: an AI may call this number."""

    @field_validator("candidate_phone")
    @classmethod
    def _to_e164(cls, value: str, info: ValidationInfo) -> str:
        return phone_number(value, info)

    @field_validator("candidate_email")
    @classmethod
    def _check_email(cls, value: str) -> str:
        return email_address(value) if value else value

    @field_validator("candidate_time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not is_zone(value):
            raise fault("Choose a time zone from the list, such as Europe/Berlin.")
        return value


class TemplateContentInput(NoticeInput, ConductInput, PositionInput):
    """Everything of an interview that a template can say."""


class TemplateInput(TemplateContentInput):
    """A template of a user's own."""

    name: Line = Field(min_length=2, max_length=100)


class NewInterviewInput(CandidateInput, TemplateContentInput):
    """An interview to be set up. `scheduled_at` None means that the candidate dials in when it suits."""

    title: Line = Field(default="", max_length=255)
    scheduled_at: AwareDatetime | None = None

    @field_validator("scheduled_at")
    @classmethod
    def _ahead(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is None:
            return None
        now = (info.context or {}).get("now", datetime.now(UTC))
        if value < now:
            raise fault("This moment has passed. Choose one that lies ahead.")
        if value > now + FURTHEST_BOOKING:
            days = FURTHEST_BOOKING.days
            raise fault(f"Choose a moment within the next {days} days: the PIN is valid that long.")
        return value.astimezone(UTC)


class FromTemplateInput(Input):
    """Which template fills in what a request leaves open."""

    template_id: uuid.UUID | None = None


class QuickStartInput(Input):
    """A practice interview with oneself, from the overview."""

    topic: Topic
    level: Level
    question_count: Annotated[Literal[3, 5], BeforeValidator(whole)] = 5
    """Few: the bank holds nine questions on one topic."""
    phone: Phone
    how: Literal["call", "pin"] = "pin"
    keep: bool = False
    """Whether the number is wanted again the next time."""

    @field_validator("phone")
    @classmethod
    def _to_e164(cls, value: str, info: ValidationInfo) -> str:
        return phone_number(value, info)
