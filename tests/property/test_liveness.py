"""Whatever happens and in whatever order, somebody will speak again; and we never speak over the candidate."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dialogue.conversation import step
from engine.dialogue.moment import Conversation, Phase
from engine.dialogue.plan import Limits, Plan
from engine.dialogue.playback import NOD
from engine.dialogue.signals import (
    AllReceived,
    AnswerJudged,
    CallStarted,
    DigitPressed,
    FinalReceived,
    LineClosed,
    LineHopeless,
    LineResumed,
    LineTroubled,
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
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    StartTimer,
    StopTimer,
    TimerExpired,
    TurnSeemsOver,
    VoiceFailed,
)
from engine.questions.bank import load_bank
from engine.transcript import Word
from engine.vocabulary import Level, Topic

PLAN = Plan(
    "Ada", "Engineer", Level.MID, (Topic.PYTHON,), 5, seed=3, bank=load_bank(), limits=Limits(interview_ms=1_800_000)
)
SAYINGS = (
    "Yes.", "No.", "", "mm-hm", "okay", "skip this one", "let me think", "end the interview", "slower please",
    "can we take a break", "call me later", "wrong number", "go back please", "are you a robot", "stop calling me",
    "can I ask you a question", "how many questions are left", "you stupid machine", "hello", "that's it",
    "I would use an index because a scan of the whole table takes far too long for that",
    "sorry what do you mean by that number", "repeat that", "I don't know",
)  # fmt: skip
MOST_TIMERS = 80
"""Prompts, three silences, a pause, two tries of the voice: far fewer timers than this end any call."""

moves = st.one_of(
    st.tuples(
        st.sampled_from(["began", "confirmed", "ended", "seems over", "silence", "failed", "voice failed"]), st.just("")
    ),
    st.tuples(st.sampled_from(["final", "partial"]), st.sampled_from(SAYINGS)),
    st.tuples(st.sampled_from(["heard out", "all", "piece", "part of a piece"]), st.just("")),
    st.tuples(st.just("digit"), st.sampled_from("0123456789*#")),
    st.tuples(st.just("judged"), st.sampled_from(["", "thin", "good"])),
    st.tuples(st.just("text"), st.sampled_from(["You mention a number.", "What happens next?", ""])),
    st.tuples(st.just("replied"), st.sampled_from(["", "skip", "repeat", "asks_interviewer"])),
    st.tuples(st.just("model failed"), st.just("")),
    st.tuples(st.sampled_from(["line broke and came back", "line is hopeless"]), st.just("")),
    st.tuples(st.sampled_from(["a turn", "a turn that seems over"]), st.sampled_from(SAYINGS)),
)
calls = st.lists(st.tuples(moves, st.sampled_from([20, 200, 900, 4_000, 15_000])), max_size=50)


class Call:
    """The core with timers that really run, and a record of who speaks."""

    def __init__(self, *, has_model: bool) -> None:
        self.state = Conversation()
        self.timers: dict[str, int] = {}
        self.now_ms = 0
        self.is_speaking = False
        """The candidate is in confirmed speech, and nothing has ended their turn."""
        self.feed(CallStarted(0, has_model))

    def feed(self, signal: Signal) -> None:
        was_speaking = self.is_speaking
        self.state, actions = step(self.state, signal, PLAN)
        for action in actions:
            match action:
                case StartTimer(name, due_ms):
                    self.timers[name] = due_ms
                case StopTimer(name):
                    self.timers.pop(name, None)
                case Speak(label=label):
                    assert not (was_speaking and label == NOD), "a sound of listening falls into speech"
                    assert self.state.holds_floor or not was_speaking, f"{signal} makes us speak over the candidate"
        playback = self.state.playback
        is_heard = not playback.is_closed and playback.pieces and not self.state.holds_floor
        assert not (self.is_speaking and is_heard), "our voice goes on although the candidate speaks"

    def pass_time(self, until_ms: int) -> None:
        while self.timers and min(self.timers.values()) <= until_ms:
            self.expire_next()
        self.now_ms = max(self.now_ms, until_ms)

    def expire_next(self) -> None:
        name = min(self.timers, key=lambda each: (self.timers[each], each))
        self.now_ms = max(self.now_ms, self.timers.pop(name))
        if name in ("answer_limit", "time_limit"):
            self.is_speaking = False
        self.feed(TimerExpired(self.now_ms, name))

    def happens(self, kind: str, value: str) -> None:
        for signal in self._signals(kind, value):
            match signal:
                case SpeechConfirmed():
                    self.is_speaking = True
                case SpeechEnded() | DigitPressed() | LineClosed():
                    self.is_speaking = False
            self.feed(signal)

    def _signals(self, kind: str, value: str) -> list[Signal]:
        now_ms, state = self.now_ms, self.state
        order = state.interview.current.order if state.interview.current else 1
        words = tuple(Word(word, max(0, now_ms - 100), now_ms, 0.9) for word in value.split())
        simple: dict[str, list[Signal]] = {
            "began": [SpeechBegan(now_ms, max(0, now_ms - 60))],
            "confirmed": [SpeechBegan(now_ms, now_ms), SpeechConfirmed(now_ms, max(0, now_ms - 300))],
            "ended": [SpeechEnded(now_ms, max(0, now_ms - 200))],
            "seems over": [TurnSeemsOver(now_ms, max(0, now_ms - 600))],
            "silence": [SilenceHeld(now_ms, max(0, now_ms - 900))],
            "failed": [RecogniserFailed(now_ms)],
            "voice failed": [VoiceFailed(now_ms, state.utterance)],
            "final": [FinalReceived(now_ms, value, words)],
            "partial": [PartialReceived(now_ms, value)],
            "all": [AllReceived(now_ms, state.request)],
            "digit": [DigitPressed(now_ms, value or "#")],
            "judged": [AnswerJudged(now_ms, order, {"": None, "thin": 0.0}.get(value, 90.0), ())],
            "text": [ModelText(now_ms, state.model_request, value)],
            "replied": [ModelReplied(now_ms, state.model_request, {"intent": value, "confidence": 0.95})],
            "model failed": [ModelFailed(now_ms, state.model_request, "down")],
            "piece": [PieceQueued(now_ms, state.utterance, len(state.playback.whole_pieces), 700)],
            "part of a piece": [PieceQueued(now_ms, state.utterance, len(state.playback.whole_pieces), 300, False)],
            "line is hopeless": [LineTroubled(now_ms, "noise"), LineHopeless(now_ms, "noise")],
            "line broke and came back": [LineClosed(now_ms, "line_lost"), LineResumed(now_ms, state.has_model)],
            "a turn": [
                SpeechBegan(now_ms, now_ms),
                SpeechConfirmed(now_ms, now_ms),
                FinalReceived(now_ms, value, words),
                SpeechEnded(now_ms, now_ms),
                SilenceHeld(now_ms, now_ms),
            ],
            "a turn that seems over": [
                SpeechBegan(now_ms, now_ms),
                SpeechConfirmed(now_ms, now_ms),
                FinalReceived(now_ms, value, words),
                SpeechEnded(now_ms, now_ms),
                TurnSeemsOver(now_ms, now_ms),
            ],
        }
        return simple[kind] if kind in simple else self._heard_out()

    def _heard_out(self) -> list[Signal]:
        """The voice delivers the rest of the utterance, and the line plays all of it."""
        state = self.state
        left = range(len(state.playback.whole_pieces), len(state.playback.texts))
        pieces: list[Signal] = [PieceQueued(self.now_ms, state.utterance, piece, 700) for piece in left]
        last = len(state.playback.texts) - 1
        return [*pieces, MarkReturned(self.now_ms, f"{state.utterance}.{last}.9/x/end")]


def after(events, *, has_model: bool) -> Call:
    call = Call(has_model=has_model)
    for (kind, value), pause_ms in events:
        call.pass_time(call.now_ms + pause_ms)
        if call.state.phase is Phase.LEFT:
            break
        call.happens(kind, value)
    return call


def ends(call: Call, *, voice_works: bool) -> bool:
    for name in ("time_limit", "time_short"):
        call.timers.pop(name, None)  # that half an hour ends every call is no comfort to whoever waits
    for _ in range(MOST_TIMERS):
        if call.state.phase is Phase.LEFT:
            return True
        if voice_works and not call.state.playback.is_closed and not call.is_speaking:
            call.happens("heard out", "")
        elif call.timers:
            call.expire_next()
        else:
            return False
    return False


@settings(max_examples=150, deadline=None)
@given(calls, st.booleans(), st.booleans())
def test_when_nothing_more_comes_of_anybody_the_call_comes_to_an_end(events, has_model, voice_works):
    """No signal but the timers': whatever state was reached, we speak again, and in the end say goodbye or hang up."""
    call = after(events, has_model=has_model)
    assert ends(call, voice_works=voice_works), f"nobody will ever speak: {call.state.phase}, {call.timers}"


@settings(max_examples=150, deadline=None)
@given(calls, st.booleans())
def test_a_detector_that_hears_speech_for_ever_does_not_hold_up_the_call(events, has_model):
    call = after(events, has_model=has_model)
    if call.state.phase is not Phase.LEFT:
        call.happens("confirmed", "")
    assert ends(call, voice_works=True)
