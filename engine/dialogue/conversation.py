"""The core of a call: a pure step from a state and a signal to a state and actions.

Here turns, playback and interview meet. The shell (telephony/session.py) turns frames and provider results into
signals, one at a time and in order, and carries out the actions. The same signals give the same actions, always:
that is what makes a recorded call replayable.
"""

from collections.abc import Callable

from engine.dialogue import playback as played
from engine.dialogue.interview import (
    Answered,
    Began,
    CouldNotHear,
    Judged,
    KeyPressed,
    Say,
    StayedSilent,
    TimeIsUp,
)
from engine.dialogue.moment import OVERLAP_GRACE_MS, PLAYBACK_GRACE_MS, Conversation, Moment, Phase
from engine.dialogue.plan import Plan
from engine.dialogue.signals import (
    Action,
    AllReceived,
    AnswerJudged,
    CallStarted,
    DigitPressed,
    FinalReceived,
    LineClosed,
    MarkReturned,
    PartialReceived,
    PieceQueued,
    RecogniserFailed,
    Signal,
    SilenceHeld,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    StartTimer,
    TimerExpired,
    VoiceFailed,
    final_transcript,
)
from engine.dialogue.turns import Floor, TurnAction, TurnEvent

_SHORTEST_SPEECH_MS = 1_000
"""Shorter sounds without a recognised word are noise: nobody is asked to repeat a cough."""
_MOST_VOICE_FAILURES = 2


def step(state: Conversation, signal: Signal, plan: Plan) -> tuple[Conversation, list[Action]]:
    """Advance the conversation by one signal. After the line was left, nothing happens any more."""
    if state.phase is Phase.LEFT:
        return state, []
    moment = Moment(state, plan, signal.at_ms)
    _react(moment, signal)
    return moment.state, moment.actions


def _react(moment: Moment, signal: Signal) -> None:
    match signal:
        case SpeechBegan() | SpeechConfirmed() | SpeechEnded() | SilenceHeld():
            _candidate_sounds(moment, signal)
        case FinalReceived() | AllReceived() | RecogniserFailed() | PartialReceived():
            _recogniser_speaks(moment, signal)
        case PieceQueued() | MarkReturned() | VoiceFailed():
            _voice_plays(moment, signal)
        case CallStarted():
            moment.do(StartTimer("time_limit", signal.at_ms + moment.plan.limits.interview_ms))
            moment.tell(Began())
        case DigitPressed(_, digit):
            _key_pressed(moment, digit)
        case TimerExpired(_, name):
            _TIMERS.get(name, _nothing)(moment)
        case AnswerJudged(_, order, score, missing):
            _judged(moment, Judged(order, score, missing))
        case LineClosed():
            moment.cut_playback()
            moment.save_open_answer()
            moment.change(phase=Phase.LEFT)


def _candidate_sounds(moment: Moment, signal: SpeechBegan | SpeechConfirmed | SpeechEnded | SilenceHeld) -> None:
    match signal:
        case SpeechBegan(_, began_ms):
            _speech_began(moment, began_ms)
        case SpeechConfirmed(_, began_ms):
            _speech_confirmed(moment, began_ms)
        case SpeechEnded(_, ended_ms):
            moment.change(speech_ended_ms=ended_ms, is_speech_confirmed=False)
            moment.turn(TurnEvent.SPEECH_ENDED)
        case SilenceHeld():
            _silence_held(moment)


def _speech_began(moment: Moment, began_ms: int) -> None:
    moment.change(last_began_ms=began_ms)
    moment.turn(TurnEvent.SPEECH_BEGAN)
    if moment.state.phase is Phase.FLUSHING:
        # The candidate was only drawing breath: the turn goes on, and the flush under way is void.
        moment.stop_timers("flush")
        moment.change(phase=Phase.LISTENING, request=moment.state.request + 1)
    if moment.state.phase is Phase.LISTENING:
        moment.stop_timers("idle", "patience")
        if moment.state.turn_began_ms is None:
            moment.change(turn_began_ms=began_ms)


def _speech_confirmed(moment: Moment, began_ms: int) -> None:
    moment.change(is_speech_confirmed=True, last_began_ms=began_ms)
    if not moment.state.holds_floor and moment.turn(TurnEvent.SPEECH_CONFIRMED) is TurnAction.STOP_PLAYBACK:
        _give_way(moment)


def _give_way(moment: Moment) -> None:
    moment.cut_playback()
    moment.listen(0)
    moment.stop_timers("idle")
    moment.change(listening_since_ms=moment.state.last_began_ms, turn_began_ms=moment.state.last_began_ms)


def _silence_held(moment: Moment) -> None:
    state = moment.state
    if state.phase is not Phase.LISTENING or state.floor is not Floor.OPEN or state.turn_began_ms is None:
        return
    if moment.at_ms < state.patience_until_ms:
        moment.do(StartTimer("patience", state.patience_until_ms))
        return
    moment.flush("silence")


def _recogniser_speaks(
    moment: Moment, signal: FinalReceived | AllReceived | RecogniserFailed | PartialReceived
) -> None:
    match signal:
        case FinalReceived(at_ms, _, words):
            end_ms = words[-1].end_ms if words else at_ms
            moment.change(parts=(*moment.state.parts, (end_ms, final_transcript(signal))))
        case AllReceived(_, request):
            if moment.state.phase is Phase.FLUSHING and request == moment.state.request:
                _turn_complete(moment)
        case RecogniserFailed():
            _could_not_hear(moment)
        case PartialReceived():
            pass  # only the live view shows what may still change


def _turn_complete(moment: Moment) -> None:
    state = moment.state
    transcript = moment.words_of_turn()
    moment.stop_timers("flush")
    began_ms = state.turn_began_ms if state.turn_began_ms is not None else state.listening_since_ms
    is_noise = not transcript.text and not state.kept and state.ended_by == "silence"
    if is_noise and state.speech_ended_ms - began_ms < _SHORTEST_SPEECH_MS:
        moment.listen(0)
        return
    if transcript.text:
        moment.candidate_turn_over(transcript)
    moment.change(silences=0, candidate_end_ms=state.speech_ended_ms)
    before = moment.words_before()
    moment.tell(Answered(transcript, began_ms, state.speech_ended_ms, state.ended_by, state.heard_share, before))


def _could_not_hear(moment: Moment) -> None:
    if moment.state.phase in (Phase.LISTENING, Phase.FLUSHING):
        moment.keep_words()
        moment.tell(CouldNotHear())


def _voice_plays(moment: Moment, signal: PieceQueued | MarkReturned | VoiceFailed) -> None:
    match signal:
        case PieceQueued(at_ms, utterance, piece, duration_ms):
            _piece_queued(moment, played.queue_piece(moment.state.playback, utterance, piece, duration_ms, at_ms))
        case MarkReturned(at_ms, name):
            was_closed = moment.state.playback.is_closed
            moment.change(playback=played.mark_returned(moment.state.playback, name, at_ms))
            if moment.state.playback.is_closed and not was_closed:
                _playback_ended(moment)
        case VoiceFailed(_, utterance):
            _voice_failed(moment, utterance)


def _piece_queued(moment: Moment, playback: played.Playback) -> None:
    if playback is moment.state.playback:
        return
    moment.change(playback=playback)
    if len(playback.pieces) == 1:
        moment.turn(TurnEvent.PLAYBACK_BEGAN)
        if moment.state.is_speech_confirmed and not moment.state.holds_floor:
            # The candidate went on while our words were on their way: give way before they are heard.
            moment.turn(TurnEvent.SPEECH_CONFIRMED)
            _give_way(moment)
            return
    if playback.is_whole:
        moment.do(StartTimer("playback", playback.tail_ms + PLAYBACK_GRACE_MS))


def _playback_ended(moment: Moment) -> None:
    moment.stop_timers("playback")
    moment.agent_turn_over(is_interrupted=False)
    moment.change(voice_failures=0)
    moment.turn(TurnEvent.PLAYBACK_ENDED)
    if moment.state.leave is not None:
        moment.leave(moment.state.leave)
        return
    moment.listen(moment.state.patience_ms)
    is_speaking = moment.state.floor is Floor.CANDIDATE
    has_just_spoken = moment.state.speech_ended_ms > moment.at_ms - OVERLAP_GRACE_MS > 0
    if is_speaking or has_just_spoken:
        moment.stop_timers("idle")
        moment.change(turn_began_ms=moment.state.last_began_ms)
        moment.change(listening_since_ms=min(moment.at_ms, moment.state.last_began_ms + OVERLAP_GRACE_MS))
    if has_just_spoken and not is_speaking:
        moment.do(StartTimer("idle", moment.at_ms + moment.plan.limits.prompt_after_ms))


def _voice_failed(moment: Moment, utterance: int) -> None:
    state = moment.state
    if utterance != state.playback.number or state.playback.is_closed:
        return
    failures = state.voice_failures + 1
    moment.change(voice_failures=failures)
    if failures >= _MOST_VOICE_FAILURES:
        moment.leave("speech_failed")
        return
    left = state.playback.texts[len(state.playback.pieces) :]
    moment.change(playback=played.close(state.playback))
    moment.agent_turn_over(is_interrupted=False)
    moment.speak(Say(left, state.playback.label, state.leave, state.insists))


def _key_pressed(moment: Moment, digit: str) -> None:
    state = moment.state
    if state.holds_floor or state.phase in (Phase.FLUSHING, Phase.JUDGING):
        return
    if state.phase is Phase.SPEAKING:
        moment.cut_playback()
        moment.turn(TurnEvent.PLAYBACK_ENDED)
        moment.change(heard_share=1.0)
    moment.change(silences=0)
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
    if state.phase is Phase.LISTENING and state.floor is Floor.OPEN:
        moment.keep_words()
        moment.change(silences=state.silences + 1)
        moment.tell(StayedSilent(moment.state.silences))


def _patience(moment: Moment) -> None:
    state = moment.state
    if state.phase is Phase.LISTENING and state.floor is Floor.OPEN and state.turn_began_ms is not None:
        moment.flush("silence")


def _answer_limit(moment: Moment) -> None:
    if moment.state.phase is Phase.LISTENING:
        moment.flush("limit")


def _flush_late(moment: Moment) -> None:
    if moment.state.phase is not Phase.FLUSHING:
        return
    if moment.words_of_turn().text or moment.words_before().text:
        _turn_complete(moment)
    else:
        _could_not_hear(moment)


def _judge_late(moment: Moment) -> None:
    current = moment.state.interview.current
    if moment.state.phase is Phase.JUDGING and current is not None:
        moment.tell(Judged(current.order, None, ()))


def _playback_late(moment: Moment) -> None:
    if not moment.state.playback.is_closed:
        moment.change(playback=played.close(moment.state.playback))
        _playback_ended(moment)


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
    "judge": _judge_late,
    "playback": _playback_late,
    "time_limit": _time_is_up,
}
