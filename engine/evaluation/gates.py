"""What is settled before any score: nothing said, declined, not audible, repeated, no match."""

import re
from dataclasses import dataclass

from engine.evaluation.credit import PARTLY_FROM, is_too_little
from engine.evaluation.matching import AnswerMatch, function_word_share
from engine.evaluation.pleas import has_plea
from engine.transcript import Transcript
from engine.vocabulary import AnswerState, GradeState

LOWEST_CONFIDENCE = 0.6
"""Mean word confidence of the recogniser below which the words cannot be trusted."""
DOUBTFUL_WORD = 0.5
MOST_DOUBTFUL_SHARE = 0.15
_TERMS_FUNCTION_SHARE = 0.25
_TERMS_CONTENT_WORDS = 6

_DECLINES = re.compile(
    r"\b(?:i (?:really |honestly |simply |just )?(?:don'?t|do not) (?:really )?(?:know|remember|recall)|"
    r"no (?:idea|clue)|"
    r"(?:i'?m|i am) not (?:sure|familiar)|not sure (?:about|on) (?:this|that)|"
    r"i(?:'ve| have)? never (?:heard of|used|worked with|learned|learnt)|"
    r"i (?:can'?t|cannot|can not) (?:answer|say|remember)|(?:i'?ll|i will|i would|i'?d|i) (?:have to )?pass|"
    r"skip (?:this|it|that|the question)|next question|dunno)\b",
    re.IGNORECASE,
)
_BARELY_DECLINES = re.compile(r"\W*(?:pass|skip)\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state that ends grading, and the reason in words for the report."""

    state: GradeState
    flag: str
    reason: str


def verdict_before(transcript: Transcript, state: AnswerState) -> Verdict | None:
    """What the call itself says about the answer; None when its words are worth reading."""
    if state is AnswerState.SKIPPED:
        return Verdict(GradeState.DECLINED, "skipped", "The candidate skipped this question.")
    if state is AnswerState.SILENT or not transcript.text.strip():
        return Verdict(GradeState.NOT_ASSESSABLE, "silent", "Nothing was said in answer to this question.")
    if transcript.words and round(transcript.confidence, 6) < LOWEST_CONFIDENCE:
        return Verdict(
            GradeState.NOT_ASSESSABLE,
            "not_audible",
            "The speech recogniser was too unsure of the words to grade them; listen to the recording.",
        )
    if _is_other_script(transcript.text):
        return Verdict(
            GradeState.NOT_ASSESSABLE, "not_english", "The answer does not look like English, which this grader needs."
        )
    return None


def verdict_after(text: str, answer: AnswerMatch) -> Verdict | None:
    """What the words themselves say; None when the answer is to be scored."""
    nothing_found = all(match.recall < PARTLY_FROM for match in answer.matches)
    declines = nothing_found and _DECLINES.search(text.replace("’", "'"))
    if declines or _BARELY_DECLINES.fullmatch(text):
        return Verdict(GradeState.DECLINED, "does_not_know", "The candidate said that they do not know.")
    if is_too_little(answer):
        return Verdict(GradeState.NOT_ASSESSABLE, "too_little", "Too little was said to assess.")
    return None


def flags(transcript: Transcript, state: AnswerState, answer: AnswerMatch) -> tuple[str, ...]:
    """What a person should know about this answer. None of it changes the score."""
    share, content = function_word_share(transcript.text)
    words = transcript.words
    doubtful = sum(word.confidence < DOUBTFUL_WORD for word in words)
    raised = {
        "question_repeated": answer.is_repetition,
        "no_match": not answer.is_repetition and all(match.recall < PARTLY_FROM for match in answer.matches),
        "list_of_terms": share < _TERMS_FUNCTION_SHARE and content > _TERMS_CONTENT_WORDS,
        "instructs_grader": has_plea(transcript.text),
        "doubtful_words": bool(words) and doubtful > MOST_DOUBTFUL_SHARE * len(words),
        "unfinished": state is AnswerState.UNFINISHED,
    }
    return tuple(flag for flag, is_raised in raised.items() if is_raised)


def _is_other_script(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return bool(letters) and sum(not letter.isascii() for letter in letters) > len(letters) / 2
