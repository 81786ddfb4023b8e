"""A short word of ours while the candidate's last words are still being recognised: nobody is left in silence.

The word is no turn of the conversation. It leaves the phase as it is, takes the floor from nobody, and is not stopped
by speech, since it is over sooner than that would be noticed; what comes next follows it on the line.
"""

from engine.dialogue import phrases
from engine.dialogue import playback as played
from engine.dialogue.moment import Moment, Phase
from engine.dialogue.signals import Speak, StartTimer
from engine.dialogue.turns import Floor, TurnEvent

LABEL = "bridge"


def bridge_due(moment: Moment) -> None:
    """The words are late: say that we listened, and the next time that it takes a moment."""
    state = moment.state
    if state.phase is not Phase.FLUSHING or state.ended_by == "interruption" or state.floor is not Floor.OPEN:
        return
    word = phrases.WHILE_WE_WAIT[min(state.bridges, len(phrases.WHILE_WE_WAIT) - 1)]
    number = state.utterance + 1
    playback = played.open_utterance(state.playback, number, (word,), LABEL)
    moment.change(utterance=number, playback=playback, bridges=state.bridges + 1, insists=True)
    moment.do(Speak(number, (word,), LABEL))
    if moment.state.bridges < len(phrases.WHILE_WE_WAIT):
        moment.do(StartTimer("bridge", moment.at_ms + moment.plan.limits.next_bridge_ms))


def is_bridge(moment: Moment) -> bool:
    """Whether what is on the line now is such a word."""
    return moment.state.playback.label == LABEL and not moment.state.playback.is_closed


def bridge_over(moment: Moment) -> None:
    """It was heard, or cannot be: go on as if nothing had been said."""
    moment.stop_timers("playback")
    if not moment.state.playback.is_closed:
        moment.change(playback=played.close(moment.state.playback))
    moment.change(insists=False)
    moment.turn(TurnEvent.PLAYBACK_ENDED)
