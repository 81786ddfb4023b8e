"""The fast judgement that the conversation goes on with; the report has its own, fuller grade."""

from dataclasses import dataclass

from engine.evaluation.credit import Status, heaviest_first, points_score, status
from engine.evaluation.matching import Similarity, key_word_recall, match_answer
from engine.questions.question import Question
from engine.questions.spoken_terms import corrected


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the next step of an interview needs to know about an answer."""

    score: float | None
    """0 to 100; None when too little was said to assess."""
    hit: tuple[str, ...]
    """Ids of the key points recognised."""
    missing: tuple[str, ...]
    """Ids of the key points not recognised or only partly, heaviest first."""
    words: int


def judge(question: Question, text: str, similarity: Similarity = key_word_recall) -> Judgement:
    """Judge an answer against its question's key points; takes a few milliseconds at most.

    text: as recognised; misheard terms are put right first. Raises nothing: any text can be judged.
    """
    answer = match_answer(question, corrected(text).text, similarity)
    return Judgement(
        score=points_score(answer),
        hit=tuple(match.point.id for match in answer.matches if status(match.recall) is Status.HIT),
        missing=tuple(
            match.point.id for match in heaviest_first(answer.matches) if status(match.recall) is not Status.HIT
        ),
        words=len(text.split()),
    )
