"""Whatever the line, the recogniser and the voice do, the core stays in legal states and is replayable."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dialogue.conversation import step
from engine.dialogue.moment import Conversation, Phase
from engine.dialogue.plan import Plan
from engine.dialogue.signals import (
    AllReceived,
    AnswerJudged,
    CallStarted,
    DigitPressed,
    Fact,
    FinalReceived,
    HangUp,
    LineClosed,
    LineResumed,
    MarkReturned,
    ModelFailed,
    ModelReplied,
    ModelText,
    PartialReceived,
    PieceQueued,
    RecogniserFailed,
    Signal,
    SilenceHeld,
    Speak,
    SpeakMore,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    StartTimer,
    StopPlayback,
    StopTimer,
    TimerExpired,
    TurnSeemsOver,
    UserCommand,
    VoiceFailed,
    signal_from_data,
    to_data,
)
from engine.questions.bank import FollowUp, KeyPoint, Question, QuestionBank
from engine.transcript import Word
from engine.vocabulary import AnswerState, Difficulty, Level, Topic

BANK = QuestionBank(
    "properties",
    tuple(
        Question(
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
            follow_ups=(FollowUp("first", "Can you say more?"),),
            terms=(),
        )
        for number, difficulty in enumerate([Difficulty.EASY, Difficulty.MEDIUM, Difficulty.HARD] * 2)
    ),
)
PLAN = Plan(name="Ada", role="Engineer", level=Level.MID, topics=(Topic.PYTHON,), question_count=4, seed=1, bank=BANK)
SAYINGS = [
    "Yes.",
    "No.",
    "",
    "skip this one",
    "let me think",
    "end the interview",
    "it is a number " * 6,
    "repeat that",
    "sorry what do you mean by that number",
    "could you maybe ask me later",
]
TIMERS = ["idle", "patience", "answer_limit", "flush", "judge", "playback", "time_limit", "unknown", "model", "lead"]
WRITTEN = [
    "You mention a number.",
    "What would happen next?",
    "Excellent, that is correct.",
    "",
    "It is a number, is it not? Why?",
    "Tell me more about that.",
]
INTENTS = [
    "answer",
    "repeat",
    "rephrase",
    "skip",
    "end",
    "never_again",
    "other_person",
    "asks_interviewer",
    "odd",
    None,
]

moves = st.one_of(
    st.tuples(st.sampled_from(["began", "confirmed", "ended", "seems over", "silence", "failed", "voice"]), st.just(0)),
    st.tuples(st.just("final"), st.sampled_from(SAYINGS)),
    st.tuples(st.just("all"), st.integers(0, 4)),
    st.tuples(st.just("piece"), st.integers(0, 4)),
    st.tuples(st.just("end mark"), st.just(0)),
    st.tuples(st.just("digit"), st.sampled_from("0123456789*#")),
    st.tuples(st.just("timer"), st.sampled_from(TIMERS)),
    st.tuples(st.just("judged"), st.sampled_from([None, 0.0, 60.0, 100.0])),
    st.tuples(st.sampled_from(["closed", "resumed"]), st.just(0)),
    st.tuples(st.just("user"), st.sampled_from(["end", "skip", "add_time", "note"])),
    st.tuples(st.just("text"), st.tuples(st.integers(0, 1), st.sampled_from(WRITTEN))),
    st.tuples(st.just("replied"), st.tuples(st.integers(0, 1), st.sampled_from(INTENTS))),
    st.tuples(st.just("model failed"), st.integers(0, 1)),
)
OPENING = [("piece", 0), ("piece", 1), ("piece", 2), ("end mark", 0), ("began", 0), ("final", "Yes."), ("ended", 0)]
OPENING += [("silence", 0), ("all", 0), ("piece", 0), ("piece", 1), ("piece", 2), ("end mark", 0)]
"""From the first word to the first question: what follows is about that one."""
ANSWERED = [("began", 0), ("confirmed", 0), ("final", "It depends on the thing"), ("ended", 0)]
ANSWERED += [("silence", 0), ("all", 0)]


def signal_for(kind: str, value, state: Conversation, at_ms: int) -> Signal:
    utterance = state.utterance
    match kind:
        case "began":
            return SpeechBegan(at_ms, max(0, at_ms - 60))
        case "confirmed":
            return SpeechConfirmed(at_ms, max(0, at_ms - 300))
        case "ended":
            return SpeechEnded(at_ms, max(0, at_ms - 200))
        case "seems over":
            return TurnSeemsOver(at_ms, max(0, at_ms - 600))
        case "silence":
            return SilenceHeld(at_ms, max(0, at_ms - 1500))
        case "failed":
            return RecogniserFailed(at_ms)
        case "voice":
            return VoiceFailed(at_ms, utterance)
        case "final":
            return FinalReceived(at_ms, value, tuple(Word(w, at_ms - 100, at_ms, 0.8) for w in value.split()))
        case "all":
            return AllReceived(at_ms, max(0, state.request - value))
        case "piece":
            return PieceQueued(at_ms, utterance, value, 800)
        case "end mark":
            last = max(0, len(state.playback.pieces) - 1)
            return MarkReturned(at_ms, f"{utterance}.{last}.1/{state.playback.label}/end")
        case "digit":
            return DigitPressed(at_ms, value)
        case "timer":
            return TimerExpired(at_ms, value)
        case "text":
            return ModelText(at_ms, state.model_request - value[0], value[1])
        case "replied":
            data = {"intent": value[1], "confidence": 0.9} if value[1] else None
            return ModelReplied(at_ms, state.model_request - value[0], data)
        case "model failed":
            return ModelFailed(at_ms, state.model_request - value, "down")
        case "judged":
            current = state.interview.current
            return AnswerJudged(at_ms, current.order if current else 1, value, ("first",))
        case "user":
            return UserCommand(at_ms, value, "5")
        case "resumed":
            return LineResumed(at_ms, has_model=True)
        case _:
            return LineClosed(at_ms, "line_lost")


def run(plan, events, *, has_model=True):
    state, signals, actions = Conversation(), [], []
    state, first = step(state, CallStarted(0, has_model), plan)
    signals.append(CallStarted(0, has_model))
    actions.append(first)
    for number, (kind, value) in enumerate(events):
        signal = signal_for(kind, value, state, (number + 1) * 700)
        state, done = step(state, signal, plan)
        signals.append(signal)
        actions.append(done)
    return state, signals, actions


@settings(max_examples=400)
@given(st.lists(moves, max_size=60), st.booleans())
def test_no_order_of_signals_breaks_the_conversation(events, has_model):
    state, signals, steps = run(PLAN, events, has_model=has_model)
    actions = [action for done in steps for action in done]
    lines = 1 + sum(isinstance(signal, LineResumed) for signal in signals)
    utterances = [action.utterance for action in actions if isinstance(action, Speak)]
    assert utterances == list(range(1, len(utterances) + 1))
    assert sum(isinstance(action, HangUp) for action in actions) <= lines
    facts = [action for action in actions if isinstance(action, Fact)]
    assert sum(fact.name == "interview_ended" for fact in facts) <= 1
    orders = [fact.data["order"] for fact in facts if fact.name == "question_asked"]
    assert orders == list(range(1, len(orders) + 1)), "questions are asked once each, in order"
    assert len(orders) <= PLAN.question_count
    for fact in facts:
        if fact.name == "answer_completed":
            assert AnswerState(fact.data["state"])
            assert fact.data["order"] in orders
    assert isinstance(state.phase, Phase)


THIN = [*OPENING, *ANSWERED, ("judged", 0.0)]
UNSURE = [*OPENING, *ANSWERED[:2], ("final", "sorry what do you mean by that number"), *ANSWERED[3:]]
IN_A_CALL = st.tuples(st.sampled_from([[], OPENING, THIN, UNSURE]), st.lists(moves, max_size=40))


def test_the_beginnings_lead_to_where_a_model_is_waited_for():
    assert run(PLAN, THIN)[0].phase is Phase.COMPOSING
    assert run(PLAN, UNSURE)[0].phase is Phase.UNDERSTANDING


@settings(max_examples=300)
@given(IN_A_CALL)
def test_two_utterances_are_never_on_the_line_at_once(events):
    state, _ = step(Conversation(), CallStarted(0, True), PLAN)
    for number, (kind, value) in enumerate([*events[0], *events[1]]):
        signal = signal_for(kind, value, state, (number + 1) * 700)
        before = state.playback
        state, actions = step(state, signal, PLAN)
        is_free = before.is_closed or kind in ("voice", "end mark") or value == "playback"
        for action in actions:
            if isinstance(action, Speak):
                assert is_free, f"{kind} makes us begin an utterance while another is being heard"
                is_free = False
            is_free = is_free or isinstance(action, StopPlayback)
            if isinstance(action, SpeakMore):
                assert action.utterance == state.playback.number
                assert action.pieces, "an utterance goes on with words"
        assert not state.playback.is_open or state.composing is not None or state.playback.is_closed


@settings(max_examples=300)
@given(IN_A_CALL)
def test_no_silence_of_a_model_holds_up_the_call(events):
    """Whenever something is wanted of a model a timer runs, and at its end the conversation goes on without it."""
    timers = set()
    state, _ = step(Conversation(), CallStarted(0, True), PLAN)
    for number, (kind, value) in enumerate([*events[0], *events[1]]):
        signal = signal_for(kind, value, state, (number + 1) * 700)
        state, actions = step(state, signal, PLAN)
        if kind == "timer":
            timers.discard(value)
        for action in actions:
            if isinstance(action, StartTimer):
                timers.add(action.name)
            elif isinstance(action, StopTimer):
                timers.discard(action.name)
    waits = state.phase in (Phase.COMPOSING, Phase.UNDERSTANDING)
    if waits or (state.composing is not None and state.phase is not Phase.LEFT):
        assert "model" in timers
        after, _ = step(state, TimerExpired(99_000, "model"), PLAN)
        assert after.phase not in (Phase.COMPOSING, Phase.UNDERSTANDING)
        assert after.composing is None
        assert not after.playback.is_open


@given(st.lists(moves, max_size=60))
def test_nothing_is_asked_before_consent_was_answered(events):
    _, _, steps = run(PLAN, events)
    names = [action.name for done in steps for action in done if isinstance(action, Fact)]
    if "question_asked" in names:
        assert "consent_given" in names[: names.index("question_asked")]


@given(st.lists(moves, max_size=60))
def test_the_same_signals_read_back_from_a_log_give_the_same_actions(events):
    _, signals, steps = run(PLAN, events)
    written = [json.dumps([type(signal).__name__, to_data(signal)]) for signal in signals]
    state, replayed = Conversation(), []
    for line in written:
        name, data = json.loads(line)
        state, done = step(state, signal_from_data(name, data), PLAN)
        replayed.append(done)
    assert json.dumps([[to_data(action) for action in done] for done in replayed]) == json.dumps(
        [[to_data(action) for action in done] for done in steps]
    )


def test_partials_change_nothing_but_the_view(call):
    call.to_first_question()
    before = call.state
    assert call.feed(PartialReceived(call.now_ms, "so far")) == []
    assert call.state == before
