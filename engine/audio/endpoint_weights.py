"""How long to wait before a silence counts as the end of a turn: the weights of a fit, and what follows from them.

A silence is either the end of the turn or a pause within it. The odds of the two come from the words, the question and
the amount said so far; how long pauses last comes from their measured distribution (log-normal), moved by the
candidate's own habit. The best moment to decide is where one more millisecond of waiting costs as much, in dead air
after ends, as it saves in answers cut off: there the density of pause lengths equals the odds divided by the price of
a cut-off. The price is the one parameter that trades dead air for patience.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import erfc, exp, inf, isfinite, log, pi, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final, get_type_hints

from engine.audio.endpoint import Ending
from engine.errors import WeightsError

DEFAULT_WEIGHTS = Path(__file__).parent / "data" / "endpoint.toml"
KINDS = ("yes_no", "short", "open", "think")
"""Shapes of a question that the fit knows."""
_STANDARD: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class EndpointWeights:
    kind: Mapping[str, float]
    """Log odds, for each kind of question, that a silence is the end."""
    words: Mapping[str, float]
    """For each kind of question: added per unit of log(1 + words so far)."""
    ending: Mapping[str, float]
    """Added for each ending of the words so far."""
    pause_kind: Mapping[str, float]
    """Logarithm of the median pause within a turn, in ms, for each kind of question."""
    pause_ending: Mapping[str, float]
    """Added to it for each ending."""
    pause_spread: float
    """Standard deviation of the logarithm."""
    habit_inertia: float
    """The habit counts by half after so many pauses."""
    price: float
    """Logarithm of the dead air, in ms, that one cut-off is worth."""
    correction: float
    """Added to the price each time that the candidate went on right after a decision."""
    corrections: int
    """How often, at most."""
    vote: float
    """Weight of the log odds that an end-of-turn model gives."""
    seems: float
    """Added to the log odds when it is asked whether a silence seems the end: above 0 it does sooner."""
    hint_eager_end: float
    hint_end: float
    """Added to the log odds when the recogniser takes the turn for over."""
    shortest_ms: int
    """No decision earlier after the end of speech."""
    longest_ms: int
    """No decision later, unless time was asked for."""
    thinking_ms: int
    """The longest wait after a request for time."""
    aside_ms: int
    """The wait where no question of the interview is open."""

    def log_odds(self, kind: str, ending: Ending, words: int) -> float:
        """That the turn is over rather than paused."""
        return self.kind[kind] + self.words[kind] * log(1 + words) + self.ending[ending]

    def wait_ms(self, log_odds: float, log_median: float, price: float) -> int:
        """The best wait from the end of speech, between the shortest and the longest.

        log_median: of the pauses to be expected here. The wait grows with the price and falls with the odds.
        """
        shortest, longest = float(self.shortest_ms), float(self.longest_ms)
        spread = self.pause_spread
        # density(t) = odds / exp(price) is quadratic in log(t); the larger root is where the density falls below.
        level = log_odds - price + log(spread * sqrt(2 * pi))
        inner = spread**2 - 2 * log_median - 2 * level
        if inner <= 0:
            return self.shortest_ms
        found = exp(min(log(longest), log_median - spread**2 + spread * sqrt(inner)))
        if found <= shortest:
            return self.shortest_ms

        def cost(wait: float) -> float:
            lasting = 0.5 * erfc((log(wait) - log_median) / (spread * sqrt(2)))
            return exp(price) * lasting + exp(log_odds) * wait

        return self.shortest_ms if cost(shortest) < cost(found) else round(found)

    def seems_over_ms(self, log_odds: float, log_median: float) -> int:
        """From when on, after the end of speech, a silence seems the end of the turn.

        Where `seems` is 0 that is when the end is as likely as a pause: pauses that last so long are as rare then as
        the odds of an end, before the silence began, were low.
        """
        needed = log_odds + self.seems
        if needed >= 0:
            return 0
        return round(exp(log_median + self.pause_spread * _STANDARD.inv_cdf(1 - exp(needed))))


def load_weights(path: Path = DEFAULT_WEIGHTS) -> EndpointWeights:
    """The weights in a file as `python -m benchmarks.fit_endpoint` writes it. Raises WeightsError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error
    hints = get_type_hints(EndpointWeights)
    names = {field.name for field in fields(EndpointWeights)}
    found = data.get("weights", {})
    if set(found) != names:
        raise WeightsError(
            f"{path}: the weights differ from what is needed in: {', '.join(sorted(names ^ set(found)))}."
        )
    weights = EndpointWeights(**{name: _checked(path, name, found[name], hints[name]) for name in names})
    if not 100 <= weights.shortest_ms < weights.longest_ms <= weights.thinking_ms or weights.pause_spread <= 0:
        raise WeightsError(f"{path}: the waits must ascend from shortest to thinking, and the spread be above 0.")
    return weights


def _checked(path: Path, name: str, value: Any, hint: Any) -> Any:
    if hint in (int, float):
        if not isinstance(value, (int, float)) or not isfinite(value):
            raise WeightsError(f"{path}: {name} must be a number.")
        return hint(value)
    wanted = [ending.value for ending in Ending] if "ending" in name else list(KINDS)
    if not isinstance(value, dict) or sorted(value) != sorted(wanted):
        raise WeightsError(f"{path}: {name} needs a number for each of: {', '.join(wanted)}.")
    return {key: float(_checked(path, f"{name}.{key}", number, float)) for key, number in value.items()}


def logit(share: float) -> float:
    """Log odds of a probability; infinite at its ends."""
    if share <= 0:
        return -inf
    return inf if share >= 1 else log(share / (1 - share))
