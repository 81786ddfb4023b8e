"""One topic's file, already parsed as TOML, as questions; every fault is named with its file and question."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from engine.questions.question import KINDS, SHAPES, FollowUp, KeyPoint, Question
from engine.vocabulary import Difficulty, Level, Topic

KEY_POINTS = range(2, 6)
PHRASINGS = range(2, 5)
FOLLOW_UPS = range(1, 4)
TERMS = range(4, 13)
LONGEST_SPOKEN_WORDS = 40

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SPEAKABLE = re.compile(r"[A-Za-z0-9 ,.?!:;'\-]+")
_QUESTION_FIELDS = {
    "id", "kind", "difficulty", "levels", "text", "spoken", "shape", "reference_answer", "terms", "key_point",
    "follow_up",
}  # fmt: skip
_KEY_POINT_FIELDS = {"id", "text", "phrasings", "weight", "wrong_twin", "terms"}
_FOLLOW_UP_FIELDS = {"key_point", "text"}


class _Faults:
    """Collects what is wrong with one question."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.found: list[str] = []

    def add(self, fault: str) -> None:
        self.found.append(f"{self.place}: {fault}")

    def text(self, data: Mapping[str, Any], field: str, default: str | None = None) -> str:
        value = data.get(field, default)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.add(f"{field} must be a text that is not empty")
        return ""

    def texts(self, data: Mapping[str, Any], field: str, count: range) -> tuple[str, ...]:
        value = data.get(field, [])
        if not _are_texts(value):
            self.add(f"{field} must be a list of texts that are not empty")
            return ()
        if len(value) not in count:
            self.add(f"{field} must number {count.start} to {count.stop - 1}, not {len(value)}")
        return tuple(value)

    def choice(self, data: Mapping[str, Any], field: str, allowed: Iterable[str]) -> str | None:
        value = data.get(field)
        if value in (known := tuple(allowed)):
            return str(value)
        self.add(f"{field} must be one of {', '.join(known)}, not {value!r}")
        return None

    def tables(self, data: Mapping[str, Any], field: str, count: range) -> list[dict[str, Any]]:
        value = data.get(field, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.add(f"{field} must be written as [[question.{field}]]")
            return []
        if len(value) not in count:
            self.add(f"{field} must number {count.start} to {count.stop - 1}, not {len(value)}")
        return value

    def unknown(self, data: Mapping[str, Any], known: set[str], where: str) -> None:
        for field in sorted(set(data) - known):
            self.add(f"{where} has an unknown field {field!r}")


def read_topic_file(file_name: str, data: Mapping[str, Any]) -> tuple[list[Question], list[str]]:
    """The questions that are sound, and the faults of the others. `topic` stands once at the top of the file."""
    faults = _Faults(file_name)
    topic = faults.choice(data, "topic", Topic)
    faults.unknown(data, {"topic", "question"}, "the file")
    tables = faults.tables(data, "question", range(1, 1000))
    questions: list[Question] = []
    found = list(faults.found)
    for position, table in enumerate(tables, start=1):
        question, own = _question(f"{file_name}: {table.get('id') or f'question {position}'}", table, topic)
        found += own
        if question is not None:
            questions.append(question)
    return questions, found


def read_question(place: str, data: Mapping[str, Any], topic: str | None) -> tuple[Question | None, list[str]]:
    """One question in the form of the files: the question, or None and what is wrong with it.

    place: where it stands, for the faults. topic: None where that is itself in doubt.
    """
    return _question(place, data, topic)


def _question(place: str, data: Mapping[str, Any], topic: str | None) -> tuple[Question | None, list[str]]:
    faults = _Faults(place)
    faults.unknown(data, _QUESTION_FIELDS, "the question")
    question_id = _slug(faults, data, "the question")
    kind = faults.choice(data, "kind", KINDS)
    difficulty = faults.choice(data, "difficulty", Difficulty)
    shape = faults.choice(data, "shape", SHAPES)
    levels = _levels(faults, data)
    text = faults.text(data, "text")
    spoken = _speakable(faults, "spoken", faults.text(data, "spoken", text))
    reference_answer = faults.text(data, "reference_answer")
    terms = faults.texts(data, "terms", TERMS)
    key_points = _key_points(faults, data)
    follow_ups = _follow_ups(faults, data, {point.id for point in key_points})
    if faults.found or topic is None:
        return None, faults.found
    question = Question(
        id=question_id,
        topic=Topic(topic),
        kind=next(known for known in KINDS if known == kind),
        difficulty=Difficulty(str(difficulty)),
        levels=levels,
        text=text,
        spoken=spoken,
        shape=next(known for known in SHAPES if known == shape),
        key_points=key_points,
        reference_answer=reference_answer,
        follow_ups=follow_ups,
        terms=terms,
    )
    return question, []


def _levels(faults: _Faults, data: Mapping[str, Any]) -> tuple[Level, ...]:
    texts = faults.texts(data, "levels", range(1, len(Level) + 1))
    unknown = [text for text in texts if text not in tuple(Level)]
    if unknown or len(set(texts)) != len(texts):
        faults.add(f"levels must be different ones of {', '.join(Level)}, not {list(texts)}")
        return ()
    return tuple(Level(text) for text in texts)


def _key_points(faults: _Faults, data: Mapping[str, Any]) -> tuple[KeyPoint, ...]:
    points = tuple(_key_point(faults, table) for table in faults.tables(data, "key_point", KEY_POINTS))
    ids = [point.id for point in points]
    for repeated in sorted({each for each in ids if ids.count(each) > 1}):
        faults.add(f"two key points are called {repeated!r}")
    return points


def _key_point(faults: _Faults, data: Mapping[str, Any]) -> KeyPoint:
    point_id = _slug(faults, data, "a key point")
    inner = _Faults(f"{faults.place}: key point {point_id}")
    inner.unknown(data, _KEY_POINT_FIELDS, "the key point")
    weight = data.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 10:
        inner.add(f"weight must be a number above 0 and at most 10, not {weight!r}")
        weight = 1.0
    twin = data.get("wrong_twin")
    if twin is not None:
        twin = inner.text(data, "wrong_twin")
    point = KeyPoint(
        id=point_id,
        text=inner.text(data, "text"),
        phrasings=inner.texts(data, "phrasings", PHRASINGS),
        weight=float(weight),
        wrong_twin=twin,
        terms=inner.texts(data, "terms", range(0, 13)),
    )
    faults.found += inner.found
    return point


def _follow_ups(faults: _Faults, data: Mapping[str, Any], point_ids: set[str]) -> tuple[FollowUp, ...]:
    follow_ups: list[FollowUp] = []
    for table in faults.tables(data, "follow_up", FOLLOW_UPS):
        faults.unknown(table, _FOLLOW_UP_FIELDS, "a follow-up")
        key_point = table.get("key_point")
        if key_point is not None and key_point not in point_ids:
            faults.add(f"a follow-up asks for the key point {key_point!r}, which the question does not have")
        follow_ups.append(FollowUp(key_point, _speakable(faults, "a follow-up", faults.text(table, "text"))))
    return tuple(follow_ups)


def _slug(faults: _Faults, data: Mapping[str, Any], what: str) -> str:
    value = data.get("id")
    if isinstance(value, str) and _SLUG.fullmatch(value) and len(value) <= 64:
        return value
    faults.add(f"{what} needs an id of lower-case words joined by hyphens, at most 64 characters, not {value!r}")
    return str(value)


def _speakable(faults: _Faults, field: str, text: str) -> str:
    if text and not _SPEAKABLE.fullmatch(text):
        odd = sorted({character for character in text if not _SPEAKABLE.fullmatch(character)})
        faults.add(f"{field} must be speakable as it stands; write out {' '.join(odd)} in words")
    words = len(text.split())
    if words > LONGEST_SPOKEN_WORDS:
        faults.add(f"{field} must have at most {LONGEST_SPOKEN_WORDS} words to be followed by ear, not {words}")
    return text


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value)
