"""The verdict in words, and the rule that it follows. Advice to a person, who decides."""

from dataclasses import dataclass

from engine.evaluation.scoring import Summary

FEWEST_SCORED = 3
STEPS = ((80.0, "Strong"), (65.0, "Good"), (50.0, "Mixed"), (0.0, "Weak"))
NOT_ENOUGH = "Not enough evidence"
ADVICE = "This is advice to a person, who decides. No decision follows from it by itself."
RULE = (
    f"{', '.join(f'{word} from {start:.0f}' for start, word in STEPS[:-1])}, {STEPS[-1][1]} below; "
    f"{NOT_ENOUGH.lower()} with fewer than {FEWEST_SCORED} scored answers, or when fewer than half of the questions "
    "that were asked could be scored."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    words: str
    reason: str
    rule: str = RULE
    advice: str = ADVICE


def verdict(summary: Summary) -> Verdict:
    """What the figures amount to, by RULE."""
    counted = f"{summary.scored} of {summary.asked} answers could be scored"
    is_thin = summary.scored < FEWEST_SCORED or 2 * summary.scored < summary.asked
    if summary.score is None or summary.low is None or summary.high is None or is_thin:
        return Verdict(NOT_ENOUGH, f"Only {counted}.")
    words, low, high = (_step(score) for score in (summary.score, summary.low, summary.high))
    reason = f"The score is {summary.score:.0f}, likely between {summary.low:.0f} and {summary.high:.0f}; {counted}."
    if low != high:
        reason += f" The band reaches from {low.lower()} to {high.lower()}, so the answers themselves should be read."
    return Verdict(words, reason)


def _step(score: float) -> str:
    return next(word for start, word in STEPS if score >= start)
