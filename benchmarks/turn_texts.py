"""What the candidates of generated turns say, and where they hesitate. No audio here: words and pauses, by a seed.

Open answers are built from the question bank's own reference answers and phrasings; short and yes-or-no answers from
the questions' terms in carrier phrases. Train and test share no topic and no carrier phrase.
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.questions.bank import Question, QuestionBank
from engine.vocabulary import Topic

TEST_TOPICS: Final = frozenset({Topic.NODEJS, Topic.DEVOPS, Topic.SYSTEM_DESIGN})
KIND_SHARES: Final = {"open": 0.4, "think": 0.25, "short": 0.2, "yes_no": 0.15}

_CLAUSE: Final = re.compile(r"(?<=[,;:])\s+")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FILLERS: Final = ("um", "uh", "you know", "I mean")
_LEANING: Final = _set(
    "and or but because so if when which that the a an my its their of in on at to from with for by into is are was "
    "be has have can will would should may not very more also only usually i we they it"
)
"""Hesitation comes before a content word more often than elsewhere, so mostly after one of these."""
_JOINTS: Final = ("and", "so", "and then", "but", "also", "because", "and also", "so basically")
_CLOSINGS: Final = {
    False: (
        "so yeah",
        "I think that's it",
        "that's how I would do it",
        "and so on",
        "or something like that",
        "that's all",
    ),
    True: ("that's about it", "and things like that", "so that's my answer", "if that makes sense", "yeah that's it"),
}
_TRAILS: Final = {False: ("so", "and", "but um"), True: ("but yeah", "so um", "or")}
_THINKING: Final = {
    False: ("let me think", "let me think about that", "hmm give me a second"),
    True: ("let me see", "one moment", "let me think for a second"),
}
_RESTARTS: Final = {False: ("sorry", "I mean"), True: ("no wait", "or rather")}
_SHORT: Final = {
    False: (
        "{a}",
        "a {a}",
        "that's the {a}",
        "I think it's | {a}",
        "it's called | um | {a}",
        "{a} | or maybe {b}",
        "that would be the | {a}",
        "{a} I believe",
        "uh | {a}",
        "I would say | {a} because it is simpler",
    ),
    True: (
        "the {a}",
        "{a} I think",
        "it's the {a}",
        "you mean the | {a}",
        "that is | uh | {a}",
        "{a} and | {b}",
        "um | probably {a}",
        "it would be | {a}",
        "mostly {a} | sometimes {b}",
        "I'd go for {a} | since it's easier to test",
    ),
}
_YES_NO: Final = {
    False: (
        "yes", "no", "yes I have", "no I haven't", "yes | we used {a} in my last project", "no | not really",
        "yes I know {a} | but I have never used it | in production", "I think so", "um | yes", "not yet",
        "yeah | for about | two years", "no | we had {a} instead | and it was fine",
    ),
    True: (
        "yeah", "nope", "yes I did", "no we don't", "yeah | I worked with {a} for a year", "well | not much",
        "no I don't think so | but I have read about {a}", "sure", "uh | no", "yes of course",
        "yes | mostly at | my first job", "not really | only {a} | at university",
    ),
}  # fmt: skip
_COUNTS: Final = {2: "two", 3: "three"}
_LISTED: Final = {False: ("things", "reasons"), True: ("points", "ways")}


@dataclass(frozen=True, slots=True)
class Speaker:
    """One candidate: how the voice is bent and how the person talks."""

    name: str
    pitch: float
    """1 is the voice as it is."""
    speed: float
    pause_scale: float
    """Their pauses against everybody's."""
    hesitancy: float
    """How often they hesitate, against everybody."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words said in one go, and the pause behind them; 0 ms behind the last one."""

    text: str
    pause_ms: int


@dataclass(frozen=True, slots=True)
class TurnText:
    kind: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return " ".join(piece.text for piece in self.pieces)


def speakers(*, is_test: bool, count: int, rng: np.random.Generator) -> list[Speaker]:
    """So many people; those of the test lie between those of the training in pitch, and are other people in pace."""
    pitches = np.linspace(0.74, 1.2, 2 * count)[(1 if is_test else 0) :: 2]
    return [
        Speaker(
            f"{'test' if is_test else 'train'}-{index + 1}",
            round(float(pitch), 3),
            round(float(rng.uniform(0.88, 1.25)), 2),
            round(float(np.exp(rng.normal(0, 0.2))), 3),
            round(float(rng.uniform(0.6, 1.4)), 2),
        )
        for index, pitch in enumerate(pitches)
    ]


class TurnWriter:
    """Writes the turns of one split."""

    def __init__(self, bank: QuestionBank, *, is_test: bool, rng: np.random.Generator) -> None:
        self._questions = [each for each in bank.questions if (each.topic in TEST_TOPICS) is is_test]
        self._is_test = is_test
        self._rng = rng

    def write(self, speaker: Speaker) -> TurnText:
        """One answer of one person, with its hesitations."""
        kind = str(self._rng.choice(list(KIND_SHARES), p=list(KIND_SHARES.values())))
        question = self._questions[self._rng.integers(len(self._questions))]
        pieces = self._long(question, kind, speaker) if kind in ("open", "think") else self._short(question, kind)
        return TurnText(kind, tuple(self._paused(pieces, kind, speaker)))

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _one_of(self, options: tuple[str, ...]) -> str:
        return options[self._rng.integers(len(options))]

    def _short(self, question: Question, kind: str) -> list[str]:
        carriers = (_SHORT if kind == "short" else _YES_NO)[self._is_test]
        terms = [term for term in question.terms if len(term.split()) <= 3] or list(question.terms)
        a, b = terms[self._rng.integers(len(terms))], terms[self._rng.integers(len(terms))]
        return [part.strip() for part in self._one_of(carriers).format(a=a, b=b).split("|")]

    def _long(self, question: Question, kind: str, speaker: Speaker) -> list[str]:
        pieces = []
        if self._chance(0.3 if kind == "think" else 0.05):
            pieces.append(self._one_of(_THINKING[self._is_test]))
        clauses = self._listed(question) if self._chance(0.15) else self._clauses(question)
        for number, clause in enumerate(clauses):
            pieces += self._hesitant(clause, number, speaker, kind)
        if self._chance(0.18):
            pieces.append(self._one_of(_CLOSINGS[self._is_test]))
        if self._chance(0.05):
            pieces[-1] += " " + self._one_of(_TRAILS[self._is_test])
        return pieces

    def _clauses(self, question: Question) -> list[str]:
        sentences = _SENTENCE.split(question.reference_answer)
        first = int(self._rng.integers(max(1, len(sentences) - 1)))
        chosen = sentences[first : first + int(self._rng.integers(1, 5))]
        clauses = []
        for sentence in chosen:
            begun = ""
            for part in _CLAUSE.split(sentence):
                begun = f"{begun} {part}".strip()
                # A comma is no place to pause more often than not: "last in, first out".
                if len(begun.split()) >= 4 and self._chance(0.6):
                    clauses.append(begun)
                    begun = ""
            clauses += [begun] if begun else []
        if self._chance(0.4):
            point = question.key_points[self._rng.integers(len(question.key_points))]
            clauses.append(self._one_of(point.phrasings))
        return [_spoken(clause) for clause in clauses]

    def _listed(self, question: Question) -> list[str]:
        count = min(len(question.key_points), int(self._rng.integers(2, 4)))
        if count < 2:
            return self._clauses(question)
        noun = self._one_of(_LISTED[self._is_test])
        items = [_spoken(self._one_of(point.phrasings)) for point in question.key_points[:count]]
        marks = ("first", "second", "and third") if self._chance(0.5) else ("one is", "another is", "and finally")
        opening = [f"there are {_COUNTS[count]} {noun}"] if self._chance(0.6) else []
        return opening + [f"{mark} {item}" for mark, item in zip(marks, items, strict=False)]

    def _hesitant(self, clause: str, number: int, speaker: Speaker, kind: str) -> list[str]:
        """The clause, joined to the one before, with at most one hesitation inside."""
        words = clause.split()
        share = 0.35 * speaker.hesitancy * (1.3 if kind == "think" else 1.0)
        pieces = []
        if number and self._chance(0.4):
            joint = self._one_of(_JOINTS)
            if self._chance(0.5):
                pieces.append(joint + (" um" if self._chance(0.2) else ""))
            else:
                words = joint.split() + words
        if len(words) < 4 or not self._chance(share):
            return [*pieces, " ".join(words)]
        gaps = np.arange(1, len(words))
        weights = np.array([3.0 if words[gap - 1].lower() in _LEANING else 1.0 for gap in gaps])
        gap = int(self._rng.choice(gaps, p=weights / weights.sum()))
        before, after = words[:gap], words[gap:]
        if self._chance(0.3):
            before = [*before, self._one_of(_FILLERS)]
        elif self._chance(0.1):
            after = [self._one_of(_RESTARTS[self._is_test]), *words[max(0, gap - 2) :]]
        return [*pieces, " ".join(before), " ".join(after)]

    def _paused(self, texts: list[str], kind: str, speaker: Speaker) -> list[Piece]:
        last = len(texts) - 1
        return [
            Piece(text, 0 if index == last else self._pause_ms(text, kind, speaker)) for index, text in enumerate(texts)
        ]

    def _pause_ms(self, before: str, kind: str, speaker: Speaker) -> int:
        """Log-normal, with a second, longer kind of pause for thinking.

        The numbers make a plain silence timer fare on all turns together as it is published to fare on real ones:
        about 56 % of pauses exceed 300 ms, 22 % exceed 600 ms, and it takes 1600 ms to spare all but 5 %.
        """
        last = before.split()[-1].lower()
        asks = any(phrase in before for phrase in (*_THINKING[False], *_THINKING[True]))
        thinking = {"yes_no": 0.02, "short": 0.03, "open": 0.03, "think": 0.055}[kind]
        if last in ("um", "uh", "know", "mean"):
            thinking *= 2.5
        elif last in _LEANING:
            thinking *= 1.4
        if asks:
            middle, spread = 2200.0, 0.4
        elif self._chance(thinking):
            middle, spread = 1700.0, 0.4
        else:
            middle, spread = {"yes_no": 290.0, "short": 300.0, "open": 310.0, "think": 340.0}[kind], 0.6
        drawn = middle * speaker.pause_scale * float(np.exp(self._rng.normal(0, spread)))
        return int(min(6000, max(100, round(drawn / 10) * 10)))


def _spoken(clause: str) -> str:
    """A clause as one says it: without the marks and the capital of a written sentence."""
    text = re.sub(r"[,;:.!?()\"]+(?=\s|$)", "", clause.strip()).replace("(", "")
    return text[:1].lower() + text[1:] if text[1:2].islower() or text.startswith("A ") else text
