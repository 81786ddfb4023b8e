"""One table of a scenario file, read key by key; a fault is named with its line and key."""

from collections.abc import Callable
from typing import Any

from engine.errors import VivavoceError


class ScenarioError(VivavoceError):
    """A scenario file cannot be used; the message names file, line and key."""


class Table:
    """One table of the file; what is left in it when all was read is unknown."""

    def __init__(self, values: dict[str, Any], place: str, line_of: Callable[[str], int]) -> None:
        self._values = dict(values)
        self._place = place
        self._line_of = line_of

    def fault(self, key: str, problem: str) -> ScenarioError:
        return ScenarioError(f"line {self._line_of(key)}: {self._place}{key} {problem}")

    def has(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str, default: str | None = None) -> str:
        value = self._values.pop(key, default)
        if not isinstance(value, str):
            raise self.fault(key, "is missing" if value is None else "must be a text in quotes")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self._values.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.fault(key, f"must be a number from {low:g} to {high:g}")
        return float(value)

    def number_or_none(self, key: str, low: float, high: float) -> float | None:
        return self.number(key, low, low, high) if self.has(key) else None

    def whole(self, key: str, default: int, high: int) -> int:
        value = self._values.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= high:
            raise self.fault(key, f"must be a whole number from 0 to {high}")
        return value

    def flag(self, key: str) -> bool:
        value = self._values.pop(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, "must be true or false")
        return value

    def texts(self, key: str) -> list[str]:
        """A text, or a list of them; empty where the key is missing."""
        value = self._values.pop(key, [])
        listed = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) and each.strip() for each in listed):
            raise self.fault(key, "must be a text, or a list of texts, none of them empty")
        return listed

    def wholes(self, key: str) -> tuple[int, ...]:
        value = self._values.pop(key, [])
        listed = value if isinstance(value, list) else [value]
        if not all(isinstance(each, int) and not isinstance(each, bool) and 0 <= each <= 600_000 for each in listed):
            raise self.fault(key, "must be milliseconds, or a list of them, from 0 to 600000")
        return tuple(listed)

    def table(self, key: str) -> dict[str, Any]:
        value = self._values.pop(key, {})
        if not isinstance(value, dict):
            raise self.fault(key, f"must be a table: [{key}]")
        return value

    def tables(self, key: str) -> list[dict[str, Any]]:
        value = self._values.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.fault(key, f"must be tables: [[{key}]]")
        return value

    def finish(self) -> None:
        """Raises ScenarioError for a key that nobody asked for."""
        for key in self._values:
            raise self.fault(key, "is not known; see docs/simulator.md for the keys there are")
