"""A call that goes on after its line broke, perhaps in another process, with everything that was known."""

from engine.dialogue.broken_line import apology
from engine.dialogue.interview import CameBack
from engine.dialogue.moment import Moment, Phase
from engine.dialogue.signals import TuneVoice
from engine.dialogue.turns import Floor


def line_resumed(moment: Moment, has_model: bool) -> None:
    """The caller hears us again: an apology, where we were, and what was asked last.

    What was heard of the answer lies with the interview since the line closed; workers of the old line are gone.
    """
    moment.cut_playback()
    state = moment.state
    moment.change(
        phase=Phase.LISTENING,
        floor=Floor.OPEN,
        has_model=has_model,
        is_speech_confirmed=False,
        turn_began_ms=None,
        candidate_end_ms=None,
        kept=(),
        interrupted=None,
        silences=0,
        patience_ms=0,
        idle_ms=0,
        voice_failures=0,
        owed=apology(state.interview),
    )
    if state.interview.ended_by:
        moment.leave(state.interview.ended_by)
        return
    moment.start_clocks()
    if (state.interview.speed, state.interview.gain_db) != (1.0, 0):
        moment.do(TuneVoice(state.interview.speed, state.interview.gain_db))
    moment.tell(CameBack())
