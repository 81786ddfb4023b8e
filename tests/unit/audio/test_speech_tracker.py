"""Beginnings and ends of speech, on timelines drawn as text: one character a frame, `#` for speech."""

from engine.audio.voice import Began, Confirmed, Ended, SpeechTracker, TrackerSettings, VoiceChange
from engine.clock import FRAME_MS

EXACT = TrackerSettings(onset_lag_ms=0, release_lag_ms=0)


def changes(timeline: str, settings: TrackerSettings = EXACT) -> list[tuple[int, VoiceChange]]:
    """What the tracker said, with the end of the frame at which it said it."""
    tracker = SpeechTracker(settings)
    return [
        ((index + 1) * FRAME_MS, change)
        for index, mark in enumerate(timeline)
        for change in tracker.push(mark == "#", index * FRAME_MS)
    ]


def test_speech_begins_is_confirmed_and_ends() -> None:
    assert changes("." * 10 + "#" * 20 + "." * 20) == [
        (260, Began(200)),
        (500, Confirmed(200)),
        (800, Ended(600)),
    ]


def test_single_frames_far_apart_begin_nothing() -> None:
    assert changes("#......#......#......#......") == []


def test_a_cough_begins_and_ends_but_is_never_confirmed() -> None:
    said = [change for _, change in changes("." * 5 + "#" * 8 + "." * 20)]
    assert said == [Began(100), Ended(260)]


def test_short_gaps_do_not_end_speech_and_do_not_count_as_speech() -> None:
    said = changes("#####.....#####.....#####..........")
    assert said == [(60, Began(0)), (500, Confirmed(0)), (700, Ended(500))]


def test_frames_lost_on_the_line_count_as_silence() -> None:
    tracker = SpeechTracker(EXACT)
    for index in range(10):
        tracker.push(True, index * FRAME_MS)
    assert tracker.push(True, 5000) == (Ended(200),)
    assert not tracker.is_speaking
    assert tracker.push(True, 5020) == ()
    assert tracker.push(True, 5040) == (Began(5000),)


def test_the_detectors_lag_is_taken_off_but_never_before_the_call() -> None:
    settings = TrackerSettings(onset_lag_ms=40, release_lag_ms=100)
    assert changes("#" * 20 + "." * 10, settings)[0] == (60, Began(0))
    said = [change for _, change in changes("." * 10 + "#" * 20 + "." * 20, settings)]
    assert said == [Began(160), Confirmed(160), Ended(500)]
