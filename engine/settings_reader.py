"""Environment variables read one by one: each fault is noted with what to do about it, and reading goes on."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit

MINIMUM_SECRET_BYTES = 32


class SettingsReader:
    """Collects values and faults, so that one start shows every fault."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def text(self, name: str, default: str | None = None, *, how: str = "") -> str:
        value = self._environ.get(name, "").strip()
        if value:
            return value
        if default is None:
            self.faults.append(f"{name} is not set. {how}".strip())
            return ""
        return default

    def secret(self, name: str) -> str:
        make = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        value = self.text(name, how=make)
        if value and len(value.encode()) < MINIMUM_SECRET_BYTES:
            self.faults.append(f"{name} has fewer than {MINIMUM_SECRET_BYTES} bytes. {make}")
        return value

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            self.faults.append(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
        return value

    def chain(self, name: str, default: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
        """Names with commas between them, none twice. "local" stands behind them all, if it is not named itself."""
        names = tuple(dict.fromkeys(filter(None, map(str.strip, self.text(name, ",".join(default)).split(",")))))
        unknown = [each for each in names if each not in allowed]
        if unknown or not names:
            said = ", ".join(map(repr, unknown)) or "empty"
            self.faults.append(f"{name} is {said}; known are: {', '.join(allowed)}, with commas between several.")
        elif "scripted" in names and len(names) > 1:
            self.faults.append(f"{name} names 'scripted' beside others; it can only stand alone.")
        return names if {"local", "scripted"} & set(names) else (*names, "local")

    def number(self, name: str, default: float, low: float, high: float) -> float:
        raw = self.text(name, str(default))
        try:
            value = float(raw)
        except ValueError:
            self.faults.append(f"{name} is {raw!r}; it must be a number from {low:g} to {high:g}.")
            return default
        if not low <= value <= high:
            self.faults.append(f"{name} is {raw}; it must lie between {low:g} and {high:g}.")
        return value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        return int(self.number(name, default, low, high))

    def days(self, name: str, default: int) -> int:
        """A number of days; 0 for ever, and so is a variable that is set to nothing."""
        if name in self._environ and not self._environ[name].strip():
            return 0
        return self.whole(name, default, 0, 36_500)

    def base_url(self, name: str, default: str) -> str:
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
            self.faults.append(
                f"{name} is {value!r}; it must be a bare address such as https://interviews.example.org."
            )
        return value

    def folder(self, name: str) -> Path | None:
        raw = self.text(name, "")
        if raw and not Path(raw).is_dir():
            self.faults.append(f"{name} is {raw!r}, which is not a folder. Name an existing folder or leave it empty.")
        return Path(raw) if raw else None

    def file(self, name: str) -> Path | None:
        raw = self.text(name, "")
        if raw and not Path(raw).is_file():
            self.faults.append(f"{name} is {raw!r}, which is not a file. Name an existing file or leave it empty.")
        return Path(raw) if raw else None

    def money(self, name: str, default: str) -> Decimal:
        """US dollars, to the digit."""
        self.number(name, float(default), 0.0, 1_000_000.0)
        try:
            return Decimal(self.text(name, default))
        except InvalidOperation:
            return Decimal(default)  # the fault is noted already

    def listed(self, name: str) -> tuple[str, ...]:
        """Texts separated by commas."""
        return tuple(filter(None, map(str.strip, self.text(name, "").split(","))))
