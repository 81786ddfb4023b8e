"""The words that recognisers are told to expect."""

from engine.questions.bank import load_bank
from engine.questions.expected import expected_terms
from engine.vocabulary import Topic


def test_the_terms_of_the_question_come_first_then_the_topics_its_own_before_the_others() -> None:
    question = load_bank().by_id("python-gil")
    terms = expected_terms(question, (Topic.NODEJS, Topic.PYTHON))

    assert terms[: len(question.terms)] == question.terms
    assert [term for term in terms if term not in question.terms] == ["Python", "Node.js"]


def test_every_topic_has_a_name_and_no_term_comes_twice() -> None:
    for question in load_bank().questions:
        terms = expected_terms(question, tuple(Topic))
        assert len(terms) == len(set(terms)) >= len(question.terms)
