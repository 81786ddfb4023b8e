"""The interview as a pure step function: what was said comes in as text, what to say goes out as text.

It knows stages, questions, consent and intents. It knows nothing of audio, floors, marks or timers: those are the
conversation's (engine/dialogue/conversation.py), which calls `step` whenever a turn of the candidate is complete.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from engine.dialogue import phrases
from engine.dialogue.intents import Intent
from engine.dialogue.outside_events import CameBack as CameBack
from engine.dialogue.outside_events import LineBroke as LineBroke
from engine.dialogue.outside_events import LineIsHopeless as LineIsHopeless
from engine.dialogue.outside_events import LineIsPoor as LineIsPoor
from engine.dialogue.outside_events import UserEnds as UserEnds
from engine.dialogue.outside_events import UserPauses as UserPauses
from engine.dialogue.outside_events import UserSkips as UserSkips
from engine.dialogue.plan import Asked, Plan
from engine.dialogue.signals import Fact, TuneVoice
from engine.transcript import Transcript
from engine.vocabulary import AnswerState, Difficulty


class Stage(StrEnum):
    GREETING = "greeting"
    CONSENT = "consent"
    ASKING = "asking"
    CLOSING = "closing"
    ENDED = "ended"


class Expects(StrEnum):
    """How the next words of the candidate are to be understood."""

    NOTHING = "nothing"
    CONSENT = "consent"
    ANSWER = "answer"
    CONFIRMATION = "confirmation"
    """A yes or no to a wish that would cost something if it was misheard."""
    ADDITION = "addition"
    """Something to add to the answer before."""
    THEIR_QUESTION = "their question"
    PAUSED = "paused"
    """A word that the break is over."""
    NEW_TIME = "new time"
    """Whether to stop for a new time, since the line is too bad."""
    CLOSING_WORDS = "closing words"


@dataclass(frozen=True, slots=True)
class Began:
    """The line is open."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The candidate's turn is over."""

    transcript: Transcript
    started_ms: int
    ended_ms: int
    ended_by: str
    heard_share: float = 1.0
    """How much of our last utterance had been heard when the candidate began to speak."""
    before: Transcript = Transcript("")
    """Words of the same answer from before a prompt, a repetition or a failure."""


@dataclass(frozen=True, slots=True)
class Judged:
    order: int
    score: float | None
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyPressed:
    digit: str


@dataclass(frozen=True, slots=True)
class StayedSilent:
    times: int
    """1 for the first wait after our last words that ran out, 2 and 3 for the next ones."""
    is_deaf: bool = False
    """Nothing was ever heard of the candidate in this call."""


@dataclass(frozen=True, slots=True)
class CouldNotHear:
    """The recogniser failed during the candidate's turn."""


@dataclass(frozen=True, slots=True)
class TimeIsUp:
    """The interview has lasted as long as it may."""


@dataclass(frozen=True, slots=True)
class TimeIsShort:
    """The interview is near the end of its time."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What the candidate wants, as a model has it; None: it is an answer, or the model did not know in time."""

    intent: Intent | None
    label: str = ""
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Compose:
    """Outcome: say something that a model may word; code has other words ready.

    lead: said before the bank's words, or first where the model is slow. fallback: ends in a question.
    """

    task: str
    fields: dict[str, Any]
    lead: tuple[str, ...]
    fallback: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Worded:
    """The words were found: `texts` are what is asked, by "model" or "bank"."""

    wanted: Compose
    texts: tuple[str, ...]
    source: str


Event = (
    Began
    | Answered
    | Understood
    | Judged
    | Worded
    | KeyPressed
    | StayedSilent
    | CouldNotHear
    | TimeIsShort
    | LineIsPoor
    | LineIsHopeless
    | TimeIsUp
    | LineBroke
    | CameBack
    | UserEnds
    | UserSkips
    | UserPauses
)


@dataclass(frozen=True, slots=True)
class Say:
    """Speak, then listen for what is expected; with `leave` set, hang up once it was heard.

    An utterance that insists is not stopped by the candidate's speech: the polite word at the end of the time.
    """

    texts: tuple[str, ...]
    label: str
    leave: str | None = None
    insists: bool = False


@dataclass(frozen=True, slots=True)
class KeepListening:
    """Say nothing; the candidate has the floor, for this long at least."""

    patience_ms: int = 0
    idle_ms: int = 0
    """And so long may nothing be said before we say something."""


@dataclass(frozen=True, slots=True)
class AskJudgement:
    order: int
    question_id: str
    text: str


@dataclass(frozen=True, slots=True)
class AskIntent:
    """The rules are unsure whether this is an answer."""

    question_id: str
    heard: str


@dataclass(frozen=True, slots=True)
class Foresee:
    """Sentences that may be said next, and terms that the candidate may use."""

    texts: tuple[str, ...]
    terms: tuple[str, ...]


Outcome = Say | Compose | KeepListening | AskIntent | AskJudgement | Foresee | TuneVoice | Fact


@dataclass(frozen=True, slots=True)
class Interview:
    stage: Stage = Stage.GREETING
    expects: Expects = Expects.NOTHING
    asked: tuple[Asked, ...] = ()
    parts: tuple[Transcript, ...] = ()
    """The answer to the open question so far: the first answer, then those to follow-ups."""
    spans: tuple[tuple[int, int], ...] = ()
    """Start and end of each part, in milliseconds."""
    previous_parts: tuple[Transcript, ...] = ()
    previous_spans: tuple[tuple[int, int], ...] = ()
    """The answer to the question before, in case the candidate was not finished when we went on."""
    follow_ups: int = 0
    is_judging: bool = False
    pending: Answered | None = None
    """What was said while it is not known yet whether it is an answer."""
    last_said: tuple[str, ...] = ()
    """What "repeat" repeats."""
    last_label: str = ""
    confirming: Intent | None = None
    """The wish that is to be confirmed."""
    returns_to: Expects = Expects.NOTHING
    """What was expected before a confirmation, a pause or a question of theirs, and is again afterwards."""
    tries: int = 0
    """How often a confirmation was asked for in vain."""
    consent_tries: int = 0
    failures: int = 0
    abuses: int = 0
    closing_rounds: int = 0
    speed: float = 1.0
    gain_db: int = 0
    advice: tuple[str, ...] = ()
    """About the line; to be told with the next question, once in a call."""
    is_advised: bool = False
    hopeless: str = ""
    """Why the line is too bad to go on; empty where it is not."""
    is_time_offered: bool = False
    is_time_short: bool = False
    """To be told with the next question."""
    ended_by: str = ""

    @property
    def current(self) -> Asked | None:
        """The question that is open, if one is."""
        return self.asked[-1] if self.asked and self.asked[-1].state is None else None


def has_answered(interview: Interview) -> bool:
    """Whether there are words to be graded: ended early, such an interview is over, and its PIN opens nothing more."""
    heard = (AnswerState.ANSWERED, AnswerState.UNFINISHED)
    return any(part.text for part in interview.parts) or any(each.state in heard for each in interview.asked)


def present_difficulty(interview: Interview) -> Difficulty:
    """The difficulty of the last question; easy before the first."""
    return interview.asked[-1].difficulty if interview.asked else Difficulty.EASY


def repeated(interview: Interview, before: tuple[str, ...]) -> list[Outcome]:
    """Say the last content again, introduced by `before`."""
    return [Say((*before, *interview.last_said), f"repeat:{interview.last_label}")]


def ended(interview: Interview, plan: Plan, texts: tuple[str, ...], reason: str) -> tuple[Interview, list[Outcome]]:
    """Take leave. The interview counts as whole when every question of the plan was dealt with."""
    closed = sum(1 for each in interview.asked if each.state is not None)
    is_complete = reason == "completed" or closed >= plan.question_count
    after = replace(interview, stage=Stage.ENDED, expects=Expects.NOTHING, ended_by=reason)
    facts: list[Outcome] = [
        Fact("stage_changed", {"stage": Stage.ENDED.value}),
        Fact("interview_ended", {"reason": reason, "is_complete": is_complete}),
    ]
    return after, [*facts, Say(texts, "goodbye", leave=reason)]


def greeted(interview: Interview, plan: Plan) -> tuple[Interview, list[Outcome]]:
    """The first words of the call; an interview that was begun before goes on where it stopped."""
    going_on = bool(plan.asked)
    still_open = plan.asked and plan.asked[-1].state is None
    order = len(plan.asked) + (0 if still_open else 1)
    texts = phrases.greeting(plan.name, plan.role)
    if going_on:
        texts = phrases.welcome_back(plan.name, order, has_begun_to_answer=bool(still_open and plan.begun.text))
    after = replace(
        interview,
        stage=Stage.CONSENT,
        expects=Expects.CONSENT,
        asked=plan.asked,
        parts=(plan.begun,) if still_open and plan.begun.text else (),
        last_said=texts[-1:],
        last_label="consent",
    )
    return after, [Fact("stage_changed", {"stage": Stage.CONSENT.value}), Say(texts, "consent")]
