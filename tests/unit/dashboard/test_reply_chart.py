"""The chart of how quickly we answered: one bar a reply, its steps one after the other, and figures over all."""

from dashboard.reply_chart import STEPS, reply_chart

STEPS_MS = {"decided": 800, "text": 900, "chosen": 901, "queued": 920, "wire": 931, "mark": 1340}


def timing(label: str = "ask:q1", **steps_ms: int) -> dict[str, object]:
    return {"label": label, "ended_ms": 61_000, "steps_ms": {**STEPS_MS, **steps_ms}}


def test_the_steps_of_a_reply_lie_end_to_end_and_sum_up_to_it() -> None:
    chart = reply_chart([timing()])
    assert chart is not None
    (row,) = chart.rows
    assert (row.name, row.at_ms, row.steps_ms) == ("Next question", 61_000, (800, 900, 901, 920, 931, 1340))
    assert [part.step for part in row.parts] == [step for step, _ in STEPS]
    ends = [part.x + part.width for part in row.parts]
    assert all(abs(end - after.x) < 1e-6 for end, after in zip(ends, row.parts[1:], strict=False))
    assert abs(ends[-1] - 600) < 1e-6


def test_a_step_that_took_no_time_or_is_not_known_has_no_bar_of_its_own() -> None:
    known = {"label": "probe:q1", "ended_ms": 5, "steps_ms": {"decided": 700, "chosen": 700, "wire": 730}}
    chart = reply_chart([known])
    assert chart is not None
    assert [part.step for part in chart.rows[0].parts] == ["decided", "wire"]
    assert chart.rows[0].steps_ms == (700, None, 700, None, 730, None)
    assert chart.rows[0].name == "Follow-up"


def test_the_figures_are_medians_and_the_slow_end() -> None:
    chart = reply_chart([timing(wire=810 + number) for number in range(20)])
    assert chart is not None
    assert (chart.to_decision_ms, chart.to_line_ms, chart.slowest_to_line_ms) == (800, 20, 28)


def test_greetings_and_reports_of_earlier_versions_make_no_chart() -> None:
    assert reply_chart([]) is None
    assert reply_chart([{"label": "consent", "ended_ms": 0, "steps_ms": {"wire": 90, "mark": 500}}]) is None


def test_the_candidate_s_wait_ends_with_a_sound_of_listening_where_there_was_one() -> None:
    nodded = [{**timing(), "nod_ms": 600}, {**timing(), "nod_ms": 640}, timing()]
    chart = reply_chart(nodded)
    assert chart is not None
    assert (chart.to_first_sound_ms, chart.to_decision_ms) == (640, 800)
