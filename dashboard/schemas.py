"""What may come in, declared once and used by pages and API alike. Unknown fields are refused."""

import re
import uuid
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from dashboard.local_time import is_zone
from dashboard.password_rule import password_fault
from engine.vocabulary import Command, InterviewState, Topic

_EMAIL = re.compile(
    r"[^@\s\"(),:;<>\[\]\\]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def fault(message: str) -> PydanticCustomError:
    """A validation error that says exactly `message`."""
    return PydanticCustomError("said", "{said}", {"said": message})


def _clean(value: Any) -> Any:
    """Text without space around it; control characters (PostgreSQL cannot even store a null byte) are refused."""
    if not isinstance(value, str):
        return value
    if _CONTROL.search(value):
        raise fault("Remove the control characters.")
    return value.strip()


def _one_line(value: Any) -> Any:
    cleaned = _clean(value)
    if isinstance(cleaned, str) and ("\n" in cleaned or "\r" in cleaned):
        raise fault("Write this on one line.")
    return cleaned


Line = Annotated[str, BeforeValidator(_one_line)]
Prose = Annotated[str, BeforeValidator(_clean)]


def whole(value: Any) -> Any:
    """A number as a form writes it; what is none stays as it is, for the schema to refuse."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 6 else value


Whole = Annotated[int, BeforeValidator(whole)]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def email_address(value: str) -> str:
    """The address in the form in which it is kept. Raises a validation error that says what one looks like."""
    lowered = value.lower()
    if len(lowered) > 255 or not _EMAIL.fullmatch(lowered):
        raise fault("Enter an e-mail address such as name@example.org.")
    return lowered


class LoginInput(Input):
    email: Line = Field(max_length=255, min_length=1)
    password: str = Field(min_length=1, max_length=128)
    remember: bool = False

    @field_validator("email")
    @classmethod
    def _lower(cls, value: str) -> str:
        return value.lower()


class _PasswordTwice(Input):
    """A password and its repetition. What it must not be made of stands in fields before it, or in the context."""

    @field_validator("password", check_fields=False)
    @classmethod
    def _check_password(cls, value: str, info: ValidationInfo) -> str:
        entered = tuple(str(info.data[name]) for name in ("first_name", "last_name", "email") if name in info.data)
        if said := password_fault(value, personal=entered + tuple((info.context or {}).get("personal", ()))):
            raise fault(said)
        return value

    @field_validator("password_repeat", check_fields=False)
    @classmethod
    def _check_repeat(cls, value: str, info: ValidationInfo) -> str:
        if "password" in info.data and info.data["password"] != value:
            raise fault("The two passwords differ.")
        return value


class NewPasswordInput(_PasswordTwice):
    password: str = Field(max_length=1000)
    password_repeat: str = Field(max_length=1000)


class ForgottenInput(Input):
    email: Line

    @field_validator("email")
    @classmethod
    def _check_email(cls, value: str) -> str:
        return email_address(value)


class TokenInput(Input):
    """What a link in a mail to a user carried."""

    token: Line = Field(min_length=1, max_length=200)


class RegisterInput(_PasswordTwice):
    first_name: Line = Field(min_length=2, max_length=100)
    last_name: Line = Field(min_length=2, max_length=100)
    email: Line
    password: str = Field(max_length=1000)
    password_repeat: str = Field(max_length=1000)
    terms: bool
    time_zone: Line = Field(default="UTC", max_length=64)

    @field_validator("email")
    @classmethod
    def _check_email(cls, value: str) -> str:
        return email_address(value)

    @field_validator("terms")
    @classmethod
    def _check_terms(cls, value: bool) -> bool:
        if not value:
            raise fault("Accept the terms to go on.")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        # It is filled in by the browser, not by a person: one that we do not know is no reason to turn anyone away.
        return value if is_zone(value) else "UTC"


class ListQuery(Input):
    """What an address of the list of interviews may say."""

    page: int = Field(default=1, ge=1, le=100_000)
    limit: int = Field(default=10, ge=1, le=100)
    state: InterviewState | None = None
    topic: Topic | None = None
    text: Line | None = Field(default=None, max_length=100)
    sort: Literal["-created_at", "created_at", "-scheduled_at", "scheduled_at", "title", "-title"] = "-created_at"

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        return {name: value for name, value in data.items() if value != ""} if isinstance(data, dict) else data


class OutboxQuery(Input):
    page: int = Field(default=1, ge=1, le=100_000)
    limit: int = Field(default=20, ge=1, le=100)


class EventsQuery(Input):
    after: int = Field(default=0, ge=0, le=2**62)
    limit: int = Field(default=500, ge=1, le=500)


class CommandInput(Input):
    """What a user wants of a running call."""

    command: Command
    minutes: int = Field(default=5, ge=1, le=60)
    text: str = Field(default="", max_length=500)

    @model_validator(mode="after")
    def _note_has_words(self) -> Self:
        if self.command is Command.NOTE and not self.text.strip():
            raise PydanticCustomError("note", "Write something first.")
        return self


class RecordingQuery(Input):
    """Which call's recording; the last one of the interview when none is named."""

    call: uuid.UUID | None = None


class LogoutInput(Input):
    everywhere: bool = False
