"""A line in miniature: plays what the core says, returns marks, fires timers, and lets a test speak."""

from dataclasses import dataclass, field, replace

import pytest

from engine.dialogue.conversation import step
from engine.dialogue.moment import Conversation, Phase
from engine.dialogue.plan import Plan
from engine.dialogue.playback import mark_names
from engine.dialogue.signals import (
    Action,
    AllReceived,
    AnswerJudged,
    AskModel,
    CallStarted,
    DigitPressed,
    Fact,
    FinalReceived,
    Flush,
    HangUp,
    Judge,
    LineClosed,
    MarkReturned,
    ModelFailed,
    ModelReplied,
    ModelText,
    PieceQueued,
    Signal,
    SilenceHeld,
    Speak,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    StartTimer,
    StopPlayback,
    StopTimer,
    TimerExpired,
)
from engine.questions.bank import FollowUp, KeyPoint, Question, QuestionBank
from engine.transcript import Word
from engine.vocabulary import Difficulty, Level, Topic


def question(number: int, difficulty: Difficulty) -> Question:
    return Question(
        id=f"python-{number}",
        topic=Topic.PYTHON,
        kind="concept",
        difficulty=difficulty,
        levels=(Level.MID,),
        text=f"What is number {number}?",
        spoken=f"What is number {number}?",
        shape="open",
        key_points=(KeyPoint("first", "it is a number", ("it is a number", "a number")),),
        reference_answer="It is a number.",
        follow_ups=(FollowUp("first", f"Can you say more about number {number}?"),),
        terms=(f"term{number}",),
    )


BANK = QuestionBank(
    "test-bank",
    tuple(
        question(number, difficulty)
        for number, difficulty in enumerate([*[Difficulty.EASY] * 4, *[Difficulty.MEDIUM] * 4, *[Difficulty.HARD] * 4])
    ),
)
PLAN = Plan(
    name="Ada", role="Backend Engineer", level=Level.MID, topics=(Topic.PYTHON,), question_count=3, seed=7, bank=BANK
)
PIECE_MS = 1000


@dataclass
class MiniatureCall:
    """Drives the core as the shell does; everything it did is kept in `actions`."""

    plan: Plan = PLAN
    score: float | None = 90.0
    missing: tuple[str, ...] = ()
    state: Conversation = field(default_factory=Conversation)
    now_ms: int = 0
    actions: list[Action] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    unheard: list[str] = field(default_factory=list)
    unanswered_flushes: list[int] = field(default_factory=list)
    judges: bool = True
    has_model: bool = False
    asked_of_model: list[AskModel] = field(default_factory=list)

    def feed(self, signal: Signal) -> list[Action]:
        self.signals.append(signal)
        self.state, actions = step(self.state, signal, self.plan)
        self.actions += actions
        for action in actions:
            self._obey(action)
        return actions

    def _obey(self, action: Action) -> None:
        match action:
            case StartTimer(name, due_ms):
                self.timers[name] = due_ms
            case StopTimer(name):
                self.timers.pop(name, None)
            case Flush(request):
                self.unanswered_flushes.append(request)
            case AskModel():
                self.asked_of_model.append(action)
            case Judge(order):
                if self.judges:
                    self.feed(AnswerJudged(self.now_ms, order, self.score, self.missing))

    @property
    def is_over(self) -> bool:
        return self.state.phase is Phase.LEFT

    @property
    def said(self) -> list[Speak]:
        return [action for action in self.actions if isinstance(action, Speak)]

    @property
    def hung_up(self) -> str | None:
        return next((action.reason for action in self.actions if isinstance(action, HangUp)), None)

    @property
    def stops(self) -> int:
        return sum(isinstance(action, StopPlayback) for action in self.actions)

    def facts(self, name: str) -> list[dict]:
        return [action.data for action in self.actions if isinstance(action, Fact) and action.name == name]

    def start(self) -> None:
        self.feed(CallStarted(self.now_ms, self.has_model))

    def queue_speech(self) -> list[tuple[int, str]]:
        """The voice delivers the whole utterance; returns its marks with the time at which each is heard."""
        said = self.state.playback
        marks: list[tuple[int, str]] = []
        start_ms = max(self.now_ms, said.tail_ms)
        for number, piece in enumerate(range(len(said.pieces), len(said.texts))):
            is_last = piece == len(said.texts) - 1 and not said.is_open
            self.feed(PieceQueued(self.now_ms, said.number, piece, PIECE_MS))
            marks += [
                (start_ms + number * PIECE_MS + offset_ms, name)
                for offset_ms, name in mark_names((said.number, piece), (0, PIECE_MS), said.label, is_last=is_last)
            ]
        return marks

    def model(self, *sentences: str, data: dict | None = None, ends: bool = True, fails: bool = False) -> None:
        """The language model answers the last request."""
        request = self.asked_of_model[-1].request
        for sentence in sentences:
            self.feed(ModelText(self.now_ms, request, sentence))
        if fails:
            self.feed(ModelFailed(self.now_ms, request, "down"))
        elif ends:
            self.feed(ModelReplied(self.now_ms, request, data))

    def hear_out(self) -> None:
        """The caller hears everything that is being said."""
        for at_ms, name in self.queue_speech():
            self.now_ms = max(self.now_ms, at_ms)
            self.feed(MarkReturned(self.now_ms, name))

    def speak(self, text: str, *, for_ms: int = 2000, then_silent: bool = True) -> None:
        """The candidate says something, and the recogniser understands it."""
        began_ms = self.now_ms
        self.feed(SpeechBegan(self.now_ms, began_ms))
        self.now_ms += min(for_ms, 300)
        if for_ms >= 300:
            self.feed(SpeechConfirmed(self.now_ms, began_ms))
        self.now_ms = began_ms + for_ms
        self.feed(SpeechEnded(self.now_ms, self.now_ms))
        words = tuple(Word(word, began_ms, self.now_ms, 0.9) for word in text.split())
        if text:
            self.feed(FinalReceived(self.now_ms, text, words))
        if then_silent:
            self.fall_silent()

    def fall_silent(self) -> None:
        ended_ms = self.state.speech_ended_ms
        self.now_ms += 1500
        self.feed(SilenceHeld(self.now_ms, ended_ms))
        self.answer_flushes()

    def answer_flushes(self) -> None:
        while self.unanswered_flushes:
            self.feed(AllReceived(self.now_ms, self.unanswered_flushes.pop(0)))

    def press(self, digit: str) -> None:
        self.feed(DigitPressed(self.now_ms, digit))
        self.answer_flushes()

    def wait_for(self, timer: str) -> None:
        """Nothing happens until this timer runs out."""
        self.now_ms = max(self.now_ms, self.timers.pop(timer))
        self.feed(TimerExpired(self.now_ms, timer))
        self.answer_flushes()

    def break_line(self) -> None:
        self.feed(LineClosed(self.now_ms, "line_lost"))

    def to_first_question(self) -> None:
        self.start()
        self.hear_out()
        self.speak("Yes, that is fine.")
        self.hear_out()


@pytest.fixture
def call() -> MiniatureCall:
    return MiniatureCall()


@pytest.fixture
def with_plan():
    """A call with some of the plan changed."""
    return lambda **changes: MiniatureCall(plan=replace(PLAN, **changes))
