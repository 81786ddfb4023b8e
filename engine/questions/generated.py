"""Questions that a language model wrote: held to the rules of the bank, and to a few that only a machine breaks."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.questions.question import Question
from engine.questions.reading import read_question
from engine.questions.wording import content_stems
from engine.vocabulary import Difficulty, Level, Topic

REPEATED_SHARE = 0.6
"""Share of the shorter question's words that another one uses too: from here on they ask the same."""
GIVEN_AWAY_SHARE = 0.8
"""Share of a key point's words that the question itself says: from here on it answers itself."""
ID_PREFIX = "generated"


@dataclass(frozen=True, slots=True)
class Generated:
    """A question that may be asked, and remarks for whoever grades it."""

    question: Question
    rubric_hints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a generated question is not asked."""

    reasons: tuple[str, ...]


def read_generated(
    data: Mapping[str, Any], *, topic: Topic, difficulty: Difficulty, level: Level, asked: Sequence[str]
) -> Generated | Rejected:
    """A reply in the form of the generation schema as a question, or the reasons against it.

    topic, difficulty, level: what was wished for. asked: texts of the questions of this interview so far.
    """
    table = {
        "id": generated_id(topic, str(data.get("text", ""))),
        "levels": [level.value],
        "key_point": [_without_null(point) for point in data.get("key_points", ())],
        "follow_up": [_without_null(follow_up) for follow_up in data.get("follow_ups", ())],
    } | {
        name: data.get(name) for name in ("kind", "difficulty", "text", "spoken", "shape", "reference_answer", "terms")
    }
    question, faults = read_question("generated", table, topic.value)
    faults = list(faults)
    if data.get("topic") != topic.value or data.get("difficulty") != difficulty.value:
        faults.append("generated: it has another topic or difficulty than was wished for")
    if question is not None:
        faults += _own_faults(question, asked)
    if faults or question is None:
        return Rejected(tuple(faults))
    hints = data.get("rubric_hints", ())
    return Generated(question, tuple(str(hint) for hint in hints))


def generated_id(topic: Topic, text: str) -> str:
    """An id that depends on the text alone, so that the same question has it again."""
    digest = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
    return f"{ID_PREFIX}-{topic.value.replace('_', '-')}-{digest}"


def is_repetition(text: str, asked: Sequence[str]) -> bool:
    """Whether the text asks what one of the others asked, by the words that carry meaning."""
    own = set(content_stems(text))
    others = [set(content_stems(other)) for other in asked]
    return any(own and other and len(own & other) >= REPEATED_SHARE * min(len(own), len(other)) for other in others)


def _own_faults(question: Question, asked: Sequence[str]) -> list[str]:
    faults = []
    if is_repetition(question.text, asked) or is_repetition(question.spoken, asked):
        faults.append("generated: it repeats a question that was already asked")
    said = set(content_stems(question.text)) | set(content_stems(question.spoken))
    for point in question.key_points:
        stems = set(content_stems(point.text))
        if stems and len(stems & said) >= GIVEN_AWAY_SHARE * len(stems):
            faults.append(f"generated: the question gives the key point {point.id!r} away")
    if not is_repetition(question.spoken, [question.text]):
        faults.append("generated: what is spoken asks something else than what is shown")
    return faults


def _without_null(table: Any) -> Any:
    """TOML has no null; the form of the bank leaves such a field out."""
    return {name: value for name, value in table.items() if value is not None} if isinstance(table, dict) else table
