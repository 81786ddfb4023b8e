"""Who speaks over us, and what becomes of our words: held at the onset, dropped or resumed when it is known."""

import pytest

from engine.dialogue.backchannels import is_backchannel
from engine.dialogue.moment import Phase
from engine.dialogue.playback import (
    LEAD_MS,
    Playback,
    heard_text,
    hold,
    mark_returned,
    open_utterance,
    queue_piece,
    resume,
    unheard_texts,
)
from engine.dialogue.playback import cut as cut_playback
from engine.dialogue.signals import (
    AnswerJudged,
    FinalReceived,
    HoldPlayback,
    MarkReturned,
    PartialReceived,
    PieceQueued,
    RecogniserFailed,
    ResumePlayback,
    SilenceHeld,
    Speak,
    SpeechBegan,
    SpeechConfirmed,
    SpeechEnded,
    StopPlayback,
    TimerExpired,
)
from engine.dialogue.turns import Floor

GOOD = "it is a number and it is used to count things in a program of any size"
ANSWERED = "and it can be as large as the memory of the machine allows for a while"


def did(call, kind) -> list:
    return [action for action in call.actions if isinstance(action, kind)]


@pytest.fixture
def speaking(call):
    """The second question is being spoken."""
    call.to_first_question()
    call.speak(GOOD)
    call.queue_speech()
    call.now_ms += 700
    call.feed(MarkReturned(call.now_ms, f"{call.state.utterance}.0.0/ask"))
    return call


def sound(call, for_ms: int, text: str = "") -> None:
    """The candidate makes a sound, and the recogniser makes of it what it can."""
    began_ms = call.now_ms - 60
    call.feed(SpeechBegan(call.now_ms, began_ms))
    if for_ms >= 300:
        call.now_ms += 240
        call.feed(SpeechConfirmed(call.now_ms, began_ms))
    call.now_ms = began_ms + for_ms + 80
    call.feed(SpeechEnded(call.now_ms, began_ms + for_ms))
    if text:
        call.feed(FinalReceived(call.now_ms, text, ()))


def test_the_voice_is_held_at_the_onset_and_resumes_after_a_cough(speaking):
    utterance = speaking.state.utterance
    sound(speaking, 200)
    assert did(speaking, HoldPlayback) == [HoldPlayback(utterance)]
    assert did(speaking, ResumePlayback) == [ResumePlayback(utterance)]
    assert did(speaking, StopPlayback) == []
    assert speaking.state.floor is Floor.AGENT
    assert speaking.state.utterance == utterance


def test_lasting_speech_clears_what_was_held(speaking):
    utterance = speaking.state.utterance
    speaking.feed(SpeechBegan(speaking.now_ms, speaking.now_ms))
    speaking.feed(SpeechConfirmed(speaking.now_ms + 300, speaking.now_ms))
    assert did(speaking, StopPlayback) == [StopPlayback(utterance)]
    assert did(speaking, ResumePlayback) == []
    assert speaking.state.phase is Phase.LISTENING


def test_words_take_the_floor_before_their_length_would(speaking):
    speaking.feed(SpeechBegan(speaking.now_ms, speaking.now_ms))
    speaking.feed(PartialReceived(speaking.now_ms + 220, "wait"))
    assert len(did(speaking, StopPlayback)) == 1


def test_words_of_the_speech_before_do_not_take_the_floor(speaking):
    speaking.feed(SpeechBegan(speaking.now_ms, speaking.now_ms))
    speaking.feed(PartialReceived(speaking.now_ms + 60, "of any size"))
    assert did(speaking, StopPlayback) == []


@pytest.mark.parametrize("text", ["mm-hm", "okay", "yeah, right", "uh huh"])
def test_sounds_of_listening_do_not_take_the_floor(speaking, text):
    speaking.feed(SpeechBegan(speaking.now_ms, speaking.now_ms))
    speaking.feed(PartialReceived(speaking.now_ms + 220, text))
    assert did(speaking, StopPlayback) == []
    speaking.now_ms += 280
    speaking.feed(SpeechEnded(speaking.now_ms, speaking.now_ms))
    assert len(did(speaking, ResumePlayback)) == 1


@pytest.mark.parametrize("text", ["mm-hm", "yes okay", ""])
def test_what_stopped_us_and_was_nothing_is_followed_by_the_sentence_that_it_broke_off(speaking, text):
    broken_off = speaking.said[-1]
    sound(speaking, 420, text)
    assert len(did(speaking, StopPlayback)) == 1
    answers = len(speaking.facts("answer_completed"))
    speaking.wait_for("interruption")
    again = speaking.said[-1]
    assert again.label == broken_off.label
    assert again.pieces == broken_off.pieces
    assert len(speaking.facts("answer_completed")) == answers, "an mm-hm is no answer"
    assert speaking.now_ms - speaking.state.speech_ended_ms <= 800


def test_only_what_was_not_heard_is_said_again(speaking):
    broken_off = speaking.said[-1]
    speaking.now_ms += 400
    speaking.feed(MarkReturned(speaking.now_ms, f"{speaking.state.utterance}.0.2/ask"))
    speaking.now_ms += 300
    sound(speaking, 420, "mm-hm")
    speaking.wait_for("interruption")
    assert speaking.said[-1].pieces == broken_off.pieces[1:]


def test_words_that_mean_something_are_listened_to_until_they_end(speaking):
    sound(speaking, 600, "so that is")
    speaking.wait_for("interruption")
    assert speaking.state.phase is Phase.LISTENING
    assert len(did(speaking, Speak)) == 3, "nothing was said meanwhile"
    speaking.speak(ANSWERED)
    assert speaking.facts("answer_completed")[-1]["text"] == f"{GOOD} so that is {ANSWERED}"


def test_a_silence_that_is_decided_while_we_ask_what_was_said_counts(speaking):
    sound(speaking, 600, "skip this question")
    speaking.now_ms = speaking.timers.pop("interruption")
    speaking.feed(TimerExpired(speaking.now_ms, "interruption"))
    speaking.feed(SilenceHeld(speaking.now_ms + 100, speaking.now_ms - 700))
    speaking.answer_flushes()
    assert speaking.state.phase is not Phase.LISTENING


def test_a_yes_over_the_question_of_consent_is_an_answer(call):
    call.start()
    call.queue_speech()
    call.now_ms += 1500
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.feed(PartialReceived(call.now_ms + 250, "Yes"))
    assert call.stops == 1
    call.now_ms += 400
    call.feed(SpeechEnded(call.now_ms, call.now_ms))
    call.feed(FinalReceived(call.now_ms, "Yes", ()))
    call.wait_for("wish")
    assert call.facts("consent_given")[0]["is_granted"] is True


def test_an_okay_before_the_answer_is_not_the_answer(call):
    call.to_first_question()
    call.speak("Okay.")
    assert call.facts("answer_completed") == []
    assert call.state.phase is Phase.LISTENING
    call.speak(GOOD)
    assert call.facts("answer_completed")[-1]["text"] == GOOD


def test_we_do_not_begin_while_the_candidate_is_in_confirmed_speech(call):
    call.judges = False
    call.to_first_question()
    call.speak(GOOD)
    began_ms = call.now_ms + 100
    call.feed(SpeechBegan(call.now_ms + 160, began_ms))
    call.feed(SpeechConfirmed(call.now_ms + 400, began_ms))
    said = len(call.said)
    call.now_ms += 420
    call.feed(AnswerJudged(call.now_ms, 1, 90.0, ()))
    assert len(call.said) == said
    call.now_ms += 1500
    call.feed(SpeechEnded(call.now_ms, call.now_ms))
    call.feed(FinalReceived(call.now_ms, ANSWERED, ()))
    call.fall_silent()
    assert call.facts("answer_completed")[-1]["text"] == f"{GOOD} {ANSWERED}"
    assert call.said[-1].label.startswith("ask:")


def test_what_waited_for_a_noise_is_said_after_it(call):
    call.judges = False
    call.to_first_question()
    call.speak(GOOD)
    call.feed(SpeechBegan(call.now_ms + 160, call.now_ms + 100))
    call.feed(SpeechConfirmed(call.now_ms + 400, call.now_ms + 100))
    call.feed(AnswerJudged(call.now_ms + 420, 1, 90.0, ()))
    call.now_ms += 600
    call.feed(SpeechEnded(call.now_ms, call.now_ms))
    call.wait_for("interruption")
    assert call.said[-1].label == f"ask:{call.facts('question_asked')[-1]['question_id']}"
    assert call.facts("question_asked")[-1]["order"] == 2


def test_a_key_frees_the_floor_although_the_detector_hears_speech(call):
    call.to_first_question()
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.feed(SpeechConfirmed(call.now_ms + 300, call.now_ms))
    call.feed(FinalReceived(call.now_ms + 900, GOOD, ()))
    call.now_ms += 1000
    call.press("#")
    assert call.said[-1].label.startswith("ask:")
    call.queue_speech()
    assert call.stops == 0
    assert did(call, HoldPlayback) == []


def test_an_apology_waits_for_the_candidate(call):
    call.to_first_question()
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.feed(SpeechConfirmed(call.now_ms + 300, call.now_ms))
    said = len(call.said)
    call.feed(RecogniserFailed(call.now_ms + 500))
    assert len(call.said) == said


def test_a_voice_that_never_comes_is_given_up(call):
    call.start()
    call.wait_for("playback")
    assert call.said[-1].utterance == 2
    call.wait_for("playback")
    assert call.hung_up == "speech_failed"


def test_a_voice_that_stands_still_is_given_up(call):
    call.start()
    call.feed(PieceQueued(0, 1, 0, 500, is_last=False))
    call.wait_for("playback")
    assert call.said[-1].utterance == 2


def test_a_turn_whose_end_is_never_decided_ends_all_the_same(call):
    call.to_first_question()
    call.speak(GOOD, then_silent=False)
    call.wait_for("idle")
    assert call.facts("answer_completed")[-1]["text"] == GOOD


def test_noise_that_never_ends_does_not_keep_us_from_asking(call):
    call.start()
    call.hear_out()
    call.feed(SpeechBegan(call.now_ms, call.now_ms))
    call.feed(SpeechConfirmed(call.now_ms + 300, call.now_ms))
    call.wait_for("answer_limit")
    assert call.said[-1].label in ("consent", "apology")


def playing(pieces: int):
    playback = open_utterance(Playback(), 2, ("one two three four", "five six") * 2, "ask")
    for piece in range(pieces):
        playback = queue_piece(playback, 2, piece, 1000, 1000)
    return playback


def test_what_is_held_is_heard_later_by_as_long_as_the_line_ran_dry():
    playback = hold(playing(2), 1500)
    assert resume(playback, 1500 + LEAD_MS - 100).tail_ms == 3000, "the line never ran dry"
    assert resume(playback, 1500 + LEAD_MS + 250).tail_ms == 3250
    assert resume(playback, 5000).held_ms is None


def test_words_that_were_held_do_not_count_as_heard():
    playback = mark_returned(playing(2), "2.0.0/ask", 1400)
    assert heard_text(cut_playback(playback, 1800)) == "one two three"
    assert heard_text(cut_playback(hold(playback, 1300), 1800)) == "one two"


def test_the_rest_begins_with_the_sentence_that_was_broken_off():
    playback = mark_returned(playing(2), "2.0.2/ask", 2000)
    assert unheard_texts(cut_playback(playback, 2300)) == ("five six", "one two three four", "five six")


@pytest.mark.parametrize(
    "text", ["Mm-hm.", "mhm", "Uh-huh", "Yeah, okay.", "Right", "I see", "oh", "Okay, got it", "hmm"]
)
def test_sounds_of_listening(text):
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["", "yes it is", "okay so", "wait", "right join", "no", "good question", "mutex"])
def test_words_that_are_more_than_listening(text):
    assert not is_backchannel(text)


def test_a_breath_after_yes_is_not_the_end_of_the_answer(call):
    call.start()
    call.hear_out()
    call.speak("Yes,", for_ms=400, then_silent=False)
    assert call.facts("consent_given") == []
    call.now_ms += 260
    call.speak("that is fine with me.", then_silent=False)
    call.wait_for("wish")
    assert call.facts("consent_given")[0]["answer"] == "Yes, that is fine with me."
