"""Whether a JSON value has the form that a schema asks for: the part of JSON Schema that structured output uses."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_MOST_FAULTS = 8
_TYPES: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def faults_of(value: object, schema: Mapping[str, Any], place: str = "the reply") -> list[str]:
    """What is wrong with the value, one sentence each; empty when it fits. Values themselves are not repeated.

    Knows type, enum, properties, required, additionalProperties, items, minItems, maxItems, minimum and maximum.
    """
    types = schema.get("type", ())
    allowed: Sequence[str] = (types,) if isinstance(types, str) else types
    if allowed and not any(_TYPES[name](value) for name in allowed):
        return [f"{place} must be {' or '.join(allowed)}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{place} must be one of {', '.join(str(each) for each in schema['enum'])}"]
    if isinstance(value, dict):
        return _of_object(value, schema, place)[:_MOST_FAULTS]
    if isinstance(value, list):
        return _of_array(value, schema, place)[:_MOST_FAULTS]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(value, schema, place)
    return []


def _of_object(value: dict[str, Any], schema: Mapping[str, Any], place: str) -> list[str]:
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    faults = [f"{place} lacks {name!r}" for name in schema.get("required", ()) if name not in value]
    if schema.get("additionalProperties") is False and set(value) - set(properties):
        faults.append(f"{place} has properties that were not asked for")
    for name, inner in properties.items():
        if name in value:
            faults += faults_of(value[name], inner, f"{name!r} of {place}")
    return faults


def _of_array(value: list[Any], schema: Mapping[str, Any], place: str) -> list[str]:
    fewest, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
    faults = [] if fewest <= len(value) <= most else [f"{place} must have {fewest} to {most} items, not {len(value)}"]
    for position, item in enumerate(value, start=1):
        faults += faults_of(item, schema.get("items", {}), f"item {position} of {place}")
    return faults


def _of_number(value: float, schema: Mapping[str, Any], place: str) -> list[str]:
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    return [] if low <= value <= high else [f"{place} must lie between {low} and {high}"]
