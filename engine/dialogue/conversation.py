"""The core of a call: a pure step from a state and a signal to a state and actions.

Here turns, playback and interview meet. The shell (telephony/session.py) turns frames and provider results into
signals, one at a time and in order, and carries out the actions. The same signals give the same actions, always:
that is what makes a recorded call replayable.
"""

from collections.abc import Callable

from engine.dialogue import composing, resuming
from engine.dialogue.bridging import bridge_due, drop_nod
from engine.dialogue.interview import (
    Began,
    Judged,
    KeyPressed,
    LineIsHopeless,
    LineIsPoor,
    StayedSilent,
    TimeIsShort,
    TimeIsUp,
)
from engine.dialogue.listening import (
    candidate_sounds,
    could_not_hear,
    interruption_over,
    recogniser_speaks,
    turn_complete,
    wish_over,
)
from engine.dialogue.model_messages import ModelFailed, ModelReplied, ModelText
from engine.dialogue.moment import Conversation, Moment, Phase
from engine.dialogue.plan import Plan
from engine.dialogue.signals import (
    Action,
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
    PartialReceived,
    PieceQueued,
    RecogniserFailed,
    Signal,
    SilenceHeld,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    TimerExpired,
    TurnSeemsOver,
    UserCommand,
    VoiceFailed,
)
from engine.dialogue.speaking import playback_late, voice_plays
from engine.dialogue.turns import TurnEvent
from engine.dialogue.user_commands import user_commands


def step(state: Conversation, signal: Signal, plan: Plan) -> tuple[Conversation, list[Action]]:
    """Advance the conversation by one signal. Once the line was left, nothing happens unless the line comes back."""
    if (state.phase is Phase.LEFT) != isinstance(signal, LineResumed):
        return state, []
    moment = Moment(state, plan, signal.at_ms)
    _react(moment, signal)
    return moment.state, moment.actions


def _react(moment: Moment, signal: Signal) -> None:
    match signal:
        case SpeechBegan() | SpeechConfirmed() | SpeechEnded() | TurnSeemsOver() | SilenceHeld():
            candidate_sounds(moment, signal)
        case FinalReceived() | AllReceived() | RecogniserFailed() | PartialReceived():
            recogniser_speaks(moment, signal)
        case PieceQueued() | MarkReturned() | VoiceFailed():
            voice_plays(moment, signal)
        case ModelText() | ModelReplied() | ModelFailed():
            composing.model_speaks(moment, signal)
        case CallStarted() | LineResumed() | LineTroubled() | LineHopeless() | LineClosed():
            _line_changes(moment, signal)
        case DigitPressed(_, digit):
            _key_pressed(moment, digit)
        case UserCommand():
            user_commands(moment, signal)
        case TimerExpired(_, name):
            _TIMERS.get(name, _nothing)(moment)
        case AnswerJudged():
            _judged(moment, Judged(signal.order, signal.score, signal.missing))


def _line_changes(moment: Moment, signal: CallStarted | LineResumed | LineTroubled | LineHopeless | LineClosed) -> None:
    match signal:
        case LineTroubled(_, trouble):
            moment.tell(LineIsPoor(trouble))
        case LineHopeless(_, trouble):
            moment.tell(LineIsHopeless(trouble))
        case CallStarted(at_ms, has_model):
            moment.change(has_model=has_model, time_is_up_ms=at_ms + moment.plan.limits.interview_ms)
            moment.start_clocks()
            moment.tell(Began())
        case LineResumed(_, has_model):
            resuming.line_resumed(moment, has_model)
        case LineClosed():
            moment.cut_playback()
            moment.save_open_answer()
            moment.change(phase=Phase.LEFT)


_KEYS = "*#0129"
"""The keys that mean something."""
_FOR_OTHERS = "09"
"""Keys whose wish is not lost whenever they are pressed: a person, and no more calls."""
_DECIDING = (Phase.FLUSHING, Phase.UNDERSTANDING, Phase.JUDGING)
"""The answer is over and we are about to speak: too late for keys that are about the answer."""


def _key_pressed(moment: Moment, digit: str) -> None:
    drop_nod(moment)
    state = moment.state
    if state.leave is not None and digit in _FOR_OTHERS:
        moment.tell(KeyPressed(digit))
    if state.holds_floor or digit not in _KEYS or (state.phase in _DECIDING and digit not in _FOR_OTHERS):
        return
    if state.phase in (Phase.SPEAKING, Phase.COMPOSING):
        moment.cut_playback()
        moment.turn(TurnEvent.PLAYBACK_ENDED)
        moment.change(heard_share=1.0)
    if state.phase in _DECIDING:
        moment.stop_timers("flush", "judge", "model")
        moment.change(phase=Phase.LISTENING, request=state.request + 1, model_request=state.model_request + 1)
    moment.its_our_turn()
    moment.change(silences=0, interrupted=None)
    if digit == "#" and state.phase is Phase.LISTENING and (state.turn_began_ms is not None or state.kept):
        moment.flush("key")
        return
    moment.keep_words()
    moment.tell(KeyPressed(digit))


def _judged(moment: Moment, event: Judged) -> None:
    if moment.state.phase is Phase.JUDGING:
        moment.stop_timers("judge")
        moment.tell(event)


def _idle(moment: Moment) -> None:
    state = moment.state
    if state.phase is not Phase.LISTENING or not state.is_floor_free:
        return
    if state.turn_began_ms is not None:
        moment.flush("silence")
    else:
        moment.keep_words()
        moment.change(silences=state.silences + 1)
        moment.tell(StayedSilent(moment.state.silences, moment.state.is_deaf))


def _patience(moment: Moment) -> None:
    state = moment.state
    if state.phase is Phase.LISTENING and state.is_floor_free and state.turn_began_ms is not None:
        moment.flush("silence")


def _answer_limit(moment: Moment) -> None:
    if moment.state.phase is Phase.LISTENING:
        moment.its_our_turn()
        moment.flush("limit")


def _flush_late(moment: Moment) -> None:
    if moment.state.phase is not Phase.FLUSHING:
        return
    is_interruption = moment.state.ended_by == "interruption"
    if is_interruption or moment.words_of_turn().text or moment.words_before().text:
        turn_complete(moment)
    else:
        could_not_hear(moment)


def _judge_late(moment: Moment) -> None:
    current = moment.state.interview.current
    if moment.state.phase is Phase.JUDGING and current is not None:
        moment.tell(Judged(current.order, None, ()))


def _time_is_short(moment: Moment) -> None:
    moment.tell(TimeIsShort())


def _time_is_up(moment: Moment) -> None:
    if moment.state.leave is None:
        moment.cut_playback()
        moment.save_open_answer()
        moment.tell(TimeIsUp())


def _nothing(moment: Moment) -> None:
    """A timer of an older version of the log: nothing to do."""


_TIMERS: dict[str, Callable[[Moment], None]] = {
    "idle": _idle,
    "patience": _patience,
    "answer_limit": _answer_limit,
    "flush": _flush_late,
    "bridge": bridge_due,
    "judge": _judge_late,
    "playback": playback_late,
    "interruption": interruption_over,
    "wish": wish_over,
    "time_short": _time_is_short,
    "time_limit": _time_is_up,
    "model": composing.model_late,
    "lead": composing.lead_due,
}
