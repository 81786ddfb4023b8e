from hypothesis import given, settings
from hypothesis import strategies as st

from engine.questions.bank import load_bank
from engine.questions.choice import choose
from engine.questions.preview import preview
from engine.vocabulary import Difficulty, Level, Topic

BANK = load_bank()


@settings(max_examples=40)
@given(
    topics=st.lists(st.sampled_from(list(Topic)), min_size=1, max_size=8, unique=True),
    level=st.sampled_from(list(Level)),
    count=st.sampled_from([3, 5, 10, 15]),
    wanted=st.sampled_from(list(Difficulty)),
)
def test_the_preview_names_the_topics_of_the_questions_that_are_then_asked(
    topics: list[Topic], level: Level, count: int, wanted: Difficulty
) -> None:
    asked: list[str] = []
    for order in range(1, count + 1):
        choice = choose(
            BANK,
            topics=topics,
            level=level,
            difficulty=wanted,
            asked=tuple(asked),
            order=order,
            total=count,
            seed=7,
        )
        if choice is None:
            break
        asked.append(choice.question.id)
    foretold = {each.topic: each.count for each in preview(BANK, topics, level, count)}
    found = [BANK.by_id(question_id).topic for question_id in asked]
    assert foretold == {topic: found.count(topic) for topic in found}


def test_an_example_is_shown_for_each_topic_and_none_that_everybody_gets() -> None:
    parts = preview(BANK, list(Topic), Level.MID, 10)
    assert len(parts) == 8
    anchors = set()
    asked: list[str] = []
    for order in range(1, 7):
        choice = choose(
            BANK,
            topics=list(Topic),
            level=Level.MID,
            difficulty=Difficulty.MEDIUM,
            asked=tuple(asked),
            order=order,
            total=10,
            seed=1,
        )
        assert choice is not None
        asked.append(choice.question.id)
        if order in (1, 6):
            anchors.add(choice.question.text)
    assert all(part.example and part.example not in anchors for part in parts)
    assert all(sum(part.in_bank.values()) == len(BANK.matching(part.topic)) for part in parts)


def test_a_bank_without_enough_questions_foretells_only_what_it_holds() -> None:
    small = BANK.__class__("1", BANK.matching(Topic.PYTHON)[:2] + BANK.matching(Topic.REACT)[:1])
    parts = preview(small, [Topic.PYTHON, Topic.REACT, Topic.DEVOPS], Level.MID, 10)
    assert {each.topic: each.count for each in parts} == {Topic.PYTHON: 2, Topic.REACT: 1}
