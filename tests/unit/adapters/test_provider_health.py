"""When an engine is left alone, and when it is asked again."""

import threading

import pytest

from engine.adapters.provider_health import LONGEST_REST_S, MOST_FAILURES, REST_S, HealthBoard, ProviderHealth
from engine.errors import RequestNotTaken, UpstreamBusy, UpstreamRefused, UpstreamUnavailable


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock) -> ProviderHealth:
    return ProviderHealth("speech_to_text/x", clock=clock, now=lambda: clock.now_s + 1e9)


def test_five_failures_in_a_row_open_the_breaker(health):
    for _ in range(MOST_FAILURES - 1):
        health.failed("late")
        assert health.admit()
    health.failed("late")
    assert not health.admit()
    assert health.snapshot().state == "open"


def test_a_success_starts_the_count_again(health):
    for _ in range(MOST_FAILURES - 1):
        health.failed("late")
    health.succeeded()
    health.failed("late")
    assert health.admit() and health.snapshot().consecutive_failures == 1


def test_after_the_rest_one_request_may_try_and_the_others_wait(health, clock):
    for _ in range(MOST_FAILURES):
        health.failed("late")
    clock.now_s += REST_S
    assert health.snapshot().state == "half_open"
    assert [health.admit() for _ in range(3)] == [True, False, False]
    health.succeeded()
    assert health.snapshot().state == "closed"
    assert [health.admit() for _ in range(3)] == [True, True, True]


def test_a_trial_that_fails_begins_another_rest(health, clock):
    for _ in range(MOST_FAILURES):
        health.failed("late")
    clock.now_s += REST_S
    assert health.admit()
    health.failed("late again")
    assert not health.admit()
    clock.now_s += REST_S
    assert health.admit()


@pytest.mark.parametrize("ends", [lambda health, clock: health.abandoned(), lambda health, clock: clock.wait_long()])
def test_a_trial_that_came_to_nothing_makes_room_for_the_next(health, clock, ends):
    clock.wait_long = lambda: setattr(clock, "now_s", clock.now_s + 60)
    for _ in range(MOST_FAILURES):
        health.failed("late")
    clock.now_s += REST_S
    assert health.admit() and not health.admit()
    ends(health, clock)
    assert health.admit()


def test_a_refusal_opens_at_once(health, clock):
    health.failed("the key is not valid", UpstreamRefused("the key is not valid"))
    assert not health.admit()
    clock.now_s += REST_S
    assert health.admit()


def test_a_request_that_is_not_taken_says_little_about_the_next(health):
    health.failed("too long", RequestNotTaken("too long"))
    assert health.admit()


def test_a_provider_that_asks_for_a_pause_gets_it(health, clock):
    health.failed("busy", UpstreamBusy("busy", retry_after_s=7))
    assert not health.admit() and health.snapshot().state == "open"
    health.succeeded()
    assert not health.admit(), "an answer to an earlier request does not end the pause"
    clock.now_s += 7
    assert health.admit() and health.snapshot().state == "closed"


def test_no_provider_is_left_alone_for_ever(health, clock):
    health.failed("busy", UpstreamBusy("busy", retry_after_s=1e9))
    clock.now_s += LONGEST_REST_S
    assert health.admit()


def test_the_snapshot_tells_the_last_error_and_the_last_success(health, clock):
    health.succeeded()
    clock.now_s += 5
    health.failed("no answer", UpstreamUnavailable("no answer"))
    shown = health.snapshot()
    assert (shown.name, shown.last_error) == ("speech_to_text/x", "no answer")
    assert shown.last_error_at_s - shown.last_success_at_s == 5


def test_failures_on_many_threads_are_all_counted(clock):
    health = ProviderHealth("x", clock=clock)
    threads = [threading.Thread(target=health.failed, args=("late",)) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not health.admit()
    clock.now_s += REST_S
    assert sum(health.admit() for _ in range(20)) == 1


def test_the_board_shows_every_engine_once():
    board = HealthBoard()
    first = board.register(ProviderHealth("a"))
    board.register(ProviderHealth("b"))
    first.failed("down")
    assert [(shown.name, shown.last_error) for shown in board.snapshots()] == [("a", "down"), ("b", None)]
