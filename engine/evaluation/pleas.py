"""Words addressed to the grader instead of the question: they are noted, and otherwise as if they had not been said."""

import re

_PLEAS = re.compile(
    r"\b(?:(?:please )?(?:give|award|grant|grade|score|rate) (?:me|it|this(?: answer)?) (?:an? |the |with |as )?"
    r"(?:full|perfect|maximum|top|best|highest|five|ten|hundred|one hundred|[0-9]+|excellent)"
    r"(?: marks?| points?| scores?| grades?| stars?| out of (?:five|ten|[0-9]+))?|full marks|"
    r"ignore (?:all |your |the |any |previous |prior )*(?:rubric|instructions?|rules|prompt|criteria)|system prompt|"
    r"mark (?:me|this|it) (?:as )?correct|"
    r"(?:this|my) (?:answer )?deserves (?:an? |the )?(?:\w+ )?(?:score|grade|mark)s?)\b",
    re.IGNORECASE,
)


def has_plea(text: str) -> bool:
    """Whether the text tells the grader what to do."""
    return _PLEAS.search(text) is not None


def without_pleas(text: str) -> str:
    """The text without such words; everything else stays."""
    return _PLEAS.sub(" ", text)
