"""What the user who watches the call wants of it: end, more time, the next question, a break, a note."""

from typing import Final

from engine.dialogue.bridging import drop_nod
from engine.dialogue.interview import Expects, UserEnds, UserPauses, UserSkips
from engine.dialogue.moment import Moment, Phase
from engine.dialogue.signals import StartTimer, UserCommand
from engine.dialogue.turns import TurnEvent
from engine.vocabulary import Command

_MOST_MINUTES: Final = 60
_BETWEEN: Final = (Phase.FLUSHING, Phase.UNDERSTANDING, Phase.JUDGING)
"""An answer is being closed just now: there is nothing to skip."""


def user_commands(moment: Moment, signal: UserCommand) -> None:
    """Carry a command out, or say in the log that it came at a moment at which it means nothing."""
    drop_nod(moment)
    match signal.command:
        case Command.END:
            is_done = _end(moment)
        case Command.SKIP:
            is_done = _skip(moment)
        case Command.PAUSE:
            is_done = _pause(moment)
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
    if not _is_at_a_question(moment):
        return False
    _take_the_floor(moment)
    moment.save_open_answer()
    moment.tell(UserSkips())
    return True


def _pause(moment: Moment) -> bool:
    """Not while the candidate speaks: a break can wait, a sentence cannot."""
    if not _is_at_a_question(moment) or moment.state.is_speech_confirmed:
        return False
    if moment.state.phase is Phase.LISTENING:
        moment.keep_words()
    _take_the_floor(moment)
    moment.tell(UserPauses())
    return True


def _is_at_a_question(moment: Moment) -> bool:
    state = moment.state
    if state.holds_floor or state.phase in _BETWEEN:
        return False
    return state.interview.expects is Expects.ANSWER and state.interview.current is not None


def _take_the_floor(moment: Moment) -> None:
    if moment.state.phase in (Phase.SPEAKING, Phase.COMPOSING):
        moment.cut_playback()
        moment.turn(TurnEvent.PLAYBACK_ENDED)
    moment.its_our_turn()
    moment.change(silences=0, interrupted=None, heard_share=1.0)


def _add_time(moment: Moment, minutes: str) -> bool:
    if not minutes.isascii() or not minutes.isdigit() or not 0 < int(minutes) <= _MOST_MINUTES:
        return False
    if moment.state.leave is not None:
        return False
    moment.change(time_is_up_ms=moment.state.time_is_up_ms + int(minutes) * 60_000)
    moment.do(StartTimer("time_limit", moment.state.time_is_up_ms))
    return True
