"""The bank: every question that can be asked, read from data files and checked as a whole."""

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import BankError
from engine.questions.question import FollowUp, KeyPoint, Question
from engine.questions.rarity import stem_rarities
from engine.questions.reading import read_topic_file
from engine.vocabulary import Difficulty, Level, Topic

__all__ = ["FollowUp", "KeyPoint", "Question", "QuestionBank", "load_bank"]

BUNDLED_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class QuestionBank:
    """Questions in the order of their files. `version` is a hash of the content: equal text, equal version."""

    version: str
    questions: tuple[Question, ...]

    def by_id(self, question_id: str) -> Question:
        """The question of that id. Raises KeyError."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)

    def with_written(self, written: Iterable[Question]) -> "QuestionBank":
        """The bank and, before its own, the questions that were written for one interview. The version stays."""
        own = {question.id for question in self.questions}
        added = tuple(question for question in written if question.id not in own)
        return replace(self, questions=(*added, *self.questions)) if added else self

    def weighed(self, question: Question) -> Question:
        """A question from elsewhere, with the rarity of its words counted among those of the bank."""
        return replace(question, rarities=stem_rarities([*self.questions, question])[-1])

    def topics(self) -> tuple[Topic, ...]:
        """The topics that have questions, in the order of the closed list."""
        present = {question.topic for question in self.questions}
        return tuple(topic for topic in Topic if topic in present)

    def matching(
        self, topic: Topic | None = None, difficulty: Difficulty | None = None, level: Level | None = None
    ) -> tuple[Question, ...]:
        """The questions that fit everything given; None fits all."""
        return tuple(
            question
            for question in self.questions
            if (topic is None or question.topic is topic)
            and (difficulty is None or question.difficulty is difficulty)
            and (level is None or level in question.levels)
        )


def load_bank(folder: Path = BUNDLED_FOLDER) -> QuestionBank:
    """Read and check every `*.toml` of the folder, one file a topic.

    Raises BankError with all faults at once, each naming file, question and what is wrong.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise BankError(f"{folder} holds no question files (*.toml)")
    faults: list[str] = []
    questions: list[tuple[str, Question]] = []
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(path.name.encode() + b"\0" + content + b"\0")
        try:
            data = tomllib.loads(content.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{path.name}: not readable as TOML: {error}")
            continue
        read, found = read_topic_file(path.name, data)
        questions += [(path.name, question) for question in read]
        faults += found
    faults += _repeated(questions)
    if faults:
        raise BankError("The question bank cannot be used:\n" + "\n".join(f"  - {fault}" for fault in faults))
    return QuestionBank(digest.hexdigest()[:12], _with_rarities([question for _, question in questions]))


def _repeated(questions: Iterable[tuple[str, Question]]) -> list[str]:
    faults: list[str] = []
    first_seen: dict[str, str] = {}
    for file_name, question in questions:
        if question.id in first_seen:
            faults.append(f"{file_name}: {question.id}: the id is already used in {first_seen[question.id]}")
        first_seen.setdefault(question.id, file_name)
    return faults


def _with_rarities(questions: list[Question]) -> tuple[Question, ...]:
    rarities = stem_rarities(questions)
    return tuple(replace(question, rarities=own) for question, own in zip(questions, rarities, strict=True))
