"""A process on its way out: when it may leave."""

from telephony.draining import Draining


def test_it_leaves_when_the_last_call_has_ended():
    calls = [3]
    waits = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        calls[0] -= 1

    draining = Draining(lambda: calls[0])
    assert not draining.has_begun
    draining.begin()
    assert draining.has_begun
    assert draining.wait_for_calls(3600, lambda: sum(waits), pause)
    assert len(waits) == 3


def test_it_does_not_wait_longer_than_it_was_told():
    waits = []
    draining = Draining(lambda: 1)
    assert not draining.wait_for_calls(5, lambda: sum(waits), waits.append)
    assert 5 <= sum(waits) < 6
