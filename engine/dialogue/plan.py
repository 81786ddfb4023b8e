"""What was agreed before the call: the interview's plan and its limits, and where it stood when it was last left."""

from dataclasses import asdict, dataclass
from typing import Any

from engine.questions.bank import QuestionBank
from engine.transcript import Transcript
from engine.vocabulary import AnswerState, Difficulty, Level, Topic


@dataclass(frozen=True, slots=True)
class Limits:
    """Patience and ceilings, in milliseconds of audio time."""

    interview_ms: int = 60 * 60_000
    answer_ms: int = 300_000
    aside_ms: int = 60_000
    """How long anything else than an answer may last: a yes or no, a remark at the end."""
    prompt_after_ms: int = 8_000
    """Silence after the end of playback before "take your time"."""
    offer_after_ms: int = 12_000
    """And, from there, before the offer to repeat or skip."""
    leave_after_ms: int = 15_000
    """And, from there, before the goodbye that keeps the interview open."""
    pause_ms: int = 120_000
    """How long a break may last that the candidate asked for."""
    short_before_end_ms: int = 300_000
    """When it is told that the time is nearly up."""
    patience_ms: int = 10_000
    """What "let me think" and the key 1 buy."""
    flush_ms: int = 6_000
    """How long the recogniser may take for the last words."""
    bridge_ms: int = 900
    """Silence while they are waited for, after which a short word of ours fills it."""
    next_bridge_ms: int = 2_000
    """And, from there, before we say that it takes a moment."""
    nod_every_ms: int = 8_000
    """At the most so often a sound of listening falls into a silence that may be the end of the answer; 0: never."""
    judge_ms: int = 1_000
    intent_ms: int = 700
    """How long a model may take to tell what an utterance is."""
    wording_ms: int = 2_000
    """How long a model may take for the words of a question."""
    lead_ms: int = 700
    """Silence while the model looks for words, after which a short word of ours fills it."""
    most_follow_ups: int = 1
    fewest_words: int = 12
    """An answer with fewer words gets a follow-up."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of this interview and what became of it."""

    question_id: str
    order: int
    difficulty: Difficulty
    state: AnswerState | None = None
    """None while it is open."""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Faq:
    """A question that candidates may have, and what to tell them."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the conversation needs to know; it does not change during a call."""

    name: str
    """How the candidate is addressed; may be empty."""
    role: str
    level: Level
    topics: tuple[Topic, ...]
    question_count: int
    seed: int
    """Fixes every choice that is free: the same plan and answers give the same interview."""
    bank: QuestionBank
    limits: Limits = Limits()
    faq: tuple[Faq, ...] = ()
    """What the user wants answered when the candidate asks."""
    asked: tuple[Asked, ...] = ()
    """What an earlier call of the same interview got through."""
    begun: Transcript = Transcript("")
    """The answer to the last of them as an earlier call heard it; its words have no place on this call's clock."""


def progress_data(asked: tuple[Asked, ...]) -> dict[str, Any]:
    """Where the interview stands, as JSON-ready data."""
    return {"asked": [asdict(each) for each in asked]}


def place_data(plan: Plan) -> dict[str, Any]:
    """Where the interview stands at the beginning of a call: its progress, and the answer that was begun."""
    return {**progress_data(plan.asked), "begun": plan.begun.text}


def asked_from_progress(data: dict[str, Any]) -> tuple[Asked, ...]:
    """What `progress_data` wrote; empty for an interview that has not begun."""
    return tuple(
        Asked(
            question_id=each["question_id"],
            order=each["order"],
            difficulty=Difficulty(each["difficulty"]),
            state=AnswerState(each["state"]) if each["state"] else None,
            score=each["score"],
        )
        for each in data.get("asked", ())
    )
