"""The bundled questions are complete and speakable, and a faulty file is refused with every fault named."""

import re
from collections import Counter
from pathlib import Path

import pytest

from engine.errors import BankError
from engine.evaluation.judgement import judge
from engine.questions.bank import QuestionBank, load_bank
from engine.vocabulary import Difficulty, Level, Topic

GOOD = """
topic = "python"

[[question]]
id = "python-made-up"
kind = "concept"
difficulty = "easy"
levels = ["junior", "mid"]
shape = "open"
text = "What does the made up thing do?"
reference_answer = "It sorts apples. It paints bicycles."
terms = ["apple", "bicycle", "sort", "paint"]

[[question.key_point]]
id = "apples"
text = "it sorts apples"
weight = 2
phrasings = ["it sorts apples", "apples get ordered"]

[[question.key_point]]
id = "bicycles"
text = "it paints bicycles"
weight = 1
phrasings = ["it paints bicycles", "bikes get a colour"]

[[question.follow_up]]
key_point = "apples"
text = "And what about fruit?"
"""


@pytest.fixture(scope="module")
def bank() -> QuestionBank:
    return load_bank()


def written(folder: Path, content: str, name: str = "python.toml") -> Path:
    (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_has_nine_questions_with_three_of_each_difficulty(bank: QuestionBank, topic: Topic) -> None:
    counts = Counter(question.difficulty for question in bank.matching(topic))

    assert sum(counts.values()) >= 9
    assert min(counts[difficulty] for difficulty in Difficulty) >= 3


@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("difficulty", Difficulty)
def test_every_level_finds_something_of_each_difficulty(
    bank: QuestionBank, topic: Topic, level: Level, difficulty: Difficulty
) -> None:
    assert bank.matching(topic, difficulty, level)


def test_questions_are_short_enough_to_be_followed_by_ear(bank: QuestionBank) -> None:
    assert {question.id for question in bank.questions if len(question.spoken.split()) > 35} == set()


def test_nothing_spoken_contains_a_symbol(bank: QuestionBank) -> None:
    spoken = [question.spoken for question in bank.questions]
    spoken += [follow_up.text for question in bank.questions for follow_up in question.follow_ups]

    assert [text for text in spoken if re.search(r"[^A-Za-z0-9 ,.?!:;'\-]", text)] == []


def test_no_follow_up_gives_its_point_away(bank: QuestionBank) -> None:
    told = [
        (question.id, follow_up.key_point)
        for question in bank.questions
        for follow_up in question.follow_ups
        if follow_up.key_point in judge(question, follow_up.text).hit
    ]

    assert told == []


def test_every_follow_up_of_the_bundle_asks_for_one_point(bank: QuestionBank) -> None:
    asked = [(question, follow_up) for question in bank.questions for follow_up in question.follow_ups]

    assert all(follow_up.key_point for _, follow_up in asked)
    assert all(
        len({each.key_point for each in question.follow_ups}) == len(question.follow_ups) for question, _ in asked
    )


def test_questions_are_found_by_id(bank: QuestionBank) -> None:
    assert bank.by_id("python-gil").topic is Topic.PYTHON
    with pytest.raises(KeyError):
        bank.by_id("no-such-question")


def test_topics_come_in_the_order_of_the_closed_list(bank: QuestionBank) -> None:
    assert bank.topics() == tuple(Topic)


def test_spoken_form_defaults_to_the_text(tmp_path: Path) -> None:
    question = load_bank(written(tmp_path, GOOD)).questions[0]

    assert question.spoken == question.text == "What does the made up thing do?"
    assert question.key_point("apples").weight == 2.0


def test_the_version_follows_the_content_and_not_the_place(tmp_path: Path) -> None:
    (one := tmp_path / "one").mkdir()
    (other := tmp_path / "other").mkdir()
    (third := tmp_path / "third").mkdir()

    same = load_bank(written(one, GOOD)).version, load_bank(written(other, GOOD.replace("\n", "\r\n"))).version
    changed = load_bank(written(third, GOOD.replace("apples get ordered", "apples get arranged"))).version

    assert same[0] == same[1] != changed


FAULTS = {
    "an unknown topic": ('topic = "python"', 'topic = "cobol"', "topic must be one of"),
    "an id with capitals": ('id = "python-made-up"', 'id = "Python Made Up"', "lower-case words"),
    "an unknown kind": ('kind = "concept"', 'kind = "riddle"', "kind must be one of"),
    "an unknown difficulty": ('difficulty = "easy"', 'difficulty = "brutal"', "difficulty must be one of"),
    "an unknown level": ('["junior", "mid"]', '["junior", "wizard"]', "levels must be"),
    "no level": ('["junior", "mid"]', "[]", "levels must number"),
    "an unknown shape": ('shape = "open"', 'shape = "round"', "shape must be one of"),
    "an empty text": ('text = "What does the made up thing do?"', 'text = " "', "text must be"),
    "a symbol that cannot be spoken": ("made up thing", "made_up == thing", "speakable"),
    "a question too long for the ear": ("made up", "very " * 50 + "made up", "at most 40 words"),
    "too few terms": ('["apple", "bicycle", "sort", "paint"]', '["apple"]', "terms must number"),
    "a weight of zero": ("weight = 2", "weight = 0", "weight must be"),
    "a weight that is no number": ("weight = 2", 'weight = "much"', "weight must be"),
    "a single phrasing": ('["it sorts apples", "apples get ordered"]', '["it sorts apples"]', "phrasings must number"),
    "an empty wrong twin": ("weight = 2", 'weight = 2\nwrong_twin = ""', "wrong_twin must be"),
    "two key points of one id": ('id = "bicycles"', 'id = "apples"', "two key points"),
    "a follow-up to nothing": ('key_point = "apples"', 'key_point = "pears"', "does not have"),
    "a field that does not exist": ('kind = "concept"', 'kind = "concept"\ncolour = "red"', "unknown field 'colour'"),
    "a follow-up with a symbol": ("what about fruit", "what about <fruit>", "speakable"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_file_is_refused_with_file_question_and_fault(tmp_path: Path, name: str) -> None:
    before, after, message = FAULTS[name]
    assert before in GOOD

    with pytest.raises(BankError, match=re.escape(message)) as caught:
        load_bank(written(tmp_path, GOOD.replace(before, after, 1)))
    assert "python.toml" in str(caught.value)


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    content = GOOD.replace('"concept"', '"riddle"').replace("weight = 1", "weight = -1")
    written(tmp_path, "topic = [", "broken.toml")

    with pytest.raises(BankError) as caught:
        load_bank(written(tmp_path, content))

    message = str(caught.value)
    assert "python-made-up: kind" in message
    assert "key point bicycles: weight" in message
    assert "broken.toml: not readable as TOML" in message


def test_an_id_used_in_two_files_is_refused(tmp_path: Path) -> None:
    written(tmp_path, GOOD)

    with pytest.raises(BankError, match=r"react\.toml: python-made-up: the id is already used in python\.toml"):
        load_bank(written(tmp_path, GOOD.replace('"python"', '"react"'), "react.toml"))


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="question must number"):
        load_bank(written(tmp_path, 'topic = "python"\n'))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="holds no question files"):
        load_bank(tmp_path)
