"""A recogniser's seconds are found on the clock of the call, whatever was lost, repeated or put in between."""

from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.stream_clock import StreamClock

FRAME = b"\x00" * 160


def test_a_stream_that_begins_in_the_middle_of_a_call_counts_from_there() -> None:
    clock = StreamClock()
    clock.add(16_000, 43_000)
    assert clock.to_call_ms(0.0) == 41_000
    assert clock.to_call_ms(1.5) == 42_500
    assert clock.now_ms == 43_000


def test_what_comes_after_a_gap_is_placed_after_it_and_what_ends_before_stays_before() -> None:
    clock = StreamClock()
    clock.add(8000, 1000)
    clock.add(8000, 5000)
    assert clock.to_call_ms(1.0, is_end=True) == 1000
    assert clock.to_call_ms(1.0) == 4000
    assert clock.to_call_ms(1.25) == 4250


def test_silence_put_in_to_keep_a_connection_open_takes_no_time_of_the_call() -> None:
    clock = StreamClock()
    clock.add(8000, 1000)
    clock.add(800, clock.now_ms)
    assert clock.now_ms == 1000
    clock.add(8000, 2000)
    assert clock.to_call_ms(1.1) == 1000
    assert clock.to_call_ms(1.6) == 1500


def test_of_audio_that_comes_twice_only_the_new_part_is_sent() -> None:
    clock = StreamClock()
    assert clock.new_part(FRAME, 500) == FRAME
    clock.add(160, 520)
    assert clock.new_part(FRAME, 500) == b""
    assert len(clock.new_part(FRAME, 510)) == 80
    assert clock.new_part(FRAME, 520) == FRAME


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 500)), min_size=1, max_size=40), st.integers(0, 3_600_000))
def test_every_sample_sent_is_found_where_it_was_heard(parts: list[tuple[int, int]], from_ms: int) -> None:
    clock = StreamClock()
    now_ms, places = from_ms, []
    for frames, gap_ms in parts:
        places.append((clock.sent, now_ms))
        now_ms += frames * 20
        clock.add(frames * 160, now_ms)
        now_ms += gap_ms
    for position, at_ms in places:
        assert abs(clock.to_call_ms(position / 8000) - at_ms) <= 1
        assert abs(clock.to_call_ms((position + 80) / 8000) - at_ms - 10) <= 1
