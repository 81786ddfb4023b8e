"""Which audio goes into which segment."""

from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.speech_segments import LONGEST_MS, SegmentBuffer
from engine.audio import mulaw

LOUD = mulaw.encode((b"\x00\x40\x00\xc0") * 80)
QUIET = mulaw.silence(160)


def fed(buffer: SegmentBuffer, ms: int, frame: bytes = LOUD) -> SegmentBuffer:
    for _ in range(ms // 20):
        assert buffer.send(frame, buffer.now_ms) is None
    return buffer


def test_a_segment_has_some_audio_before_and_after_the_speech() -> None:
    buffer = fed(SegmentBuffer(), 3000)
    buffer.begin(2000)
    segment = fed(buffer, 1500).pause(4000)
    assert segment is not None
    assert (segment.start_ms, segment.began_ms, segment.ended_ms) == (1700, 2000, 4000)
    assert len(segment.mulaw) == (4200 - 1700) * 8


def test_segments_close_together_share_no_audio() -> None:
    buffer = fed(SegmentBuffer(), 1000)
    buffer.begin(500)
    first = fed(buffer, 1000).pause(1500)
    buffer.begin(1800)
    second = fed(buffer, 1000).pause(2800)
    assert first is not None and second is not None
    assert second.start_ms == first.start_ms + len(first.mulaw) // 8 == 1700


def test_a_click_makes_no_segment() -> None:
    buffer = fed(SegmentBuffer(), 1000)
    buffer.begin(800)
    assert buffer.pause(900) is None
    assert buffer.pause(1000) is None


def test_speech_without_a_pause_is_cut_where_it_is_quietest_and_goes_on() -> None:
    buffer = fed(SegmentBuffer(), 1000)
    buffer.begin(1000)
    fed(fed(fed(buffer, 9000), 200, QUIET), LONGEST_MS - 9200 - 20)
    segment = buffer.send(LOUD, buffer.now_ms)
    assert segment is not None
    assert 10_000 <= segment.ended_ms <= 10_200
    assert buffer.is_open
    rest = buffer.pause(buffer.now_ms)
    assert rest is not None
    assert rest.start_ms == segment.ended_ms


def test_looking_at_open_speech_takes_nothing_from_it() -> None:
    buffer = fed(SegmentBuffer(), 1000)
    buffer.begin(500)
    so_far = buffer.so_far()
    segment = fed(buffer, 100).pause(1100)
    assert so_far is not None and segment is not None
    assert segment.start_ms == so_far.start_ms == 200


def test_lost_frames_become_silence_and_repeated_ones_are_dropped() -> None:
    buffer = fed(SegmentBuffer(), 1000)
    buffer.begin(500)
    buffer.send(LOUD, 1200)
    buffer.send(LOUD, 1200)
    segment = buffer.pause(1220)
    assert segment is not None
    assert len(segment.mulaw) == (1220 - 200) * 8
    assert segment.mulaw[800 * 8 : 1000 * 8] == mulaw.silence(200 * 8)


def test_a_long_hole_in_the_line_starts_afresh() -> None:
    buffer = fed(SegmentBuffer(), 1000)
    buffer.begin(500)
    buffer.send(LOUD, 60_000)
    segment = fed(buffer, 400).pause(60_400)
    assert segment is not None
    assert segment.start_ms == 60_000


def test_minutes_of_silence_are_forgotten() -> None:
    buffer = SegmentBuffer()
    for frame in range(120 * 50):
        buffer.send(QUIET, frame * 20)
    buffer.begin(buffer.now_ms - 1000)
    so_far = buffer.so_far()
    assert so_far is not None
    assert len(so_far.mulaw) == 1300 * 8


@given(st.lists(st.tuples(st.sampled_from(["send", "begin", "pause"]), st.integers(0, 3000)), max_size=200))
def test_segments_never_overlap_and_never_exceed_what_the_recogniser_takes(steps: list[tuple[str, int]]) -> None:
    buffer, taken_until_ms = SegmentBuffer(), 0
    for kind, amount in steps:
        segment = None
        if kind == "send":
            segment = buffer.send(LOUD * (amount // 20), buffer.now_ms + amount % 60)
        elif kind == "begin":
            buffer.begin(buffer.now_ms - amount)
        else:
            segment = buffer.pause(buffer.now_ms - amount // 10)
        if segment is not None:
            length_ms = len(segment.mulaw) // 8
            assert segment.start_ms >= taken_until_ms
            assert length_ms <= 30_000
            assert segment.start_ms <= segment.began_ms <= segment.ended_ms
            taken_until_ms = segment.start_ms + length_ms
