"""The ear of a call: what it tells the recogniser about speech that may be about to pause."""

from engine.audio import mulaw
from engine.audio.endpoint import FixedEndpoint
from engine.audio.levels import rms_dbfs
from engine.audio.line_quality import Trouble
from engine.ports import UNLIMITED
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


class Listening(ToneSpeechToText):
    """Keeps what it was sent."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def open(self, on_event, account=UNLIMITED):
        stream = super().open(on_event, account)
        send = stream.send

        def kept(audio, at_ms):
            self.sent.append(audio)
            send(audio, at_ms)

        stream.send = kept
        return stream


def heard_at(sample):
    """The recogniser and the ear after three stretches of a second each at this level."""
    engine = Listening()
    ear = Ear(LoudIsSpeech(), FixedEndpoint(1500, -90.0), engine, lambda event: None)
    loud = mulaw.encode(sample.to_bytes(2, "little", signed=True) * 160)
    for number in range(300):
        ear.hear(loud if number % 100 < 50 else QUIET, number * 160)
    return engine, ear, loud


def test_a_faint_voice_reaches_the_recogniser_louder_from_its_second_stretch_on_and_is_measured_as_it_came():
    engine, ear, faint = heard_at(100)
    assert engine.sent[:50] == [faint] * 50
    assert rms_dbfs(mulaw.decode(engine.sent[110])) > rms_dbfs(mulaw.decode(faint)) + 20
    assert ear.watch.sound.whole(6000).loudness_dbfs < -48
    assert ear.watch.troubles == [Trouble.QUIET]


def test_a_voice_that_is_cut_off_is_neither_made_quieter_nor_told_to_be_whole():
    engine, ear, clipped = heard_at(32124)
    assert engine.sent[110] == clipped
    assert ear.watch.sound.whole(6000).clipped_percent == 100.0
    assert Trouble.CLIPPING in ear.watch.troubles
