from dataclasses import dataclass, field
from typing import Any

from dashboard.live import LiveView, folded, public_event


@dataclass
class Row:
    id: int
    name: str
    data: dict[str, Any] = field(default_factory=dict)
    kind: str = "fact"
    at_ms: int = 0


def turn(number: int, who: str, text: str) -> Row:
    return Row(
        number,
        "turn_ended",
        {"who": who, "text": text, "start_ms": number * 1000, "end_ms": number * 1000 + 500, "is_interrupted": False},
    )


CALL = [
    Row(1, "call_started", {"direction": "inbound", "call_sid": "CA1"}),
    Row(2, "stage_changed", {"stage": "asking"}),
    Row(3, "question_asked", {"order": 1, "total": 3, "topic": "python", "difficulty": "easy", "text": "Why tuples?"}),
    turn(4, "agent", "Why tuples?"),
    Row(5, "floor_changed", {"floor": "candidate"}),
    Row(6, "PartialReceived", {"text": "Because"}, kind="signal", at_ms=4000),
    Row(7, "PartialReceived", {"text": "Because they"}, kind="signal", at_ms=4300),
    Row(8, "progress_saved", {"progress": {}}),
    turn(9, "candidate", "Because they are immutable."),
    Row(10, "interview_ended", {"reason": "completed", "is_complete": True}, at_ms=9000),
]


def test_the_view_holds_what_is_going_on() -> None:
    view = folded(CALL[:7])
    assert (view.order, view.total, view.question, view.stage, view.floor) == (
        1,
        3,
        "Why tuples?",
        "asking",
        "candidate",
    )
    assert (view.partial, view.at_ms, view.last_id) == ("Because they", 4300, 7)
    assert [line.who for line in view.lines] == ["agent"]


def test_a_finished_turn_takes_the_place_of_its_partial_words() -> None:
    view = folded(CALL)
    assert view.partial == ""
    assert [line.text for line in view.lines] == ["Why tuples?", "Because they are immutable."]
    assert view.is_over


def test_folding_in_two_steps_is_folding_at_once() -> None:
    for cut in range(len(CALL) + 1):
        assert folded(CALL[cut:], folded(CALL[:cut])) == folded(CALL)


def test_a_call_that_comes_back_is_no_longer_over() -> None:
    assert not folded([*CALL, Row(11, "call_started", {"direction": "inbound"})]).is_over


def test_nothing_happened_yet() -> None:
    assert folded([]) == LiveView()


def test_what_is_internal_is_not_told() -> None:
    assert public_event(Row(1, "progress_saved", {"progress": {}})) is None
    assert public_event(Row(1, "Speak", kind="action")) is None
    told = public_event(CALL[0])
    assert told == {"id": 1, "at_ms": 0, "name": "call_started", "direction": "inbound"}


def test_a_wish_and_trouble_on_the_line_are_told_in_words() -> None:
    view = folded([*CALL[:5], Row(6, "human_wanted", {"by": "words", "text": "Can I talk to a human?"})])
    assert view.wish == "The candidate would like to speak to a person."
    noisy = Row(7, "line_trouble", {"trouble": "noise"})
    assert folded([noisy], view).wish == "Trouble on the line: noise."
    told = public_event(Row(8, "calls_refused", {"by": "key", "text": ""}))
    assert told is not None
    assert (told["name"], told["wish"], told["text"]) == ("wish", "calls_refused", "")


def test_the_line_is_told_in_a_word_and_why_and_anew_in_every_call() -> None:
    noisy = Row(11, "line_changed", {"quality": "fair", "reasons": ["noise"], "is_hopeless": False, "by": "session"})
    told = public_event(noisy)
    assert told is not None
    assert (told["name"], told["quality"], told["reasons"]) == ("line_quality", "fair", ["noise"])
    view = folded([*CALL[:5], noisy])
    assert (view.line, view.line_words) == ("fair", "Fair: noise")
    worse = Row(12, "line_changed", {"quality": "poor", "reasons": ["too quiet", "lost audio"], "is_hopeless": True})
    assert folded([worse], view).line_words == "Poor: the voice is faint, audio gets lost; hardly to be understood"
    better = Row(13, "line_changed", {"quality": "good", "reasons": [], "is_hopeless": False})
    assert folded([better], view).line_words == "Good"
    assert folded([Row(14, "call_started", {"direction": "inbound"})], view).line == ""
