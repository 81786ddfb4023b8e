import pytest

from engine.adapters.scripted_speech import ScriptedSpeechToText, ScriptedTextToSpeech
from engine.audio import levels, mulaw
from engine.errors import UpstreamUnavailable
from engine.ports import AllHeard, FinalHeard, PartialHeard, RecognitionEvent, RecognitionFailed

FRAME = mulaw.silence(160)


def test_the_voice_hums_quietly_for_sixty_milliseconds_a_word() -> None:
    audio = b"".join(ScriptedTextToSpeech().synthesise("four words are spoken"))
    assert len(audio) == 4 * 60 * 8
    assert -45 < levels.rms_dbfs(mulaw.decode(audio)) < -35


def test_the_same_text_gives_the_same_audio_and_another_text_another_pitch() -> None:
    voice = ScriptedTextToSpeech()
    first, again, other = (b"".join(voice.synthesise(text)) for text in ("one two", "one two", "two one"))
    assert first == again != other
    assert voice.spoken == ["one two", "one two", "two one"]


def test_a_faster_voice_is_shorter() -> None:
    assert len(b"".join(ScriptedTextToSpeech().synthesise("one two three", speed=1.5))) == 120 * 8


def test_the_voice_fails_where_the_script_says_so() -> None:
    voice = ScriptedTextToSpeech(fails=lambda text: "broken" in text)
    assert b"".join(voice.synthesise("whole"))
    with pytest.raises(UpstreamUnavailable):
        next(voice.synthesise("broken"))


def test_prepared_texts_are_heard_in_order_with_words_spread_over_the_speech() -> None:
    events: list[RecognitionEvent] = []
    call = ScriptedSpeechToText(["hello there", "goodbye"]).open(events.append)
    call.speech_began(1000)
    call.speech_paused(2000)
    call.speech_began(3000)
    call.finish(7)
    finals = [event.transcript for event in events if isinstance(event, FinalHeard)]
    assert [final.text for final in finals] == ["hello there", "goodbye"]
    assert [(word.start_ms, word.end_ms) for word in finals[0].words] == [(1000, 1500), (1500, 2000)]
    assert events[-1] == AllHeard(7)
    assert isinstance(events[0], PartialHeard)


def test_without_a_text_there_is_a_word_for_every_300_ms() -> None:
    events: list[RecognitionEvent] = []
    call = ScriptedSpeechToText().open(events.append)
    call.speech_began(0)
    call.speech_paused(1000)
    assert PartialHeard("word word word") in events


def test_delay_is_counted_in_frames_of_audio() -> None:
    events: list[RecognitionEvent] = []
    call = ScriptedSpeechToText(["late"], delay_frames=3).open(events.append)
    call.speech_began(0)
    call.speech_paused(500)
    call.finish(1)
    for frame in range(3):
        assert events == []
        call.send(FRAME, frame * 20)
    assert events[-1] == AllHeard(1)
    assert len(events) == 3


def test_failures_follow_the_script() -> None:
    engine = ScriptedSpeechToText(["kept"])
    engine.failures.append("line noise")
    events: list[RecognitionEvent] = []
    call = engine.open(events.append)
    call.speech_began(0)
    call.speech_paused(500)
    assert events == [RecognitionFailed("line noise")]
    engine.is_down = True
    with pytest.raises(UpstreamUnavailable):
        engine.open(events.append)


def test_after_close_nothing_comes_any_more() -> None:
    events: list[RecognitionEvent] = []
    call = ScriptedSpeechToText(["late"], delay_frames=1).open(events.append)
    call.speech_began(0)
    call.finish(1)
    call.close()
    call.send(FRAME, 0)
    assert events == []
