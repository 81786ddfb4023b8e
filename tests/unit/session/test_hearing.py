"""The ear of a call: what it tells the recogniser about speech that may be about to pause."""

from engine.audio import mulaw
from engine.audio.endpoint import FixedEndpoint
from telephony.hearing import WAVER_MS, Ear
from tests.fakes.tone_recogniser import ToneSpeechToText

LOUD = mulaw.encode(b"\x00\x40" * 160)
QUIET = mulaw.silence(160)


class LoudIsSpeech:
    def is_speech(self, pcm):
        return max(pcm) > 0


def heard(*stretches):
    """The recogniser after loud and quiet stretches of so many frames each, in turn."""
    engine = ToneSpeechToText()
    ear = Ear(LoudIsSpeech(), FixedEndpoint(1500, -50.0), engine, lambda event: None)
    position = 0
    for number, frames in enumerate(stretches):
        for _ in range(frames):
            ear.hear(QUIET if number % 2 else LOUD, position)
            position += 160
    return engine


def test_a_moment_without_speech_asks_for_the_words_so_far_once():
    frames = WAVER_MS // 20
    assert heard(50, frames - 1).counts.get("wavered", 0) == 0
    assert heard(50, frames).counts.get("wavered", 0) == 1
    assert heard(50, 60).counts.get("wavered", 0) == 1


def test_each_wavering_of_one_stretch_asks_again_and_silence_before_speech_does_not():
    engine = heard(50, 4, 20, 4, 20, 30)
    assert (engine.counts["began"], engine.counts["paused"], engine.counts.get("wavered", 0)) == (1, 1, 3)
    assert heard(1, 40).counts.get("wavered", 0) == 0
