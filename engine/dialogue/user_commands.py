"""What the user who watches the call wants of it: end, more time, on to the next question, a note."""

from typing import Final

from engine.dialogue.interview import Expects, UserEnds, UserSkips
from engine.dialogue.moment import Moment, Phase
from engine.dialogue.signals import StartTimer, UserCommand
from engine.dialogue.turns import TurnEvent
from engine.vocabulary import Command

_MOST_MINUTES: Final = 60
_BETWEEN: Final = (Phase.FLUSHING, Phase.UNDERSTANDING, Phase.JUDGING)
"""An answer is being closed just now: there is nothing to skip."""


def user_commands(moment: Moment, signal: UserCommand) -> None:
    """Carry a command out, or say in the log that it came at a moment at which it means nothing."""
    match signal.command:
        case Command.END:
            is_done = _end(moment)
        case Command.SKIP:
            is_done = _skip(moment)
        case Command.ADD_TIME:
            is_done = _add_time(moment, signal.text)
        case _:
            is_done = signal.command == Command.NOTE
    moment.fact("user_acted", command=signal.command, text=signal.text, is_done=is_done)


def _end(moment: Moment) -> bool:
    if moment.state.leave is not None:
        return False
    moment.cut_playback()
    moment.save_open_answer()
    moment.tell(UserEnds())
    return True


def _skip(moment: Moment) -> bool:
    state = moment.state
    if state.holds_floor or state.phase in _BETWEEN or state.interview.expects is not Expects.ANSWER:
        return False
    if state.interview.current is None:
        return False
    if state.phase in (Phase.SPEAKING, Phase.COMPOSING):
        moment.cut_playback()
        moment.turn(TurnEvent.PLAYBACK_ENDED)
    moment.its_our_turn()
    moment.change(silences=0, interrupted=None, heard_share=1.0)
    moment.save_open_answer()
    moment.tell(UserSkips())
    return True


def _add_time(moment: Moment, minutes: str) -> bool:
    if not minutes.isascii() or not minutes.isdigit() or not 0 < int(minutes) <= _MOST_MINUTES:
        return False
    if moment.state.leave is not None:
        return False
    moment.change(time_is_up_ms=moment.state.time_is_up_ms + int(minutes) * 60_000)
    moment.do(StartTimer("time_limit", moment.state.time_is_up_ms))
    return True
