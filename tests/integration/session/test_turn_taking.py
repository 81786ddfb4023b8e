"""Whole calls with the adaptive endpoint: it learns what is asked, reads the words, and nobody waits for nothing."""

import pytest

from engine.audio.endpoint_weights import load_weights
from engine.config import EndpointSettings
from engine.work.replay import logged_actions, replayed_actions
from telephony.endpointing import new_endpoint

ANSWER = "The index keeps the keys sorted so that the database finds the row in logarithmic time."
TRAILING = "The index keeps the keys sorted so that the database finds the row and"


def adaptive():
    return new_endpoint(EndpointSettings(), load_weights())


def answer_gaps(call) -> list[int]:
    """From the end of speech to the decision, for each turn in which a question was answered."""
    kind, gaps = "", []
    for record in call.records:
        if record.name == "Attend":
            kind = record.data["kind"]
        elif record.name == "SilenceHeld" and kind:
            gaps.append(record.at_ms - record.data["ended_ms"])
    return gaps


def test_a_call_is_held_to_its_end_and_replays_byte_for_byte(virtual):
    call = virtual(["Yes.", *[ANSWER] * 8, "No, thank you."], endpoint=adaptive()).run()
    assert call.reason == "completed"
    assert replayed_actions(call.records, call.plan) == logged_actions(call.records)


def test_the_endpoint_is_told_what_kind_of_answer_is_listened_to(virtual):
    call = virtual(["Yes.", *[ANSWER] * 8, "No, thank you."], endpoint=adaptive()).run()
    kinds = [record.data["kind"] for record in call.records if record.name == "Attend"]
    assert kinds[0] == kinds[-1] == ""
    asked = [call.plan.bank.by_id(fact["question_id"]).shape for fact in call.facts("question_asked")]
    assert kinds[1] == asked[0]
    assert set(kinds[1 : kinds.index("", 1)]) <= {"yes_no", "short", "open", "think"}


def test_answers_that_trail_off_are_waited_for_longer_than_complete_ones(virtual):
    texts = [text for _ in range(5) for text in (ANSWER, TRAILING)]
    call = virtual(["Yes.", *texts], endpoint=adaptive()).run()
    gaps: dict[str, list[int]] = {ANSWER: [], TRAILING: []}
    heard, kind = "", ""
    for record in call.records:
        match record.name:
            case "Attend":
                heard, kind = "", record.data["kind"]
            case "FinalReceived":
                heard = record.data["text"]
            case "SilenceHeld" if kind and heard:
                gaps[heard].append(record.at_ms - record.data["ended_ms"])
    assert len(gaps[ANSWER]) >= 2
    assert len(gaps[TRAILING]) >= 2
    assert max(gaps[ANSWER]) < min(gaps[TRAILING])


def test_words_that_come_half_a_second_late_are_still_heeded(virtual):
    late = virtual(["Yes.", *[TRAILING] * 8, "No, thank you."], endpoint=adaptive())
    late.recogniser.delay_frames = 25
    late.run()
    assert late.reason == "completed"
    assert min(answer_gaps(late)) > 1000


@pytest.mark.parametrize("policy", ["fixed", "adaptive"])
def test_both_policies_of_the_settings_carry_a_call(virtual, policy):
    endpoint = new_endpoint(EndpointSettings(policy=policy), load_weights())
    assert virtual(["Yes.", *[ANSWER] * 8, "No, thank you."], endpoint=endpoint).run().reason == "completed"
