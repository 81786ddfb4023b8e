from telephony.line_meter import MOST_LAG_MS, LagMeter, percentile_ms
from telephony.timers import Timers


def test_timers_run_out_in_the_order_of_their_time():
    timers = Timers()
    timers.start("late", 300)
    timers.start("early", 100)
    assert list(timers.expired(99)) == []
    assert list(timers.expired(300)) == ["early", "late"]
    assert list(timers.expired(999)) == []


def test_a_timer_that_is_started_again_moves():
    timers = Timers()
    timers.start("idle", 100)
    timers.start("idle", 500)
    assert list(timers.expired(400)) == []
    assert list(timers.expired(500)) == ["idle"]


def test_a_timer_that_is_stopped_by_an_earlier_one_does_not_come():
    timers = Timers()
    timers.start("first", 100)
    timers.start("second", 100)
    seen = []
    for name in timers.expired(100):
        seen.append(name)
        timers.stop("second")
    assert seen == ["first"]


def test_lag_counts_from_the_promptest_frame():
    times = iter([10.000, 10.020, 10.055, 10.060])
    meter = LagMeter(lambda: next(times))
    for number in range(4):
        meter.frame(1.0 + (number + 1) * 0.020)
    data = meter.as_data()
    assert data["frame_lag_ms_p50"] == 0
    assert data["frame_lag_ms_p99"] in (14, 15)
    assert sum(data["frame_lag_counts"]) == 4


def test_a_standstill_counts_as_the_largest_lag():
    times = iter([0.0, 9.0])
    meter = LagMeter(lambda: next(times))
    meter.frame(1.0)
    meter.frame(1.02)
    assert len(meter.as_data()["frame_lag_counts"]) == MOST_LAG_MS + 1


def test_frames_that_wait_while_the_call_is_set_up_do_not_count():
    times = iter([5.0, 5.0, 5.0, 5.02])
    meter = LagMeter(lambda: next(times))
    for line_s in (0.02, 0.04, 1.0, 1.02):
        meter.frame(line_s)
    assert meter.as_data()["frame_lag_counts"] == [2]


def test_no_frames_have_no_lag():
    assert percentile_ms([0, 0], 0.99) == 0
