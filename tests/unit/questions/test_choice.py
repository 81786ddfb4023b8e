"""The next question: easy first, topics in turn, no repeats, anchors shared, all of it from values."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.questions.bank import QuestionBank, load_bank
from engine.questions.choice import Choice, choose, stepwise
from engine.vocabulary import Difficulty, Level, Topic

BANK = load_bank()
EASY, MEDIUM, HARD = Difficulty.EASY, Difficulty.MEDIUM, Difficulty.HARD


@pytest.mark.parametrize(
    ("score", "before", "after"),
    [
        (80.0, EASY, MEDIUM),
        (79.99, EASY, EASY),
        (79, MEDIUM, MEDIUM),
        (80, MEDIUM, HARD),
        (100, HARD, HARD),
        (50, MEDIUM, MEDIUM),
        (49.99, MEDIUM, EASY),
        (49, HARD, MEDIUM),
        (0, EASY, EASY),
        (None, EASY, EASY),
        (None, MEDIUM, MEDIUM),
        (None, HARD, HARD),
    ],
)
def test_difficulty_steps_at_fifty_and_eighty(score: float | None, before: Difficulty, after: Difficulty) -> None:
    assert stepwise(score, before) is after


@given(scores=st.lists(st.none() | st.floats(-1e6, 1e6)), start=st.sampled_from(list(Difficulty)))
def test_difficulty_moves_one_step_at_a_time_inside_its_range(scores: list[float | None], start: Difficulty) -> None:
    ladder = list(Difficulty)
    present = start
    for score in scores:
        following = stepwise(score, present)
        assert abs(ladder.index(following) - ladder.index(present)) <= 1
        present = following


def play(
    topics: tuple[Topic, ...],
    level: Level,
    seed: int,
    total: int,
    scores: tuple[float | None, ...] = (),
    bank: QuestionBank = BANK,
) -> list[Choice]:
    """The questions of a whole interview; scores beyond those given are None."""
    chosen: list[Choice] = []
    difficulty = EASY
    for order in range(1, total + 1):
        choice = choose(
            bank,
            topics=topics,
            level=level,
            difficulty=difficulty,
            asked=tuple(each.question.id for each in chosen),
            order=order,
            total=total,
            seed=seed,
        )
        if choice is None:
            break
        chosen.append(choice)
        difficulty = stepwise(scores[order - 1] if order <= len(scores) else None, difficulty)
    return chosen


INTERVIEWS = {
    "topics": st.lists(st.sampled_from(list(Topic)), min_size=1, unique=True).map(tuple),
    "level": st.sampled_from(list(Level)),
    "seed": st.integers(),
    "total": st.integers(1, 30),
    "scores": st.lists(st.none() | st.floats(0, 100), max_size=30).map(tuple),
}


@given(**INTERVIEWS)
def test_no_question_comes_twice_and_none_is_lacking_while_any_remain(
    topics: tuple[Topic, ...], level: Level, seed: int, total: int, scores: tuple[float | None, ...]
) -> None:
    chosen = [choice.question for choice in play(topics, level, seed, total, scores)]

    assert len({question.id for question in chosen}) == len(chosen)
    assert len(chosen) == min(total, sum(len(BANK.matching(topic)) for topic in topics))
    assert {question.topic for question in chosen} <= set(topics)


@given(**INTERVIEWS)
def test_topics_stay_balanced_at_every_moment(
    topics: tuple[Topic, ...], level: Level, seed: int, total: int, scores: tuple[float | None, ...]
) -> None:
    counts = dict.fromkeys(topics, 0)
    for choice in play(topics, level, seed, total, scores):
        counts[choice.question.topic] += 1
        assert max(counts.values()) - min(counts.values()) <= 1


@given(**INTERVIEWS, other_seed=st.integers())
def test_anchors_are_the_same_for_every_candidate_of_a_template(
    topics: tuple[Topic, ...],
    level: Level,
    seed: int,
    total: int,
    scores: tuple[float | None, ...],
    other_seed: int,
) -> None:
    one = play(topics, level, seed, total, scores)
    other = play(tuple(reversed(topics)), level, other_seed, total)
    middle = total // 2

    assert one[0].question == other[0].question
    assert one[0].question.difficulty is EASY
    if middle < len(one) and middle > 0 and len(topics) * 9 >= total:
        assert one[middle].question == other[middle].question
        assert one[middle].question.difficulty is MEDIUM


def test_the_same_seed_gives_the_same_interview_and_another_seed_another() -> None:
    topics = (Topic.PYTHON, Topic.DATABASES)
    scores = (90.0, 20.0, 60.0, 85.0)
    one = [choice.question.id for choice in play(topics, Level.MID, 7, 10, scores)]

    assert one == [choice.question.id for choice in play(topics, Level.MID, 7, 10, scores)]
    assert any(one != [choice.question.id for choice in play(topics, Level.MID, seed, 10, scores)] for seed in range(5))


def test_good_answers_lead_to_harder_questions_and_poor_ones_to_easier() -> None:
    topics = (Topic.PYTHON, Topic.REACT)
    rising = play(topics, Level.SENIOR, 1, 5, (95.0,) * 5)
    falling = play(topics, Level.SENIOR, 1, 5, (10.0,) * 5)

    assert [choice.question.difficulty for choice in rising] == [EASY, MEDIUM, MEDIUM, HARD, HARD]
    assert [choice.question.difficulty for choice in falling] == [EASY, EASY, MEDIUM, EASY, EASY]


def test_questions_for_the_level_come_before_others() -> None:
    for seed in range(20):
        choice = choose(
            BANK,
            topics=(Topic.NODEJS,),
            level=Level.JUNIOR,
            difficulty=HARD,
            asked=("nodejs-non-blocking",),
            order=2,
            total=10,
            seed=seed,
        )
        assert choice is not None
        assert Level.JUNIOR in choice.question.levels


def test_a_neighbouring_difficulty_steps_in_when_one_is_used_up() -> None:
    easy = tuple(question.id for question in BANK.matching(Topic.PYTHON, EASY))
    choice = choose(
        BANK, topics=(Topic.PYTHON,), level=Level.MID, difficulty=EASY, asked=easy, order=4, total=9, seed=1
    )

    assert choice is not None
    assert choice.question.difficulty is MEDIUM
    assert "nearest difficulty" in choice.why


def test_nothing_is_left_when_everything_was_asked() -> None:
    asked = tuple(question.id for question in BANK.matching(Topic.PYTHON))
    assert (
        choose(BANK, topics=(Topic.PYTHON,), level=Level.MID, difficulty=EASY, asked=asked, order=10, total=12, seed=1)
        is None
    )


def test_the_reason_names_topic_and_difficulty() -> None:
    first, second, *_ = play((Topic.NODEJS, Topic.DEVOPS), Level.MID, 3, 6)

    assert "candidates can be compared" in first.why
    assert second.why.startswith("Chosen because") and second.why.endswith(".")
    assert "easy" in second.why


def test_written_questions_come_before_the_bank_except_for_the_anchors() -> None:
    written = tuple(
        replace(question, id=f"generated-{question.id}", source="model")
        for question in BANK.questions
        if question.topic in (Topic.PYTHON, Topic.DATABASES)
    )
    with_written = BANK.with_written(written)
    for seed in range(20):
        choices = play_with(with_written, seed)
        plain = play_with(BANK, seed)
        assert [choice.question.source for choice in choices] == ["bank", "model", "bank", "model", "model"]
        assert [choices[0], choices[2]] == [plain[0], plain[2]]
        assert all("language model" in choice.why for choice in choices if choice.question.source == "model")


def test_the_bank_fills_what_the_written_questions_leave_open() -> None:
    one = replace(BANK.by_id("python-gil"), id="generated-one", source="model")
    choices = play_with(BANK.with_written((one, BANK.by_id("python-gil"))), seed=3)

    assert len(choices) == 5
    assert sum(choice.question.source == "model" for choice in choices) <= 1


def play_with(bank: QuestionBank, seed: int) -> list[Choice]:
    asked: list[Choice] = []
    for order in range(1, 6):
        choice = choose(
            bank,
            topics=(Topic.PYTHON, Topic.DATABASES),
            level=Level.MID,
            difficulty=MEDIUM,
            asked=tuple(each.question.id for each in asked),
            order=order,
            total=5,
            seed=seed,
        )
        assert choice is not None
        asked.append(choice)
    return asked
