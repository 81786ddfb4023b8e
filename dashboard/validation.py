"""From raw input to checked values, and from pydantic's errors to sentences for people."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict

from dashboard.csrf import FIELD

FORM_KEY = "form_key"
"""The hidden field by which a form that is sent twice is known again."""

Checked = TypeVar("Checked", bound=BaseModel)


class InvalidInput(Exception):
    """The input breaks its schema. `fields` maps each field to one sentence on what to do."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        super().__init__("Some of the data cannot be used.")


def checked(schema: type[Checked], data: Any, **context: Any) -> Checked:
    """`data` as a value of the schema. context: what validators may look at. Raises InvalidInput."""
    if not isinstance(data, Mapping):
        raise InvalidInput({"": "Send one JSON object."})
    try:
        return schema.model_validate(data, context=context)
    except ValidationError as error:
        raise InvalidInput(_fields(error)) from error


def form_data(form: MultiDict[str, str], *, lists: Iterable[str] = ()) -> dict[str, Any]:
    """A submitted form as plain data: our own hidden fields dropped, `lists` with all values, empty fields left out."""
    many = set(lists)
    data: dict[str, Any] = {}
    for name in form:
        if name in (FIELD, FORM_KEY):
            continue
        if name in many:
            data[name] = [value for value in form.getlist(name) if value]
        elif form[name] != "":
            data[name] = form[name]
    return data


def _fields(error: ValidationError) -> dict[str, str]:
    fields: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False):
        name = _name(item["loc"])
        fields.setdefault(name, _sentence(item["type"], item.get("ctx", {}), item["msg"]))
    return fields


def _name(place: tuple[int | str, ...]) -> str:
    """The field at fault; inside a list of entries with its place, such as faq.2.answer, counted from 0."""
    is_in_entry = len(place) > 2 and isinstance(place[1], int)
    return ".".join(map(str, place[:3])) if is_in_entry else str(place[0]) if place else ""


def _sentence(kind: str, context: dict[str, Any], message: str) -> str:
    sentences = {
        "missing": "Fill this in.",
        "extra_forbidden": "This field is not known here.",
        "string_too_short": f"Use at least {_count(context.get('min_length'), 'character')}.",
        "string_too_long": f"Use at most {_count(context.get('max_length'), 'character')}.",
        "too_short": f"Choose at least {_in_words(context.get('min_length'))}.",
        "too_long": f"Use at most {context.get('max_length')} here.",
        "enum": "Choose one of the values offered.",
        "literal_error": "Choose one of the values offered.",
        "uuid_parsing": "Send an id such as 6f2f3c1e-0d0f-4c58-9d0c-5a6f0a1b2c3d.",
        "bool_parsing": "Answer with yes or no.",
        "greater_than_equal": f"Use {context.get('ge')} or more.",
        "less_than_equal": f"Use {context.get('le')} or less.",
        "int_parsing": "Enter a whole number.",
        "int_parsing_size": "Enter a smaller number.",
        "string_type": "Send text here.",
        "list_type": "Send a list here.",
        "timezone_aware": "Give the time with its offset from UTC, such as 2026-11-30T14:30:00+01:00.",
    }
    if kind == "said":
        return str(context["said"])
    if kind.startswith("datetime"):
        return "Enter a date and time such as 2026-11-30T14:30:00+01:00."
    return sentences.get(kind, message[:1].upper() + message[1:] + ".")


def _count(number: object, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _in_words(number: object) -> str:
    return "one" if number == 1 else str(number)
