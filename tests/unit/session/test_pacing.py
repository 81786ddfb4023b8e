"""The outgoing queue keeps the line fed, never far ahead, and forgets everything on a clear."""

from hypothesis import given
from hypothesis import strategies as st

from engine.clock import ms_to_samples
from telephony.pacing import LEAD_MS, MOST_QUEUED_MS, AudioOut, ClearOut, MarkOut, OutgoingQueue


def drain(queue: OutgoingQueue, line_samples: int) -> list[object]:
    sent = []
    while (outgoing := queue.next_due(line_samples)) is not None:
        sent.append(outgoing)
    return sent


def test_nothing_goes_out_further_ahead_than_the_lead():
    queue = OutgoingQueue()
    queue.add(b"\x55" * ms_to_samples(2000), [])
    first = sum(len(each.mulaw) for each in drain(queue, 0))
    assert ms_to_samples(LEAD_MS) <= first < ms_to_samples(LEAD_MS) + ms_to_samples(100)


def test_a_clear_goes_before_everything_that_comes_after_it():
    queue = OutgoingQueue()
    queue.add(b"\x55" * ms_to_samples(2000), [(2000, "old")])
    drain(queue, 0)
    queue.clear()
    queue.add(b"\x11" * 160, [(20, "new")])
    assert drain(queue, 800) == [ClearOut(), AudioOut(b"\x11" * 160), MarkOut("new")]


audio = st.tuples(st.integers(0, 900), st.lists(st.integers(0, 900), max_size=4))


@given(st.lists(audio, max_size=8), st.integers(1, 50))
def test_everything_goes_out_once_in_order_with_marks_where_they_belong(adds, step_frames):
    queue = OutgoingQueue()
    expected: list[tuple[int, str]] = []
    total = b""
    for number, (duration_ms, offsets) in enumerate(adds):
        mulaw = bytes([number]) * ms_to_samples(duration_ms)
        marks = [(min(offset, duration_ms), f"{number}.{place}") for place, offset in enumerate(sorted(offsets))]
        queue.add(mulaw, marks)
        expected += [(len(total) + ms_to_samples(offset), name) for offset, name in marks]
        total += mulaw
    line, sent, marks_sent = 0, b"", []
    for _ in range(2000):
        for outgoing in drain(queue, line):
            if isinstance(outgoing, AudioOut):
                assert len(sent) + len(outgoing.mulaw) <= line + ms_to_samples(LEAD_MS) + ms_to_samples(100)
                sent += outgoing.mulaw
            elif isinstance(outgoing, MarkOut):
                marks_sent.append((len(sent), outgoing.name))
        if queue.is_empty:
            break
        line += step_frames * 160
    assert sent == total
    assert marks_sent == expected


def test_audio_without_room_is_dropped_and_counted_and_the_rest_still_goes_out():
    line = OutgoingQueue()
    minute = b"\x55" * 60 * 8000
    line.add(minute, [(60_000, "1")])
    line.add(minute, [(60_000, "2")])
    line.add(b"\x55" * 8000, [(1000, "3")])
    assert line.dropped_ms == 1000
    assert line.queued_ms == MOST_QUEUED_MS
    line.clear()
    line.add(b"\x55" * 8000, [(1000, "4")])
    assert line.queued_ms == 1000


def test_what_is_held_goes_out_later_and_nothing_of_it_is_lost():
    line = OutgoingQueue()
    line.add(b"\x55" * 8000, [(1000, "end")])
    while line.next_due(0) is not None:
        pass
    sent_until = line.hold(800)
    assert line.next_due(8000) is None and line.due_samples is None
    start, waiting = line.release(8000)
    assert (start, len(waiting)) == (8000, 8000 - sent_until)
    assert isinstance(line.next_due(8000), AudioOut)


def test_a_clear_ends_a_hold():
    line = OutgoingQueue()
    line.add(b"\x55" * 8000, [])
    line.hold(0)
    line.clear()
    assert line.next_due(0) == ClearOut()
    line.add(b"\x55" * 800, [])
    assert isinstance(line.next_due(0), AudioOut)
