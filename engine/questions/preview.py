"""What an interview will be like, before it is booked: how many questions on which topic, and an example of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.questions.bank import QuestionBank
from engine.questions.choice import anchor_questions, topics_in_turn
from engine.questions.question import Question
from engine.vocabulary import Difficulty, Level, Topic


@dataclass(frozen=True, slots=True)
class TopicPreview:
    """One topic's part in an interview."""

    topic: Topic
    count: int
    """Questions on it, when none is skipped over."""
    in_bank: dict[Difficulty, int]
    """How many the bank holds from which they are chosen."""
    example: str | None
    """A question of the level that the interview may or may not put; never one that everybody gets."""


def preview(bank: QuestionBank, topics: Sequence[Topic], level: Level, question_count: int) -> tuple[TopicPreview, ...]:
    """The topics in the order in which they come up. What the answers decide is not foretold."""
    rotation = topics_in_turn(bank, topics, level)
    held = {topic: bank.matching(topic) for topic in rotation}
    counts = _counts({topic: len(questions) for topic, questions in held.items()}, question_count)
    kept_back = anchor_questions(bank, rotation, level, question_count // 2 + 1)
    return tuple(
        TopicPreview(
            topic,
            counts[topic],
            {each: sum(question.difficulty is each for question in held[topic]) for each in Difficulty},
            _example(held[topic], level, kept_back),
        )
        for topic in rotation
        if counts[topic]
    )


def _counts(held: dict[Topic, int], question_count: int) -> dict[Topic, int]:
    """Topics take turns; one that has run out of questions is passed over."""
    counts = dict.fromkeys(held, 0)
    for _ in range(min(question_count, sum(held.values()))):
        open_topics = [topic for topic in held if counts[topic] < held[topic]]
        counts[min(open_topics, key=lambda each: counts[each])] += 1
    return counts


def _example(questions: Sequence[Question], level: Level, kept_back: Sequence[str]) -> str | None:
    fitting = [
        question
        for question in questions
        if level in question.levels and question.difficulty is Difficulty.MEDIUM and question.id not in kept_back
    ]
    others = [question for question in questions if question.id not in kept_back]
    return next((question.text for question in [*fitting, *others]), None)
