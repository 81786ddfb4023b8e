"""A question and what is expected of its answer, as values."""

from dataclasses import dataclass
from typing import Literal

from engine.vocabulary import Difficulty, Level, Topic

Kind = Literal["concept", "comparison", "debugging", "design", "practice", "algorithm", "behavioural"]
KINDS: tuple[Kind, ...] = ("concept", "comparison", "debugging", "design", "practice", "algorithm", "behavioural")

Source = Literal["bank", "model"]

Shape = Literal["yes_no", "short", "open", "think"]
"""How long the answer takes to form, for turn-taking."""
SHAPES: tuple[Shape, ...] = ("yes_no", "short", "open", "think")


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One claim that a good answer makes."""

    id: str
    """Unique within its question."""
    text: str
    """The claim as a clause that reads well after "explained that"."""
    phrasings: tuple[str, ...]
    """Ways in which a candidate would say it, in full."""
    weight: float = 1.0
    wrong_twin: str | None = None
    """The classic confusion, said as a candidate would say it."""
    terms: tuple[str, ...] = ()
    """Words that count in full for this point although the question itself uses them."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What to ask when an answer leaves something out. It does not give the answer away."""

    key_point: str | None
    """Id of the key point that it asks for; None where it fits any thin answer."""
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the bank, with everything needed to ask it and to judge the answer."""

    id: str
    topic: Topic
    kind: Kind
    difficulty: Difficulty
    levels: tuple[Level, ...]
    text: str
    """As it is shown."""
    spoken: str
    """As the voice says it: no symbols, short clauses."""
    shape: Shape
    key_points: tuple[KeyPoint, ...]
    reference_answer: str
    follow_ups: tuple[FollowUp, ...]
    terms: tuple[str, ...]
    """Vocabulary for the recogniser."""
    rarities: tuple[tuple[str, float], ...] = ()
    """Stem -> how much it tells, counted over the bank's own texts when the bank is loaded.

    A stem that is not listed counts as the rarest, so a question made by hand can be judged too.
    """
    source: Source = "bank"
    """Whether people wrote it for the bank, or a language model for interviews like this one."""
    version: str = ""
    """Which prompt and model wrote it; empty for a question of the bank, which has the bank's version."""
    rubric_hints: tuple[str, ...] = ()
    """Remarks of its author for whoever grades the answer."""

    def key_point(self, key_point_id: str) -> KeyPoint:
        """The key point of that id. Raises KeyError."""
        for point in self.key_points:
            if point.id == key_point_id:
                return point
        raise KeyError(key_point_id)
