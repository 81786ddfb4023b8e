"""Short words of ours that are no turn of the conversation: nobody is left in silence.

One says that we listen, in a silence that may well be the end of the answer; the reply follows when
that is sure. Another fills the time while the last words of an answer are still being recognised. They leave the phase
as it is, take the floor from nobody, and are not stopped by speech, since they are over sooner than that would be
noticed; what comes next follows them on the line.
"""

from engine.dialogue import phrases
from engine.dialogue import playback as played
from engine.dialogue.backchannels import is_backchannel
from engine.dialogue.interview import Expects
from engine.dialogue.moment import Moment, Phase
from engine.dialogue.signals import Speak, StartTimer
from engine.dialogue.turns import Floor, TurnEvent

_SILENT_MS = 1_000
"""A sound of listening that does not come within this time is not waited for."""


def nod(moment: Moment) -> None:
    """The answer may be over: show that we listen, now and then, and leave the floor to the candidate."""
    state, every_ms = moment.state, moment.plan.limits.nod_every_ms
    if not every_ms or (state.nodded_ms is not None and moment.at_ms - state.nodded_ms < every_ms):
        return
    is_answering = state.phase is Phase.LISTENING and state.interview.expects is Expects.ANSWER
    if not is_answering or state.floor is not Floor.OPEN or state.turn_began_ms is None:
        return
    if moment.at_ms < state.patience_until_ms or (state.interrupted is not None and not _answers(moment)):
        return
    word = phrases.LISTENING[state.utterance % len(phrases.LISTENING)]
    _say(moment, word, played.NOD)
    moment.change(nodded_ms=moment.at_ms)
    moment.do(StartTimer("playback", moment.at_ms + _SILENT_MS))


def _answers(moment: Moment) -> bool:
    """Whether what was said over our words is more than a sound."""
    text = moment.words_of_turn().text
    return bool(text) and not is_backchannel(text)


def nod_heard(moment: Moment) -> None:
    """Its sound is on the line: the caller waits no longer in silence."""
    playback = moment.state.playback
    if playback.label != played.NOD:
        return
    moment.change(nodded_ms=playback.began_ms)
    moment.fact("nodded", text=playback.texts[0], start_ms=playback.began_ms)


def bridge_due(moment: Moment) -> None:
    """The words are late: say that we listened, and the next time that it takes a moment."""
    state = moment.state
    if state.phase is not Phase.FLUSHING or state.ended_by == "interruption" or state.floor is not Floor.OPEN:
        return
    word = phrases.WHILE_WE_WAIT[min(state.bridges, len(phrases.WHILE_WE_WAIT) - 1)]
    _say(moment, word, played.BRIDGE)
    moment.change(bridges=state.bridges + 1)
    if moment.state.bridges < len(phrases.WHILE_WE_WAIT):
        moment.do(StartTimer("bridge", moment.at_ms + moment.plan.limits.next_bridge_ms))


def drop_nod(moment: Moment) -> None:
    """Something comes that must not wait for a sound of listening to be over."""
    if moment.state.playback.is_passing and moment.state.phase is Phase.LISTENING:
        bridge_over(moment)


def bridge_over(moment: Moment) -> None:
    """It was heard, or cannot be: go on as if nothing had been said."""
    moment.stop_timers("playback")
    if not moment.state.playback.is_closed:
        moment.change(playback=played.close(moment.state.playback))
    moment.change(insists=False)
    moment.turn(TurnEvent.PLAYBACK_ENDED)


def _say(moment: Moment, word: str, label: str) -> None:
    number = moment.state.utterance + 1
    playback = played.open_utterance(moment.state.playback, number, (word,), label)
    moment.change(utterance=number, playback=playback, insists=True)
    moment.do(Speak(number, (word,), label))
