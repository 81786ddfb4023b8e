"""Whose turn is it? Decided from events on the audio clock, and nothing else.

Every legal move stands in MOVES. An event that has no row for the present floor changes nothing: a detector may see
speech end twice, and a mark may come back late, without harm.
"""

from enum import StrEnum


class Floor(StrEnum):
    AGENT = "agent"
    CONTESTED = "contested"
    """The agent speaks and the candidate has begun to: a cough, a yes, or a barge-in; not yet known."""
    CANDIDATE = "candidate"
    OPEN = "open"


class TurnEvent(StrEnum):
    PLAYBACK_BEGAN = "playback began"
    PLAYBACK_ENDED = "playback ended"
    SPEECH_BEGAN = "speech began"
    SPEECH_CONFIRMED = "speech confirmed"
    SPEECH_ENDED = "speech ended"


class TurnAction(StrEnum):
    HOLD_PLAYBACK = "hold playback"
    RESUME_PLAYBACK = "resume playback"
    STOP_PLAYBACK = "stop playback"


MOVES: dict[tuple[Floor, TurnEvent], tuple[Floor, TurnAction | None]] = {
    (Floor.OPEN, TurnEvent.PLAYBACK_BEGAN): (Floor.AGENT, None),
    (Floor.OPEN, TurnEvent.SPEECH_BEGAN): (Floor.CANDIDATE, None),
    (Floor.AGENT, TurnEvent.PLAYBACK_ENDED): (Floor.OPEN, None),
    (Floor.AGENT, TurnEvent.SPEECH_BEGAN): (Floor.CONTESTED, TurnAction.HOLD_PLAYBACK),
    (Floor.CONTESTED, TurnEvent.SPEECH_CONFIRMED): (Floor.CANDIDATE, TurnAction.STOP_PLAYBACK),
    (Floor.CONTESTED, TurnEvent.SPEECH_ENDED): (Floor.AGENT, TurnAction.RESUME_PLAYBACK),
    (Floor.CONTESTED, TurnEvent.PLAYBACK_ENDED): (Floor.CANDIDATE, None),
    (Floor.CANDIDATE, TurnEvent.SPEECH_ENDED): (Floor.OPEN, None),
    (Floor.CANDIDATE, TurnEvent.PLAYBACK_BEGAN): (Floor.CONTESTED, TurnAction.HOLD_PLAYBACK),
}


def step(floor: Floor, event: TurnEvent) -> tuple[Floor, TurnAction | None]:
    """Advance by one event."""
    return MOVES.get((floor, event), (floor, None))
