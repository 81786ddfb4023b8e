"""Which question comes next: easy first, topics in turn, no repeats, two questions that everybody gets."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.questions.bank import QuestionBank
from engine.questions.question import Question
from engine.vocabulary import Difficulty, Level, Topic

HARDER_FROM = 80.0
EASIER_BELOW = 50.0

_LADDER = (Difficulty.EASY, Difficulty.MEDIUM, Difficulty.HARD)


@dataclass(frozen=True, slots=True)
class Choice:
    """A question and the reason for it, as one sentence for the report."""

    question: Question
    why: str


def stepwise(score: float | None, difficulty: Difficulty) -> Difficulty:
    """The next difficulty: 80 and more one step up, below 50 one step down, otherwise (None too) the same.

    score: 0 to 100. It never leaves the range from easy to hard.
    """
    step = _LADDER.index(difficulty)
    if score is None:
        return difficulty
    if score >= HARDER_FROM:
        step += 1
    elif score < EASIER_BELOW:
        step -= 1
    return _LADDER[min(max(step, 0), len(_LADDER) - 1)]


def choose(  # noqa: PLR0913  each is a fact of the interview
    bank: QuestionBank,
    *,
    topics: Sequence[Topic],
    level: Level,
    difficulty: Difficulty,
    asked: tuple[str, ...],
    order: int,
    total: int,
    seed: int,
) -> Choice | None:
    """The question to ask as number `order` (from 1) of `total`; None when the topics have none left.

    asked: ids of the questions asked so far. The topic with the fewest questions so far comes next; inside it the
    wanted difficulty, else the nearest one, and of those first the ones that were written for such interviews, then the
    ones meant for the level. The first question and the one in the middle are anchors from the bank: they depend on
    topics and level alone, so that candidates compare. Everything else that is free follows from the seed.
    """
    rotation = topics_in_turn(bank, topics, level)
    remaining = [question for topic in rotation for question in bank.matching(topic) if question.id not in asked]
    if not remaining:
        return None
    middle = total // 2 + 1
    anchor_ids = anchor_questions(bank, rotation, level, middle)
    unreserved = [question for question in remaining if question.id not in anchor_ids[order - 1 :]]
    is_anchor = order in (1, middle)
    if is_anchor:
        anchor_id = anchor_ids[0] if order == 1 else anchor_ids[-1]
        for question in remaining:
            if question.id == anchor_id:
                return Choice(question, _anchor_reason(question, level, is_first=order == 1))
    return _from_topic_in_turn(unreserved or remaining, rotation, level, difficulty, _counts(bank, asked), seed)


def _from_topic_in_turn(
    pool: Sequence[Question],
    rotation: Sequence[Topic],
    level: Level,
    difficulty: Difficulty,
    counts: dict[Topic, int],
    seed: int,
) -> Choice:
    open_topics = [topic for topic in rotation if any(question.topic is topic for question in pool)]
    topic = min(open_topics, key=lambda each: (counts.get(each, 0), rotation.index(each)))
    candidates = [question for question in pool if question.topic is topic]
    question = min(
        candidates,
        key=lambda each: (
            _distance(each.difficulty, difficulty),
            each.source == "bank",
            level not in each.levels,
            _stable(seed, each.id),
        ),
    )
    return Choice(question, _reason(question, difficulty, counts.get(topic, 0)))


def anchor_questions(bank: QuestionBank, rotation: Sequence[Topic], level: Level, middle: int) -> tuple[str, ...]:
    """The ids of the questions that everybody gets: position k holds what is reserved for order k + 1.

    rotation: the topics in turn. middle: the order of the second anchor. An empty id stands for "nothing".
    """
    ids = [""] * middle
    if rotation:
        ids[0] = _anchor(bank, rotation[0], level, Difficulty.EASY, ())
        if middle > 1:
            topic = rotation[(middle - 1) % len(rotation)]
            ids[-1] = _anchor(bank, topic, level, Difficulty.MEDIUM, (ids[0],))
    return tuple(ids)


def _anchor(bank: QuestionBank, topic: Topic, level: Level, difficulty: Difficulty, taken: tuple[str, ...]) -> str:
    questions = [each for each in bank.matching(topic) if each.source == "bank" and each.id not in taken]
    if not questions:
        return ""
    best = min(
        questions,
        key=lambda each: (
            _distance(each.difficulty, difficulty),
            level not in each.levels,
            _stable(level.value, each.id),
        ),
    )
    return best.id


def topics_in_turn(bank: QuestionBank, topics: Iterable[Topic], level: Level) -> tuple[Topic, ...]:
    """The topics that have questions, in an order that depends on topics and level alone."""
    present = set(bank.topics())
    wanted = sorted({topic for topic in topics if topic in present}, key=lambda topic: topic.value)
    template = ",".join(topic.value for topic in wanted) + ":" + level.value
    return tuple(sorted(wanted, key=lambda topic: _stable(template, topic.value)))


def _counts(bank: QuestionBank, asked: Iterable[str]) -> dict[Topic, int]:
    counts: dict[Topic, int] = {}
    topic_by_id = {question.id: question.topic for question in bank.questions}
    for question_id in asked:
        topic = topic_by_id.get(question_id)
        if topic is not None:
            counts[topic] = counts.get(topic, 0) + 1
    return counts


def _distance(one: Difficulty, other: Difficulty) -> tuple[int, int]:
    """Steps apart; of two equally far ones the easier comes first."""
    return abs(_LADDER.index(one) - _LADDER.index(other)), _LADDER.index(one)


def _stable(seed: int | str, text: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{text}".encode(), digest_size=8).digest()


def _anchor_reason(question: Question, level: Level, *, is_first: bool) -> str:
    place = "opens" if is_first else "stands in the middle of"
    return (
        f"Chosen because it {place} every {level.value} interview on these topics, "
        f"so that candidates can be compared ({_name(question.topic)}, {question.difficulty.value})."
    )


def _reason(question: Question, wanted: Difficulty, count: int) -> str:
    turn = "had not come up yet" if count == 0 else f"was next in turn after {count} question{'s' if count > 1 else ''}"
    if question.difficulty is wanted:
        fit = f"{wanted.value} is the difficulty that the answers so far led to"
    else:
        fit = f"with no {wanted.value} question of it left, {question.difficulty.value} is the nearest difficulty"
    origin = "" if question.source == "bank" else " A language model wrote it for interviews like this one."
    return f"Chosen because {_name(question.topic)} {turn}, and {fit}.{origin}"


def _name(topic: Topic) -> str:
    return {
        Topic.JAVASCRIPT: "JavaScript",
        Topic.SYSTEM_DESIGN: "system design",
        Topic.DEVOPS: "DevOps",
        Topic.NODEJS: "Node.js",
        Topic.ALGORITHMS: "algorithms",
        Topic.DATABASES: "databases",
    }.get(topic, topic.value.capitalize())
