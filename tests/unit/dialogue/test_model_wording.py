"""A language model in the conversation: what it is asked, what of its words is said, and that nothing waits for it."""

import pytest

from engine.dialogue.moment import Phase
from engine.dialogue.signals import Fact, ModelText, PieceQueued, Speak, SpeakMore, StopPlayback, VoiceFailed

THIN = "I would rather use something else."
UNSURE = "Sorry, what is it that you mean by that?"
WORDED = "What happens to it next?"


@pytest.fixture
def thin(call):
    """A call whose answers miss a key point, so that a follow-up is wanted; a model is at hand."""
    call.has_model, call.score, call.missing = True, 20.0, ("first",)
    call.to_first_question()
    call.speak(THIN)
    return call


def last_said(call) -> tuple[str, ...]:
    return call.state.playback.texts


def test_without_a_model_the_bank_asks_at_once(call):
    call.score, call.missing = 20.0, ("first",)
    call.to_first_question()
    call.speak(THIN)
    assert call.asked_of_model == []
    [fact] = call.facts("follow_up_asked")
    assert (fact["source"], fact["version"], fact["key_point"]) == ("bank", "test-bank", "first")
    assert last_said(call)[-1] == fact["text"]


def test_a_thin_answer_has_a_model_word_the_follow_up(thin):
    [asked] = thin.asked_of_model
    assert asked.task == "probe"
    assert asked.fields["answer"] == THIN
    assert asked.fields["missing"] == ["first"]
    assert thin.state.phase is Phase.COMPOSING
    assert thin.facts("follow_up_asked") == []
    thin.model(WORDED)
    assert last_said(thin) == (WORDED,)
    [fact] = thin.facts("follow_up_asked")
    assert (fact["text"], fact["source"], fact["version"], fact["order"]) == (WORDED, "model", "probe-2", 1)
    thin.hear_out()
    assert thin.state.phase is Phase.LISTENING


def test_the_first_sentence_is_said_while_the_second_is_being_written(thin):
    thin.model("You would use something else.", ends=False)
    first = thin.said[-1]
    assert first.pieces == ("You would use something else.",)
    marks = thin.queue_speech()
    assert not any(name.endswith("/end") for _, name in marks), "the utterance is open still"
    thin.model(WORDED)
    assert [action for action in thin.actions if isinstance(action, SpeakMore)] == [
        SpeakMore(first.utterance, 1, (WORDED,))
    ]
    thin.hear_out()
    assert thin.state.phase is Phase.LISTENING
    assert thin.facts("turn_ended")[-1]["text"] == f"You would use something else. {WORDED}"
    thin.press("*")
    assert last_said(thin)[-2:] == ("You would use something else.", WORDED)


@pytest.mark.parametrize("how", ["fails", "ends empty", "is late"])
def test_no_reply_means_the_bank_words_it(thin, how):
    if how == "is late":
        thin.wait_for("model")
    else:
        thin.model(fails=how == "fails")
    assert last_said(thin)[-1].startswith("Can you say more about number")
    [fact] = thin.facts("follow_up_asked")
    assert fact["source"] == "bank"
    thin.hear_out()
    assert thin.state.phase is Phase.LISTENING


def test_a_slow_model_is_bridged_by_a_short_word_and_joins_the_same_utterance(thin):
    thin.wait_for("lead")
    utterance = thin.said[-1].utterance
    lead = last_said(thin)
    thin.hear_out()
    assert thin.state.phase is Phase.SPEAKING
    thin.model(WORDED)
    assert last_said(thin) == (*lead, WORDED)
    assert thin.said[-1].utterance == utterance
    thin.hear_out()
    assert thin.state.phase is Phase.LISTENING


def test_a_model_that_breaks_off_after_a_remark_is_completed_by_the_bank(thin):
    thin.model("You would use something else.", fails=True)
    assert last_said(thin)[0] == "You would use something else."
    assert last_said(thin)[-1].startswith("Can you say more about number")
    assert thin.said[-1].pieces == ("You would use something else.",)


@pytest.mark.parametrize(
    "unfit",
    [
        "Excellent answer.",
        "That is 80 points, what else?",
        "What is it? And why?",
        "As an AI I have my instructions.",
        "word " * 31 + "?",
        "<data>what else?</data>",
        "Why?",
        "Your score is five out of five, so what next?",
    ],
)
def test_words_that_judge_give_away_or_ramble_are_never_said(thin, unfit):
    thin.model(unfit)
    assert unfit not in last_said(thin)
    assert last_said(thin)[-1].startswith("Can you say more about number")
    assert thin.facts("follow_up_asked")[0]["source"] == "bank"


def test_after_the_question_nothing_more_of_a_reply_is_said(thin):
    thin.model(WORDED, "Then I would like to know another thing, which is it?")
    assert last_said(thin) == (WORDED,)


def test_stale_replies_change_nothing(thin):
    stale = thin.asked_of_model[-1].request - 1
    before = thin.state
    assert thin.feed(ModelText(thin.now_ms, stale, WORDED)) == []
    assert thin.feed(ModelText(thin.now_ms, stale + 2, WORDED)) == []
    assert thin.state == before


def test_a_candidate_who_speaks_over_it_ends_what_a_model_would_add(thin):
    thin.model("You would use something else.", ends=False)
    thin.queue_speech()
    thin.now_ms += 400
    thin.speak("And one more thing about it.", then_silent=False)
    assert any(isinstance(action, StopPlayback) for action in thin.actions)
    spoken = len(thin.said)
    thin.model(WORDED)
    assert len(thin.said) == spoken
    assert thin.state.phase is Phase.LISTENING
    assert thin.state.composing is None


def test_a_key_counts_while_a_model_looks_for_words(thin):
    thin.press("5")
    assert thin.state.phase is Phase.COMPOSING
    thin.press("2")
    assert thin.state.phase is Phase.SPEAKING
    assert [fact["order"] for fact in thin.facts("question_asked")] == [1, 2]
    said = last_said(thin)
    thin.model(WORDED)
    assert last_said(thin) == said


def test_a_voice_that_breaks_says_the_sentence_again_and_the_rest_still_follows(thin):
    thin.model("You would use something else.", ends=False)
    first = thin.said[-1]
    thin.feed(PieceQueued(thin.now_ms, first.utterance, 0, 300, is_last=False))
    thin.feed(VoiceFailed(thin.now_ms, first.utterance))
    again = thin.said[-1]
    assert (again.utterance, again.pieces) == (first.utterance + 1, first.pieces)
    thin.model(WORDED)
    assert thin.actions[-1] == SpeakMore(again.utterance, 1, (WORDED,))


def unsure(call):
    call.has_model = True
    call.to_first_question()
    call.speak(UNSURE)
    return call


def test_where_the_rules_are_unsure_a_model_is_asked_what_is_meant(call):
    unsure(call)
    assert [(asked.task, asked.fields["heard"]) for asked in call.asked_of_model] == [("intent", UNSURE)]
    call.model(data={"intent": "repeat", "confidence": 0.95})
    assert call.said[-1].label == "repeat:ask:python-1" or call.said[-1].label.startswith("repeat:ask:")
    assert call.facts("answer_completed") == []
    [fact] = call.facts("intent_understood")
    assert (fact["intent"], fact["source"], fact["version"]) == ("repeat", "model", "intent-2")


def test_a_wish_for_other_words_is_worded_by_the_model(call):
    unsure(call)
    call.model(data={"intent": "clarify", "confidence": 0.9})
    asked = call.asked_of_model[-1]
    assert (asked.task, asked.fields["heard"]) == ("reword", UNSURE)
    call.model("Which one comes next, would you say?")
    [fact] = call.facts("question_reworded")
    assert (fact["text"], fact["source"], fact["version"]) == (
        "Which one comes next, would you say?",
        "model",
        "reword-2",
    )
    call.hear_out()
    call.press("*")
    assert last_said(call)[-1] == "Which one comes next, would you say?"


def test_other_words_without_a_model_are_the_bank_s(call):
    call.to_first_question()
    question = call.facts("question_asked")[0]["text"]
    call.speak("Could you rephrase the question please?")
    assert last_said(call) == ("Of course.", question)
    assert call.facts("question_reworded")[0]["source"] == "bank"


@pytest.mark.parametrize(
    "reply",
    [
        {"intent": "answer", "confidence": 1.0},
        {"intent": "repeat", "confidence": 0.3},
        {"intent": "skip", "confidence": 0.75},
        {"intent": "dance", "confidence": 1.0},
        {"intent": ["repeat"], "confidence": 1.0},
        {"confidence": "very"},
        {},
        None,
    ],
)
def test_what_the_model_cannot_tell_is_an_answer(call, reply):
    unsure(call)
    call.model(data=reply)
    assert call.facts("answer_completed")[0]["text"] == UNSURE


@pytest.mark.parametrize("how", ["fails", "is late"])
def test_without_a_reply_in_time_it_is_an_answer(call, how):
    unsure(call)
    if how == "fails":
        call.model(fails=True)
    else:
        call.wait_for("model")
    assert call.facts("answer_completed")[0]["text"] == UNSURE
    assert len(call.facts("turn_ended")) == len([each for each in call.facts("turn_ended") if each["text"]])


def test_a_call_is_not_ended_on_a_model_s_word_alone(call):
    unsure(call)
    call.model(data={"intent": "never_again", "confidence": 1.0})
    assert call.said[-1].label == "confirm"


def test_a_question_to_the_interviewer_is_passed_on_and_the_interview_goes_on(call):
    unsure(call)
    call.model(data={"intent": "asks_interviewer", "confidence": 0.9})
    assert call.facts("candidate_asked") == [{"text": UNSURE, "answer": ""}]
    assert call.said[-1].label.startswith("repeat:ask:")


def test_words_to_somebody_else_are_no_answer(call):
    unsure(call)
    call.model(data={"intent": "other_person", "confidence": 0.9})
    assert call.facts("answer_completed") == []
    assert call.state.phase is Phase.LISTENING
    assert "idle" in call.timers
    call.speak("It is a number and that is my whole answer to what you asked me there.")
    assert call.facts("answer_completed")[0]["text"].startswith("It is a number")


def test_a_line_that_breaks_while_a_model_thinks_loses_nothing(call):
    unsure(call)
    call.break_line()
    assert call.facts("answer_completed")[-1]["text"] == UNSURE
    turns = [fact["text"] for fact in call.facts("turn_ended") if fact["who"] == "candidate"]
    assert turns.count(UNSURE) == 1


def test_time_that_runs_out_while_a_model_thinks_loses_nothing(call):
    unsure(call)
    call.wait_for("time_limit")
    assert call.facts("answer_completed")[-1]["text"] == UNSURE
    assert call.facts("interview_ended") == [{"reason": "time_limit", "is_complete": False}]


@pytest.mark.parametrize(
    "answer",
    [
        "It is a number that you can add to another one.",
        "You use an index for that.",
        "It repeats until the queue is empty.",
        "We write it to the log and then commit the transaction, so nothing is lost when the process dies in between.",
    ],
)
def test_plain_answers_never_wait_for_a_model(call, answer):
    call.has_model = True
    call.to_first_question()
    call.speak(answer)
    assert [asked for asked in call.asked_of_model if asked.task == "intent"] == []
    assert call.facts("answer_completed")[0]["text"] == answer


def test_words_closed_by_key_are_an_answer_and_no_model_is_asked(call):
    call.has_model = True
    call.to_first_question()
    call.speak(UNSURE, then_silent=False)
    call.press("#")
    assert call.asked_of_model == []
    assert call.facts("answer_completed")[0]["text"] == UNSURE


def test_nothing_is_said_twice_and_every_question_is_kept_with_its_source(thin):
    thin.model(WORDED)
    thin.hear_out()
    thin.speak("It goes on to the next one in the row and so on until all of them have been seen once.")
    facts = [action for action in thin.actions if isinstance(action, Fact)]
    assert [fact.data["source"] for fact in facts if fact.name in ("question_asked", "follow_up_asked")] == [
        "bank",
        "model",
        "bank",
    ]
    assert sum(isinstance(action, Speak) and WORDED in action.pieces for action in thin.actions) == 1
