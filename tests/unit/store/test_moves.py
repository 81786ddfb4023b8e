from engine.store.moves import CALL_MOVES, INTERVIEW_MOVES, OPEN_INTERVIEW
from engine.vocabulary import CallState, InterviewState


def test_every_state_stands_in_its_table() -> None:
    assert set(INTERVIEW_MOVES) == set(InterviewState)
    assert set(CALL_MOVES) == set(CallState)


def test_no_state_moves_to_itself() -> None:
    assert not [state for state, targets in INTERVIEW_MOVES.items() if state in targets]
    assert not [state for state, targets in CALL_MOVES.items() if state in targets]


def test_what_is_over_stays_over() -> None:
    ends = {state for state, targets in INTERVIEW_MOVES.items() if not targets}
    assert ends == {InterviewState.COMPLETED, InterviewState.CANCELLED, InterviewState.EXPIRED}
    assert not ends & set(OPEN_INTERVIEW)


def test_every_state_can_be_reached() -> None:
    assert set().union(*INTERVIEW_MOVES.values()) == set(InterviewState)
    assert set().union(*CALL_MOVES.values()) == set(CallState) - {CallState.DIALLING}
