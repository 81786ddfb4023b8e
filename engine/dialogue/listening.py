"""The candidate's side of the conversation: sounds, silence and the recogniser's words."""

from engine.dialogue.intents import said_yes
from engine.dialogue.interview import Answered, CouldNotHear, Expects
from engine.dialogue.moment import Moment, Phase
from engine.dialogue.signals import (
    AllReceived,
    FinalReceived,
    PartialReceived,
    RecogniserFailed,
    SilenceHeld,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    StartTimer,
    final_transcript,
)
from engine.dialogue.turns import Floor, TurnAction, TurnEvent

_SHORTEST_SPEECH_MS = 1_000
"""Shorter sounds without a recognised word are noise: nobody is asked to repeat a cough."""


def candidate_sounds(moment: Moment, signal: SpeechBegan | SpeechConfirmed | SpeechEnded | SilenceHeld) -> None:
    """Speech begins, lasts, ends; silence holds."""
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
        give_way(moment)


def give_way(moment: Moment) -> None:
    """The candidate speaks over us: stop, and listen from where the speech began."""
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


def recogniser_speaks(moment: Moment, signal: FinalReceived | AllReceived | RecogniserFailed | PartialReceived) -> None:
    """Words arrive, all of them arrived, or none will."""
    match signal:
        case FinalReceived(at_ms, _, words):
            end_ms = words[-1].end_ms if words else at_ms
            moment.change(parts=(*moment.state.parts, (end_ms, final_transcript(signal))))
            _end_turn_on_clear_word(moment)
        case AllReceived(_, request):
            if moment.state.phase is Phase.FLUSHING and request == moment.state.request:
                turn_complete(moment)
        case RecogniserFailed():
            could_not_hear(moment)
        case PartialReceived():
            pass  # only the live view shows what may still change


def _end_turn_on_clear_word(moment: Moment) -> None:
    """A plain yes or no to a yes-or-no question needs no silence after it."""
    state = moment.state
    is_yes_or_no = state.interview.expects in (Expects.CONSENT, Expects.END_CONFIRMATION)
    if not is_yes_or_no or state.phase is not Phase.LISTENING or state.floor is not Floor.OPEN:
        return
    if state.turn_began_ms is not None and said_yes(moment.words_of_turn().text) is not None:
        moment.flush("words")


def turn_complete(moment: Moment) -> None:
    """The candidate's turn is over and its words are known: let the interview react."""
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


def could_not_hear(moment: Moment) -> None:
    """The recogniser failed in the middle of a turn: keep what is known and ask again."""
    if moment.state.phase in (Phase.LISTENING, Phase.FLUSHING):
        moment.keep_words()
        moment.tell(CouldNotHear())
