"""Whatever is said, grading stays inside its ranges, proves what it claims, and never punishes more talk."""

from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EvidenceError
from engine.evaluation.evidence import locate
from engine.evaluation.judgement import judge
from engine.evaluation.offline_grader import grade
from engine.evaluation.rubric import RUBRICS
from engine.evaluation.scoring import ScoredAnswer, summarise
from engine.questions.bank import load_bank
from engine.transcript import Transcript, Word
from engine.vocabulary import AnswerState, Difficulty, GradeState, Topic

BANK = load_bank()
QUESTIONS = st.sampled_from(BANK.questions)
BANK_WORDS = sorted({word for question in BANK.questions for word in question.reference_answer.split()})
ODD_WORDS = ["um", "you know", "I", "don't", "know", "O(n)", "日本", "🙂", "e\u0301", "\u200b", "--", "?"]
WORDS = st.sampled_from([*BANK_WORDS, *ODD_WORDS])
SPEECH = st.lists(WORDS, max_size=80).map(" ".join)
ANYTHING = st.text(max_size=300) | SPEECH


def said(text: str) -> Transcript:
    return Transcript(text, tuple(Word(word, 100 * at, 100 * at + 90, 0.8) for at, word in enumerate(text.split())))


@given(question=QUESTIONS, text=ANYTHING)
def test_a_judgement_stays_in_range_and_names_each_point_once(question, text) -> None:  # type: ignore[no-untyped-def]
    judgement = judge(question, text)

    assert judgement.score is None or 0 <= judgement.score <= 100
    assert sorted(judgement.hit + judgement.missing) == sorted(point.id for point in question.key_points)
    weights = [question.key_point(each).weight for each in judgement.missing]
    assert weights == sorted(weights, reverse=True)


@given(
    question=QUESTIONS,
    text=ANYTHING,
    rubric=st.sampled_from(list(RUBRICS.values())),
    state=st.sampled_from(list(AnswerState)),
)
def test_a_grade_is_whole_and_every_claim_is_proven(question, text, rubric, state) -> None:  # type: ignore[no-untyped-def]
    transcript = said(text)
    result = grade(question, transcript, rubric, state=state)

    if result.state is not GradeState.SCORED:
        assert (result.score, result.low, result.high, result.criteria) == (None, None, None, ())
        assert all(point.status == "missed" for point in result.points)
    else:
        assert result.score is not None and result.low is not None and result.high is not None
        assert 0 <= result.low <= result.score <= result.high <= 100
        assert all(1 <= each.level <= 5 and (each.level == 1 or each.evidence) for each in result.criteria)
    for point in result.points:
        assert (point.status == "missed") == (point.evidence is None)
        if point.evidence is not None:
            assert locate(point.evidence.quote, transcript) == point.evidence
    assert result.feedback.strip() and result.reasoning.strip()
    assert 0 <= result.confidence <= 1


@given(question=QUESTIONS, text=SPEECH, more=SPEECH)
def test_a_further_sentence_never_costs_anything(question, text, more) -> None:  # type: ignore[no-untyped-def]
    before = judge(question, f"{text} .").score or 0
    after = judge(question, f"{text} . {more} .").score or 0

    assert after >= before


@given(
    text=st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), min_size=1, max_size=40),
    data=st.data(),
)
def test_any_run_of_words_is_found_where_it_stands(text, data) -> None:  # type: ignore[no-untyped-def]
    transcript = said(" ".join(text))
    words = transcript.words
    if not words:
        return
    first = data.draw(st.integers(0, len(words) - 1))
    after = data.draw(st.integers(first + 1, len(words)))
    quote = " ".join(word.text for word in words[first:after])
    try:
        found = locate(quote, transcript)
    except EvidenceError:
        assert not any(character.isalnum() for character in quote)
        return
    if found.start_word is not None and found.end_word is not None:
        located = "".join(word.text for word in words[found.start_word : found.end_word])
        assert [each for each in located.casefold() if each.isalnum()] == [
            each for each in quote.casefold() if each.isalnum()
        ]


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Topic)), st.sampled_from(list(Difficulty)), st.none() | st.floats(0, 100)),
        max_size=30,
    )
)
def test_an_overall_score_lies_between_the_lowest_and_the_highest(rows) -> None:  # type: ignore[no-untyped-def]
    answers = [ScoredAnswer(order, *row) for order, row in enumerate(rows)]
    scores = [score for *_, score in rows if score is not None]
    summary = summarise(answers)

    if not scores:
        assert (summary.score, summary.low, summary.high) == (None, None, None)
    else:
        assert summary.score is not None and summary.low is not None and summary.high is not None
        assert min(scores) - 0.01 <= summary.score <= max(scores) + 0.01
        assert 0 <= summary.low <= summary.score <= summary.high <= 100
    assert sum(part.asked for part in summary.by_topic) == len(rows)
