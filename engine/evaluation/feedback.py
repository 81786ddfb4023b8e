"""What is said about an answer in words: two or three sentences, strengths, gaps, and what to study."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.evaluation.grade import Contradiction, PointFinding
from engine.vocabulary import GradeState

MOST_REMARKS = 3
_LONGEST_QUOTE_WORDS = 20


@dataclass(frozen=True, slots=True)
class Remarks:
    """Texts for people about one answer."""

    feedback: str
    strengths: tuple[str, ...]
    improvements: tuple[str, ...]
    study: tuple[str, ...]


def remarks(points: Sequence[PointFinding], contradictions: Sequence[Contradiction], flags: Sequence[str]) -> Remarks:
    """About a scored answer."""
    by_weight = sorted(points, key=lambda point: -point.weight)
    hit = [point for point in by_weight if point.status == "hit"]
    partly = [point for point in by_weight if point.status == "partly"]
    missed = [point for point in by_weight if point.status == "missed"]
    strengths = tuple(f"Explained that {point.text}." for point in hit[:MOST_REMARKS])
    gaps = [f"Left out that {point.text}." for point in missed]
    gaps += [f"Only touched on the point that {point.text}." for point in partly]
    return Remarks(
        feedback=" ".join(_sentences(hit, partly, missed, contradictions, flags)),
        strengths=strengths,
        improvements=tuple(gaps[:MOST_REMARKS]),
        study=_study([*missed, *partly]),
    )


def remarks_without_score(state: GradeState, reason: str, points: Sequence[PointFinding]) -> Remarks:
    """About an answer that was declined or could not be assessed."""
    if state is GradeState.DECLINED:
        by_weight = sorted(points, key=lambda point: -point.weight)
        return Remarks(f"{reason} It has no score and does not count as zero.", (), (), _study(by_weight))
    return Remarks(f"{reason} This is not a zero: the question can be asked again.", (), (), ())


def _sentences(
    hit: Sequence[PointFinding],
    partly: Sequence[PointFinding],
    missed: Sequence[PointFinding],
    contradictions: Sequence[Contradiction],
    flags: Sequence[str],
) -> list[str]:
    if "question_repeated" in flags:
        return ["The answer repeats the question and adds nothing of its own.", _gap(missed)]
    if not hit and not partly:
        return [
            "None of the expected points was recognised in this answer.",
            "It may be right in other words, so a person should listen to it before drawing a conclusion.",
        ]
    said = [_covered(hit, partly)]
    if missed:
        said.append(_gap(missed))
    elif partly and hit:
        said.append(f"The point that {partly[0].text} was only touched on: say it in full.")
    else:
        said.append("No expected point is missing.")
    if contradictions:
        said.append(f"One passage may say the opposite of what was meant: “{_shortened(contradictions[0])}”.")
    return said


def _covered(hit: Sequence[PointFinding], partly: Sequence[PointFinding]) -> str:
    if not hit:
        return f"You came near the point that {partly[0].text}, without stating it in full."
    best = max(hit, key=lambda point: point.weight * point.recall)
    quote = _words(best.evidence.quote) if best.evidence is not None else ""
    more = len(hit) - 1
    others = f", and made {more} more of the expected points" if more else ""
    return f"You explained that {best.text} (“{quote}”){others}."


def _gap(missed: Sequence[PointFinding]) -> str:
    return f"What was missing: {'; '.join(point.text for point in missed[:2])}."


def _study(points: Sequence[PointFinding]) -> tuple[str, ...]:
    return tuple(f"{point.text[:1].upper()}{point.text[1:]}." for point in points[:MOST_REMARKS])


def _shortened(contradiction: Contradiction) -> str:
    return _words(contradiction.evidence.quote)


def _words(quote: str) -> str:
    words = quote.split()
    return " ".join(words[:_LONGEST_QUOTE_WORDS]) + (" …" if len(words) > _LONGEST_QUOTE_WORDS else "")
