"""What forms about an interview's content offer: roles, topics, lengths, rubrics, and where to begin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.display import LEVELS, ROLES, TOPICS
from dashboard.interview_schemas import MOST_FAQ, QUESTION_COUNTS
from engine.evaluation.rubric import RUBRICS
from engine.work.booking import planned_length_min

_LENGTH_NAMES = {3: "To try it out", 5: "Quick", 10: "Usual", 15: "Full"}


@dataclass(frozen=True, slots=True)
class Length:
    """A number of questions, and what it means for the person on the telephone."""

    name: str
    questions: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to begin that fills something in."""

    name: str
    under: str
    values: Mapping[str, Any]


LENGTHS = tuple(Length(_LENGTH_NAMES[count], count, planned_length_min(count)) for count in QUESTION_COUNTS)
ENDPOINTS = {
    "": "As it is set up here",
    "adaptive": "From words, question and habit",
    "fixed": "By a plain timer",
}
PRESETS = {
    "quick": Preset("Quick", f"5 questions, about {planned_length_min(5)} min", {"question_count": "5"}),
    "full": Preset("Full", f"15 questions, about {planned_length_min(15)} min", {"question_count": "15"}),
}


def content_choices() -> dict[str, Any]:
    """What the parts of forms about role, topics, length and grading need."""
    return {
        "roles": ROLES,
        "levels": LEVELS,
        "topics": TOPICS,
        "lengths": LENGTHS,
        "rubrics": RUBRICS,
        "endpoints": ENDPOINTS,
        "most_faq": MOST_FAQ,
    }
