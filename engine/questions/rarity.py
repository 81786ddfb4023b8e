"""How much a word tells: rare words of the bank weigh more than those found in every question."""

import math
from collections import Counter
from collections.abc import Sequence

from engine.questions.question import Question
from engine.questions.wording import content_stems


def stem_rarities(questions: Sequence[Question]) -> list[tuple[tuple[str, float], ...]]:
    """For each question, the weight of every stem of its key points, sorted by stem.

    Each text of the bank (question, key point, phrasing, reference) feeds the count once per question; candidates'
    answers never do. Weight: log((N + 1) / (df + 1)) + 0.3, with N questions of which df use the stem.
    """
    stems_by_question = [_stems(question) for question in questions]
    frequency = Counter(stem for stems in stems_by_question for stem in stems)
    total = len(questions)
    return [
        tuple((stem, round(math.log((total + 1) / (frequency[stem] + 1)) + 0.3, 4)) for stem in sorted(stems))
        for stems in stems_by_question
    ]


def _stems(question: Question) -> set[str]:
    texts = [question.text, question.reference_answer]
    for point in question.key_points:
        texts += [point.text, *point.phrasings, point.wrong_twin or ""]
    return {stem for text in texts for stem in content_stems(text)}
