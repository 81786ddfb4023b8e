"""What the gap and the voice benchmark make of what was measured."""

from pathlib import Path

from benchmarks.gap import figures, scenario
from benchmarks.turn_data import LabelledTurn
from benchmarks.voice import EDGE_MS, LAG_MS, FrameScore
from benchmarks.voice_edges import EdgeScore
from telephony.simulator.timeline import Timeline, Turn


def reply(label: str, **steps_ms: int) -> dict[str, object]:
    return {"label": label, "ended_ms": 0, "steps_ms": steps_ms}


def test_gaps_and_steps_are_those_of_answers_and_the_greeting_stands_apart() -> None:
    turns = (
        Turn("caller", "yes", "consent", 0, 900),
        Turn("agent", "ask:a", "ask:a", 1700, 3000, 800),
        Turn("agent", "prompt", "prompt", 9000, 9500, 6000),
    )
    replies = (
        reply("consent", chosen=0, queued=80, wire=90, mark=500),
        reply("ask:a", decided=700, text=720, chosen=721, queued=735, wire=740, mark=1150),
        reply("prompt", decided=100, text=100, wire=5000),
    )
    cuts = ({"onset_to_confirmed_ms": 320, "confirmed_to_clear_ms": 3},)
    found = figures([Timeline(turns, 10_000, replies=replies, cuts=cuts)])
    assert (found["replies"], found["gap_ms_p50"], found["greeting_ms"]) == (1, 800, 90)
    assert (found["decision_to_wire_ms_p95"], found["waiting_for_words_ms_p50"]) == (40, 20)
    assert (found["interruptions"], found["confirmed_to_clear_ms_p95"]) == (1, 3)


def test_a_call_without_an_interruption_has_no_figure_for_it() -> None:
    found = figures([Timeline((), 1000)])
    assert found["confirmed_to_clear_ms_p95"] is None
    assert found["gap_ms_p50"] is None


def test_the_caller_of_the_benchmark_speaks_over_some_questions_and_answers_the_others() -> None:
    replies = scenario().replies
    hasty = [each for each in replies if each.interrupt_after_ms is not None]
    assert [each.times for each in hasty] == [2]
    assert len(replies) > 20


def test_frames_are_counted_against_the_labels_but_for_those_near_an_edge() -> None:
    turn = LabelledTurn(Path("a.wav"), "open", ((1000, 2000),), 3000, "", (("so", 200, 1000), ("it is", 2000, 3000)))
    truth = [200 <= at_ms < 1000 or 2000 <= at_ms < 3000 for at_ms in range(0, 4000, 20)]
    late = [False] * (LAG_MS // 20) + truth
    perfect, deaf = FrameScore(), FrameScore()
    perfect.add(turn, late)
    deaf.add(turn, [False] * len(late))
    assert perfect.as_data() == {"f1": 1.0, "missed": 0.0, "false_alarms": 0.0}
    assert deaf.as_data()["missed"] == 1.0
    spoken_ms = (perfect.hits + perfect.misses) * 20
    assert abs(spoken_ms - (1800 - 4 * EDGE_MS)) <= 40


def test_beginnings_and_ends_are_found_late_missed_or_made_up() -> None:
    words = (("so", 200, 1000), ("it is", 2000, 3000))
    turn = LabelledTurn(Path("a.wav"), "open", ((900, 950), (1000, 2000)), 3000, "", words)
    at_once = [200 <= at_ms < 1000 or 2000 <= at_ms < 3000 for at_ms in range(0, 4000, 20)]
    score, deaf, jumpy = EdgeScore(), EdgeScore(), EdgeScore()
    score.add(turn, [False] * 5 + at_once)
    deaf.add(turn, [False] * 200)
    jumpy.add(turn, [at or 3600 <= 20 * index < 3800 for index, at in enumerate(at_once)])
    found = score.as_data()
    assert (found["stretches"], found["onsets_missed"], found["ends_missed"], found["spurious"]) == (2, 0.0, 0.0, 0)
    assert (found["onset_ms"], found["end_ms"]) == (160, 300), "100 ms of the detector, the rest of the tracker"
    assert (deaf.as_data()["onsets_missed"], deaf.as_data()["ends_missed"]) == (1.0, 1.0)
    assert jumpy.as_data()["spurious"] == 1
