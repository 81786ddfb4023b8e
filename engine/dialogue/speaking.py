"""Our side of the conversation: pieces on the line, marks that come back, a voice that fails."""

from dataclasses import replace

from engine.dialogue import bridging
from engine.dialogue import playback as played
from engine.dialogue.interview import Say
from engine.dialogue.listening import hold, take_floor
from engine.dialogue.moment import OVERLAP_GRACE_MS, Moment
from engine.dialogue.signals import MarkReturned, PieceQueued, StartTimer, VoiceFailed
from engine.dialogue.turns import Floor, TurnAction, TurnEvent

_MOST_VOICE_FAILURES = 2


def voice_plays(moment: Moment, signal: PieceQueued | MarkReturned | VoiceFailed) -> None:
    """Our audio goes to the line, is heard, or cannot be made."""
    match signal:
        case PieceQueued():
            _piece_queued(moment, signal)
        case MarkReturned(at_ms, name):
            was_closed = moment.state.playback.is_closed
            moment.change(playback=played.mark_returned(moment.state.playback, name, at_ms))
            if moment.state.playback.is_closed and not was_closed:
                _closed(moment)
        case VoiceFailed(_, utterance):
            _voice_failed(moment, utterance)


def _piece_queued(moment: Moment, signal: PieceQueued) -> None:
    before = moment.state.playback
    playback = played.queue_piece(
        before, signal.utterance, signal.piece, signal.duration_ms, signal.at_ms, is_last=signal.is_last
    )
    if playback is before:
        return
    moment.change(playback=playback)
    if not before.pieces:
        bridging.nod_heard(moment)
        if moment.turn(TurnEvent.PLAYBACK_BEGAN) is TurnAction.HOLD_PLAYBACK:
            hold(moment)
        if moment.state.is_speech_confirmed:
            # The candidate went on while our words were on their way: give way before they are heard.
            take_floor(moment)
    if not moment.state.playback.is_closed:
        moment.expect_end_of_playback()


def _closed(moment: Moment) -> None:
    if moment.state.playback.label == played.NOD:
        bridging.bridge_over(moment)
    elif moment.state.playback.label == played.BRIDGE:
        moment.agent_turn_over(is_interrupted=False)
        bridging.bridge_over(moment)
    else:
        playback_ended(moment)


def playback_ended(moment: Moment) -> None:
    """Our last word was heard: the floor is the candidate's, or the call is over."""
    moment.stop_timers("playback")
    moment.agent_turn_over(is_interrupted=False)
    moment.change(voice_failures=0)
    moment.turn(TurnEvent.PLAYBACK_ENDED)
    if moment.state.leave is not None:
        moment.leave(moment.state.leave)
        return
    moment.listen(moment.state.patience_ms, moment.state.idle_ms)
    is_speaking = moment.state.floor is Floor.CANDIDATE
    has_just_spoken = moment.state.speech_ended_ms > moment.at_ms - OVERLAP_GRACE_MS > 0
    if is_speaking or has_just_spoken:
        moment.stop_timers("idle")
        moment.change(turn_began_ms=moment.state.last_began_ms)
        moment.change(listening_since_ms=min(moment.at_ms, moment.state.last_began_ms + OVERLAP_GRACE_MS))
    if has_just_spoken and not is_speaking:
        moment.do(StartTimer("idle", moment.at_ms + moment.plan.limits.prompt_after_ms))


def playback_late(moment: Moment) -> None:
    """The end is overdue: either its mark was lost, or the voice stands still."""
    playback = moment.state.playback
    if playback.is_closed:
        return
    if playback.is_whole:
        moment.change(playback=played.close(playback))
        _closed(moment)
    elif len(playback.whole_pieces) == len(playback.texts):
        moment.expect_end_of_playback()  # more will be written, or given up by the model's own deadline
    else:
        _voice_failed(moment, playback.number)


def _voice_failed(moment: Moment, utterance: int) -> None:
    state = moment.state
    if utterance != state.playback.number or state.playback.is_closed or state.playback.is_whole:
        return
    if state.playback.is_passing:
        bridging.bridge_over(moment)  # silence is all that it costs
        return
    failures = state.voice_failures + 1
    moment.change(voice_failures=failures)
    if failures >= _MOST_VOICE_FAILURES:
        moment.leave("speech_failed")
        return
    # What is whole is heard still; the sentence that broke off is said once more, from its beginning.
    whole = state.playback.whole_pieces
    left = state.playback.texts[len(whole) :]
    if not left:
        return
    moment.change(playback=played.close(replace(state.playback, pieces=whole)))
    moment.agent_turn_over(is_interrupted=False)
    say = Say(left, state.playback.label, state.leave, state.insists)
    moment.speak(say, is_open=state.playback.is_open)
