"""The candidate's side of the conversation: sounds, silence and the recogniser's words."""

from engine.dialogue import playback as played
from engine.dialogue.backchannels import is_backchannel
from engine.dialogue.bridging import nod
from engine.dialogue.intents import Intent, intent_of
from engine.dialogue.interview import Answered, CouldNotHear, Expects, Say
from engine.dialogue.moment import Moment, Phase
from engine.dialogue.signals import (
    AllReceived,
    FinalReceived,
    HoldPlayback,
    PartialReceived,
    RecogniserFailed,
    ResumePlayback,
    SilenceHeld,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    StartTimer,
    TurnSeemsOver,
    final_transcript,
)
from engine.dialogue.turns import Floor, TurnAction, TurnEvent
from engine.dialogue.yes_or_no import said_yes

_SHORTEST_SPEECH_MS = 1_000
"""Shorter sounds without a recognised word are noise: nobody is asked to repeat a cough."""
_SAID_NOTHING_MS = 600
"""So long after an interruption it is asked what was said, if anything was."""
_WISH_MS = 700
"""So long after its last word a wish counts as said."""
_YES_OR_NO_MS = 500
"""And a plain yes or no to a question of that kind: "yes", a breath, "that is fine" is one answer."""
_YES_OR_NO_WANTED = (Expects.CONSENT, Expects.CONFIRMATION, Expects.NEW_TIME)
_THINKING = (None, Intent.WAIT, Intent.NOT_KNOWN)
"""After these more may well follow."""
_EARLIEST_WORDS_MS = 160
"""Words read so soon after a beginning are those of the speech before."""
OVERDUE_MS = 20_000
"""No endpoint policy waits so long after the end of speech: the turn is over then, whatever it says."""


def candidate_sounds(
    moment: Moment, signal: SpeechBegan | SpeechConfirmed | SpeechEnded | TurnSeemsOver | SilenceHeld
) -> None:
    """Speech begins, lasts, ends; silence holds."""
    match signal:
        case SpeechBegan(_, began_ms):
            _speech_began(moment, began_ms)
        case SpeechConfirmed(_, began_ms):
            _speech_confirmed(moment, began_ms)
        case SpeechEnded(_, ended_ms):
            _speech_ended(moment, ended_ms)
        case TurnSeemsOver():
            nod(moment)
        case SilenceHeld():
            _silence_held(moment)


def _speech_began(moment: Moment, began_ms: int) -> None:
    moment.change(last_began_ms=began_ms, is_deaf=False)
    if moment.turn(TurnEvent.SPEECH_BEGAN) is TurnAction.HOLD_PLAYBACK:
        hold(moment)
    if moment.state.phase is Phase.FLUSHING and moment.state.ended_by not in ("key", "limit"):
        # The candidate was only drawing breath: the turn goes on, and the flush under way is void.
        moment.stop_timers("flush")
        moment.change(phase=Phase.LISTENING, request=moment.state.request + 1)
    if moment.state.phase is Phase.LISTENING:
        moment.stop_timers("idle", "patience", "interruption", "wish")
        if moment.state.turn_began_ms is None:
            moment.change(turn_began_ms=began_ms)


def _speech_confirmed(moment: Moment, began_ms: int) -> None:
    moment.change(is_speech_confirmed=True, last_began_ms=began_ms)
    take_floor(moment)


def _speech_ended(moment: Moment, ended_ms: int) -> None:
    moment.change(speech_ended_ms=ended_ms, is_speech_confirmed=False)
    if moment.turn(TurnEvent.SPEECH_ENDED) is TurnAction.RESUME_PLAYBACK:
        _resume(moment)
    state = moment.state
    if state.phase is Phase.LISTENING and state.turn_began_ms is not None:
        moment.do(StartTimer("idle", moment.at_ms + OVERDUE_MS))
        if state.interrupted is not None:
            moment.do(StartTimer("interruption", moment.at_ms + _SAID_NOTHING_MS))
        _expect_no_more_of_a_wish(moment)


def hold(moment: Moment) -> None:
    """It may be a cough or the beginning of a sentence: send no more until that is known."""
    playback = moment.state.playback
    if playback.is_closed or playback.held_ms is not None or moment.state.holds_floor:
        return
    moment.change(playback=played.hold(playback, moment.at_ms))
    moment.do(HoldPlayback(playback.number))


def _resume(moment: Moment) -> None:
    """It was nothing: go on where we stopped."""
    playback = moment.state.playback
    if playback.is_closed or playback.held_ms is None:
        return
    playback = played.resume(playback, moment.at_ms)
    moment.change(playback=playback)
    moment.do(ResumePlayback(playback.number))
    moment.expect_end_of_playback()


def take_floor(moment: Moment) -> None:
    """The candidate means to speak: give way, unless what we say is not to be stopped."""
    if not moment.state.holds_floor and moment.turn(TurnEvent.SPEECH_CONFIRMED) is TurnAction.STOP_PLAYBACK:
        give_way(moment)


def give_way(moment: Moment) -> None:
    """The candidate speaks over us: stop, and listen from where the speech began."""
    label, was_open = moment.state.playback.label, moment.state.playback.is_open
    moment.cut_playback()
    # A model's sentence that was being written has no rest; the whole question is said again then.
    texts = moment.state.interview.last_said if was_open else played.unheard_texts(moment.state.playback)
    moment.listen_since(moment.state.last_began_ms)
    moment.change(interrupted=Say(texts, label) if texts else None)


def _silence_held(moment: Moment) -> None:
    state = moment.state
    if state.phase is Phase.FLUSHING and state.ended_by == "interruption":
        moment.change(ended_by="silence")
        return
    if state.phase is not Phase.LISTENING or not state.is_floor_free or state.turn_began_ms is None:
        return
    if moment.at_ms < state.patience_until_ms and _wants_patience(moment):
        moment.do(StartTimer("patience", state.patience_until_ms))
        return
    moment.flush("silence")


def _wants_patience(moment: Moment) -> bool:
    """Whoever asked for time has it, until they have said enough to be done, or want something else."""
    text = moment.words_of_turn().text
    words = len(text.split()) + len(moment.words_before().text.split())
    is_thin = not text or words < moment.plan.limits.fewest_words
    return is_thin and intent_of(text, moment.plan.name) in (None, Intent.WAIT)


def recogniser_speaks(moment: Moment, signal: FinalReceived | AllReceived | RecogniserFailed | PartialReceived) -> None:
    """Words arrive, all of them arrived, or none will."""
    match signal:
        case FinalReceived(at_ms, _, words):
            end_ms = words[-1].end_ms if words else at_ms
            moment.change(parts=(*moment.state.parts, (end_ms, final_transcript(signal))))
            _expect_no_more_of_a_wish(moment)
            _words_came(moment, signal.text)
        case AllReceived(_, request):
            if moment.state.phase is Phase.FLUSHING and request == moment.state.request:
                turn_complete(moment)
        case RecogniserFailed():
            could_not_hear(moment)
        case PartialReceived(_, text):
            _words_came(moment, text)


def _words_came(moment: Moment, text: str) -> None:
    """Words over ours take the floor sooner than their length would; those that only show attention do not."""
    state = moment.state
    is_over_us = state.floor is Floor.CONTESTED and moment.at_ms - state.last_began_ms >= _EARLIEST_WORDS_MS
    if is_over_us and text and not _is_passing(moment, text):
        take_floor(moment)


def _expect_no_more_of_a_wish(moment: Moment) -> None:
    """A plain yes or no, or a wish that the rules know, is soon over: who would skip need not wait like a thinker."""
    state = moment.state
    if state.phase is not Phase.LISTENING or not state.is_floor_free or state.turn_began_ms is None:
        return
    text = moment.words_of_turn().text
    if state.interview.expects in _YES_OR_NO_WANTED and said_yes(text) is not None:
        moment.do(StartTimer("wish", max(moment.at_ms, state.speech_ended_ms + _YES_OR_NO_MS)))
    elif intent_of(text, moment.plan.name) not in _THINKING:
        moment.do(StartTimer("wish", max(moment.at_ms, state.speech_ended_ms + _WISH_MS)))


def wish_over(moment: Moment) -> None:
    """Nothing was added to the wish: the turn is over."""
    state = moment.state
    if state.phase is Phase.LISTENING and state.is_floor_free and state.turn_began_ms is not None:
        moment.flush("words")


def _is_passing(moment: Moment, text: str) -> bool:
    """Whether this leaves the floor where it was: nothing, or sounds of listening where no yes or no is wanted."""
    return not text or (moment.wants_more_than_yes and is_backchannel(text))


def interruption_over(moment: Moment) -> None:
    """We were interrupted, and it has been quiet since: find out whether anything was said."""
    state = moment.state
    if state.phase is Phase.LISTENING and state.is_floor_free and state.interrupted is not None:
        moment.flush("interruption")


def turn_complete(moment: Moment) -> None:
    """The candidate's turn is over and its words are known: let the interview react."""
    state = moment.state
    transcript = moment.words_of_turn()
    moment.stop_timers("flush")
    began_ms = state.turn_began_ms if state.turn_began_ms is not None else state.listening_since_ms
    if state.ended_by in ("silence", "interruption") and _means_nothing(moment, transcript.text, began_ms):
        if state.interrupted is not None:
            moment.speak(state.interrupted)
        else:
            moment.listen(0)
        return
    if state.ended_by == "interruption":
        moment.change(phase=Phase.LISTENING)
        moment.do(StartTimer("idle", moment.at_ms + OVERDUE_MS))
        return
    if transcript.text:
        moment.candidate_turn_over(transcript)
    moment.change(silences=0, candidate_end_ms=state.speech_ended_ms)
    before = moment.words_before()
    moment.tell(Answered(transcript, began_ms, state.speech_ended_ms, state.ended_by, state.heard_share, before))


def _means_nothing(moment: Moment, text: str, began_ms: int) -> bool:
    """A cough, or an "mm-hm": no turn of the candidate's."""
    if text:
        return not moment.words_before().text and _is_passing(moment, text)
    is_short = moment.state.speech_ended_ms - began_ms < _SHORTEST_SPEECH_MS
    return is_short and not moment.state.kept


def could_not_hear(moment: Moment) -> None:
    """The recogniser failed in the middle of a turn: keep what is known and ask again."""
    if moment.state.phase in (Phase.LISTENING, Phase.FLUSHING):
        moment.keep_words()
        moment.tell(CouldNotHear())
