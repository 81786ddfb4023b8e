"""The second engine takes over where the first fails, and gives way again later."""

import pytest

from engine.adapters.fallback_speech import REST_S, FallbackSpeechToText, FallbackTextToSpeech
from engine.adapters.scripted_speech import ScriptedSpeechToText, ScriptedTextToSpeech
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, FinalHeard, RecognitionFailed


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_second_voice_speaks_what_the_first_cannot():
    first, second = ScriptedTextToSpeech(fails=lambda text: True), ScriptedTextToSpeech()
    voice = FallbackTextToSpeech(first, second, clock=Clock())
    assert b"".join(voice.synthesise("one two"))
    assert second.spoken == ["one two"]


def test_a_voice_that_failed_is_left_alone_for_a_while_and_then_tried_again():
    clock = Clock()
    first, second = ScriptedTextToSpeech(fails=lambda text: text == "bad"), ScriptedTextToSpeech()
    voice = FallbackTextToSpeech(first, second, clock=clock)
    for text in ("bad", "good"):
        list(voice.synthesise(text))
    assert first.spoken == ["bad"]
    clock.now_s += REST_S
    list(voice.synthesise("good"))
    assert first.spoken == ["bad", "good"]
    assert second.spoken == ["bad", "good"]


class BreaksOff(ScriptedTextToSpeech):
    def synthesise(self, text, *, speed=1.0, account=UNLIMITED):
        yield b"\x55" * 160
        raise UpstreamUnavailable("the stream ended in the middle")


def test_two_voices_never_share_a_sentence():
    second = ScriptedTextToSpeech()
    voice = FallbackTextToSpeech(BreaksOff(), second, clock=Clock())
    with pytest.raises(UpstreamUnavailable):
        list(voice.synthesise("one two"))
    assert second.spoken == []


def test_a_recogniser_that_cannot_be_opened_is_replaced():
    first, second = ScriptedSpeechToText(["first"]), ScriptedSpeechToText(["second"])
    first.is_down = True
    heard = []
    stream = FallbackSpeechToText(first, second, clock=Clock()).open(heard.append)
    stream.speech_began(0)
    stream.speech_paused(600)
    assert [event.transcript.text for event in heard if isinstance(event, FinalHeard)] == ["second"]


def test_after_a_failure_in_a_call_the_next_stream_comes_from_the_second():
    clock = Clock()
    first, second = ScriptedSpeechToText(["first"]), ScriptedSpeechToText(["second"])
    first.failures.append("key revoked")
    engine = FallbackSpeechToText(first, second, clock=clock)
    heard = []
    stream = engine.open(heard.append)
    stream.speech_began(0)
    stream.speech_paused(600)
    assert heard == [RecognitionFailed("key revoked")]
    stream.close()

    again = engine.open(heard.append)
    again.speech_began(700)
    again.speech_paused(900)
    assert heard[-1].transcript.text == "second"

    clock.now_s += REST_S
    later = engine.open(heard.append)
    later.speech_began(0)
    later.speech_paused(600)
    assert heard[-1].transcript.text == "first"
    engine.close()
