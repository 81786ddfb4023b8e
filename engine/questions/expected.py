"""Which words a recogniser is told to expect while a question is being answered."""

from collections.abc import Mapping, Sequence

from engine.questions.question import Question
from engine.vocabulary import Topic

_NAMES: Mapping[Topic, str] = {
    Topic.PYTHON: "Python",
    Topic.JAVASCRIPT: "JavaScript",
    Topic.ALGORITHMS: "algorithm",
    Topic.DATABASES: "database",
    Topic.SYSTEM_DESIGN: "scalability",
    Topic.DEVOPS: "DevOps",
    Topic.REACT: "React",
    Topic.NODEJS: "Node.js",
}


def expected_terms(question: Question, topics: Sequence[Topic]) -> tuple[str, ...]:
    """The question's own terms, then how the interview's topics are called, its own first; each once.

    Engines take the first ones that fit into their limits.
    """
    ordered = sorted(topics, key=lambda topic: topic is not question.topic)
    return tuple(dict.fromkeys([*question.terms, *(_NAMES[topic] for topic in ordered)]))
