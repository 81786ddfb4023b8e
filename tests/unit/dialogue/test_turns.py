from hypothesis import given
from hypothesis import strategies as st

from engine.dialogue.turns import MOVES, Floor, TurnAction, TurnEvent, step


def play(*events: TurnEvent) -> tuple[Floor, list[TurnAction]]:
    floor, done = Floor.OPEN, []
    for event in events:
        floor, action = step(floor, event)
        done += [action] if action else []
    return floor, done


def test_a_candidate_who_goes_on_speaking_over_the_agent_takes_the_floor():
    floor, done = play(TurnEvent.PLAYBACK_BEGAN, TurnEvent.SPEECH_BEGAN, TurnEvent.SPEECH_CONFIRMED)
    assert floor is Floor.CANDIDATE
    assert done == [TurnAction.HOLD_PLAYBACK, TurnAction.STOP_PLAYBACK]


def test_a_cough_does_not_take_the_floor():
    floor, done = play(TurnEvent.PLAYBACK_BEGAN, TurnEvent.SPEECH_BEGAN, TurnEvent.SPEECH_ENDED)
    assert floor is Floor.AGENT
    assert done == [TurnAction.HOLD_PLAYBACK, TurnAction.RESUME_PLAYBACK]


def test_speech_that_outlasts_the_agent_has_the_floor():
    floor, _ = play(TurnEvent.PLAYBACK_BEGAN, TurnEvent.SPEECH_BEGAN, TurnEvent.PLAYBACK_ENDED)
    assert floor is Floor.CANDIDATE


def test_playback_is_stopped_only_from_a_contested_floor():
    stops = [row for row, (_, action) in MOVES.items() if action is TurnAction.STOP_PLAYBACK]
    assert stops == [(Floor.CONTESTED, TurnEvent.SPEECH_CONFIRMED)]


def test_a_contested_floor_is_entered_holding_and_left_to_us_only_resuming():
    for (_, event), (floor, action) in MOVES.items():
        assert (floor is Floor.CONTESTED) == (action is TurnAction.HOLD_PLAYBACK), event
    back = [action for (floor, _), (to, action) in MOVES.items() if floor is Floor.CONTESTED and to is Floor.AGENT]
    assert back == [TurnAction.RESUME_PLAYBACK]


@given(st.lists(st.sampled_from(TurnEvent), max_size=60))
def test_no_order_of_events_leaves_the_table(events):
    floor = Floor.OPEN
    for event in events:
        before = floor
        floor, action = step(floor, event)
        assert (floor, action) == MOVES.get((before, event), (before, None))
        assert isinstance(floor, Floor)


@given(st.lists(st.sampled_from(TurnEvent), max_size=60))
def test_the_floor_opens_when_everybody_is_silent(events):
    floor, _ = play(*events, TurnEvent.SPEECH_ENDED, TurnEvent.PLAYBACK_ENDED, TurnEvent.SPEECH_ENDED)
    assert floor is Floor.OPEN
