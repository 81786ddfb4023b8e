"""Questions that a language model wrote: held to the rules of the bank, and to a few that only a machine breaks."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from engine.questions.question import FollowUp, KeyPoint, Question
from engine.questions.reading import read_question
from engine.questions.wording import content_stems
from engine.vocabulary import Difficulty, Level, Topic

REPEATED_SHARE = 0.6
"""Share of the shorter question's words that another one uses too: from here on they ask the same."""
GIVEN_AWAY_SHARE = 0.8
"""Share of a key point's words that the question itself says: from here on it answers itself."""
FEWEST_WORDS, MOST_WORDS = 5, 60
"""Of the text as it is shown: fewer are no question, more are two."""
ID_PREFIX = "generated-"
"""No id of the bank begins so."""


@dataclass(frozen=True, slots=True)
class Generated:
    """A question that may be asked."""

    question: Question


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a generated question is not asked."""

    reasons: tuple[str, ...]
    """For its author: they may hold words of the question."""
    kinds: tuple[str, ...] = ()
    """The same in closed words, each once: for logs and counts."""


@dataclass(frozen=True, slots=True)
class _Fault:
    kind: str
    reason: str


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
    found = [_Fault(_kind_of(fault), fault) for fault in faults]
    if data.get("topic") != topic.value or data.get("difficulty") != difficulty.value:
        found.append(_Fault("not_as_wished", "generated: it has another topic or difficulty than was wished for"))
    if question is not None:
        found += _own_faults(question, asked)
    if found or question is None:
        return rejected((fault.kind, fault.reason) for fault in found)
    hints = tuple(str(hint).strip() for hint in data.get("rubric_hints", ()) if str(hint).strip())
    return Generated(replace(question, source="model", rubric_hints=hints))


def rejected(faults: Iterable[tuple[str, str]]) -> Rejected:
    """The verdict on a question with these faults, each a kind and a reason."""
    found = tuple(faults)
    return Rejected(tuple(reason for _, reason in found), tuple(dict.fromkeys(kind for kind, _ in found)))


def generated_id(topic: Topic, text: str) -> str:
    """An id that depends on the text alone, so that the same question has it again."""
    digest = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
    return f"{ID_PREFIX}{topic.value.replace('_', '-')}-{digest}"


def is_repetition(text: str, asked: Sequence[str]) -> bool:
    """Whether the text asks what one of the others asked, by the words that carry meaning."""
    own = set(content_stems(text))
    others = [set(content_stems(other)) for other in asked]
    return any(own and other and len(own & other) >= REPEATED_SHARE * min(len(own), len(other)) for other in others)


def _own_faults(question: Question, asked: Sequence[str]) -> list[_Fault]:
    faults = []
    words = len(question.text.split())
    if not FEWEST_WORDS <= words <= MOST_WORDS:
        faults.append(_Fault("unclear", f"generated: {words} words are too few or too many for one clear question"))
    if is_repetition(question.text, asked) or is_repetition(question.spoken, asked):
        faults.append(_Fault("repeated", "generated: it repeats a question that was already asked"))
    said = set(content_stems(question.text)) | set(content_stems(question.spoken))
    for point in question.key_points:
        stems = set(content_stems(point.text))
        if stems and len(stems & said) >= GIVEN_AWAY_SHARE * len(stems):
            faults.append(_Fault("gives_away", f"generated: the question gives the key point {point.id!r} away"))
    if not is_repetition(question.spoken, [question.text]):
        faults.append(_Fault("spoken_differs", "generated: what is spoken asks something else than what is shown"))
    return faults


def _kind_of(fault: str) -> str:
    """Of what the rules of the bank complain about."""
    return "unspeakable" if "speakable" in fault or "by ear" in fault else "wrong_form"


def _without_null(table: Any) -> Any:
    """TOML has no null; the form of the bank leaves such a field out."""
    return {name: value for name, value in table.items() if value is not None} if isinstance(table, dict) else table


def stored_form(question: Question) -> dict[str, Any]:
    """Everything about a question as JSON-ready data; `from_stored` reads it."""
    return asdict(question)


def from_stored(data: Mapping[str, Any]) -> Question:
    """What `stored_form` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    fields = dict(data)
    fields |= {
        "topic": Topic(fields["topic"]),
        "difficulty": Difficulty(fields["difficulty"]),
        "levels": tuple(Level(level) for level in fields["levels"]),
        "key_points": tuple(
            KeyPoint(**{**point, "phrasings": tuple(point["phrasings"]), "terms": tuple(point["terms"])})
            for point in fields["key_points"]
        ),
        "follow_ups": tuple(FollowUp(**follow_up) for follow_up in fields["follow_ups"]),
        "terms": tuple(fields["terms"]),
        "rarities": tuple((str(stem), float(weight)) for stem, weight in fields["rarities"]),
        "rubric_hints": tuple(fields["rubric_hints"]),
    }
    return Question(**fields)
