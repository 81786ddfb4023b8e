"""What a request costs: amounts times the prices of a dated table. An unknown model has no price, which is not zero."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from engine.errors import SettingsError
from engine.usage import Usage

DEFAULT_FILE: Final = Path(__file__).parent / "data" / "prices.toml"
PHONE: Final = "twilio"
UNITS: Final = (
    "million_input_tokens", "million_cached_tokens", "million_cache_write_tokens", "million_output_tokens",
    "audio_minute", "thousand_characters", "call_minute",
)  # fmt: skip
_FIELDS: Final = {"provider", "model", "valid_from", "source", "usd"}
_SNAPSHOT: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_MILLION: Final = Decimal(1_000_000)
_KEPT: Final = Decimal("0.0000000001")


@dataclass(frozen=True, slots=True)
class Price:
    """What one model charges from a day on, by unit."""

    provider: str
    model: str
    """A name, or the beginning of names with a * at its end."""
    valid_from: date
    source: str
    usd: Mapping[str, Decimal]

    def fits(self, provider: str, model: str) -> bool:
        """Whether the price is that model's, leaving the day aside."""
        if self.provider != provider:
            return False
        return model.startswith(self.model[:-1]) if self.model.endswith("*") else model == self.model


@dataclass(frozen=True, slots=True)
class Charge:
    """The cost of some usage; both are None where the table has no price for it."""

    usd: Decimal | None
    priced_from: date | None
    """The day from which the price holds that was applied."""


UNKNOWN: Final = Charge(None, None)


class PriceTable:
    """Prices of all days; the newest that holds on the day asked for counts."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._prices = sorted(prices, key=lambda price: (not price.model.endswith("*"), price.valid_from))

    def price_of(self, provider: str, model: str, on: date) -> Price | None:
        """The price that holds on a day: an exact name before the name without its date, both before a *."""
        for name in dict.fromkeys((model, _SNAPSHOT.sub("", model))):
            fitting = [price for price in self._prices if price.valid_from <= on and price.fits(provider, name)]
            if fitting:
                return fitting[-1]
        return None

    def charge(self, usage: Usage, on: date) -> Charge:
        """What the usage costs on a day; unknown also where it was counted in other units than are billed."""
        price = self.price_of(usage.provider, usage.model, on)
        if price is None:
            return UNKNOWN
        usd = sum((price.usd[unit] * amount for unit, amount in _amounts(usage, price).items()), Decimal())
        if not usd and any(price.usd.values()) and _is_something(usage):
            return UNKNOWN
        return Charge(usd.quantize(_KEPT), price.valid_from)

    def charge_call(self, direction: str, duration_s: float, on: date) -> Charge:
        """What the telephone company takes for a call: whole minutes, the last one begun counts."""
        price = self.price_of(PHONE, f"voice-{direction}", on)
        if price is None or "call_minute" not in price.usd:
            return UNKNOWN
        minutes = -(-max(0.0, duration_s) // 60)
        return Charge(price.usd["call_minute"] * int(minutes), price.valid_from)


def load_prices(path: Path | None = None) -> PriceTable:
    """The table of a file, the one that comes along by default. Raises SettingsError that lists every fault."""
    path = path or DEFAULT_FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise SettingsError([f"PRICES_FILE {path} cannot be read: {error}"]) from error
    faults: list[str] = []
    entries = data.get("price")
    if not isinstance(entries, list) or not entries or set(data) != {"price"}:
        raise SettingsError([f"PRICES_FILE {path} must hold [[price]] entries and nothing else."])
    prices = [_price(entry, f"PRICES_FILE {path}, entry {number}", faults) for number, entry in enumerate(entries, 1)]
    if faults:
        raise SettingsError(faults)
    return PriceTable(price for price in prices if price is not None)


def _price(entry: Mapping[str, Any], place: str, faults: list[str]) -> Price | None:
    before = len(faults)
    if set(entry) != _FIELDS:
        odd = ", ".join(sorted(set(entry) ^ _FIELDS))
        faults.append(f"{place}: it must have exactly {', '.join(sorted(_FIELDS))}; wrong or missing: {odd}.")
        return None
    for field in ("provider", "model", "source"):
        if not isinstance(entry[field], str) or not entry[field].strip():
            faults.append(f"{place}: {field} must be a text that is not empty.")
    # A moment is a date too, as Python sees it, and cannot be compared with one.
    if type(entry["valid_from"]) is not date:
        faults.append(f"{place}: valid_from must be a date such as 2026-11-01.")
    usd = _amounts_of_money(entry["usd"], place, faults)
    if len(faults) > before:
        return None
    return Price(entry["provider"], entry["model"], entry["valid_from"], entry["source"], usd)


def _amounts_of_money(given: Any, place: str, faults: list[str]) -> dict[str, Decimal]:
    if not isinstance(given, dict) or not given or not set(given) <= set(UNITS):
        faults.append(f"{place}: usd must name units and their prices; units are {', '.join(UNITS)}.")
        return {}
    amounts = {}
    for unit, value in given.items():
        try:
            amounts[unit] = Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            amounts[unit] = Decimal(-1)
        if isinstance(value, bool) or not amounts[unit].is_finite() or amounts[unit] < 0:
            faults.append(f"{place}: the price of {unit} must be a number that is not negative.")
    return amounts


def _amounts(usage: Usage, price: Price) -> dict[str, Decimal]:
    """How much of each billed unit was used. Cached tokens without a price of their own count as ordinary ones."""
    apart = {
        "million_cached_tokens": usage.cached_tokens,
        "million_cache_write_tokens": usage.cache_write_tokens,
    }
    apart = {unit: count for unit, count in apart.items() if unit in price.usd}
    tokens = apart | {
        "million_input_tokens": max(0, usage.input_tokens - sum(apart.values())),
        "million_output_tokens": usage.output_tokens,
    }
    amounts = {unit: count / _MILLION for unit, count in tokens.items()} | {
        "audio_minute": Decimal(usage.audio_ms) / 60_000,
        "thousand_characters": Decimal(usage.characters) / 1000,
    }
    return {unit: amount for unit, amount in amounts.items() if unit in price.usd}


def _is_something(usage: Usage) -> bool:
    return bool(usage.input_tokens or usage.output_tokens or usage.audio_ms or usage.characters)


def to_data(usage: Usage, charge: Charge) -> dict[str, Any]:
    """Both as JSON-ready data, for a call's event log. Money is a text, so that no digit is lost."""
    priced_from = charge.priced_from.isoformat() if charge.priced_from else None
    return asdict(usage) | {"price_usd": None if charge.usd is None else str(charge.usd), "priced_from": priced_from}


def from_data(data: Mapping[str, Any]) -> tuple[Usage, Charge]:
    """What `to_data` took apart; other keys are left alone. Raises KeyError, TypeError or ValueError."""
    usage = Usage(**{field.name: data[field.name] for field in fields(Usage)})
    if data["price_usd"] is None:
        return usage, UNKNOWN
    try:
        return usage, Charge(Decimal(data["price_usd"]), date.fromisoformat(data["priced_from"]))
    except InvalidOperation as error:
        raise ValueError("the price is no number") from error
