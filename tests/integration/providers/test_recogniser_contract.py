"""What engine.ports promises of every recogniser, whoever provides it."""

from collections.abc import Iterator

import pytest

from engine.ports import AllHeard, RecognitionFailed
from tests.fakes.account import CountingAccount
from tests.fakes.call_line import CallLine, nothing_left_behind, texts, words
from tests.integration.providers.recogniser_cases import CASES, RecogniserCase

ANSWER = "index table query lock page"
MORE = "commit log key value"


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Iterator[RecogniserCase]:
    with CASES[request.param]() as made:
        yield made
        made.engine.close()


@pytest.fixture
def line(case: RecogniserCase) -> Iterator[CallLine]:
    call = CallLine(case.engine)
    yield call
    call.stream.close()


def test_everything_said_is_in_the_finals_once_and_in_order(case: RecogniserCase, line: CallLine) -> None:
    line.pause(500)
    for text in (ANSWER, MORE, "split"):
        line.say(case.record(text))
    events = line.until_finished(1)
    assert texts(events) == [*ANSWER.split(), *MORE.split(), "split"]
    assert [event for event in events if isinstance(event, AllHeard)] == [AllHeard(1)]


def test_words_stand_where_they_were_said_on_the_clock_of_the_call(case: RecogniserCase) -> None:
    line = CallLine(case.engine, from_ms=41_000)
    line.pause(700)
    began_ms, ended_ms = line.say(case.record(ANSWER))
    line.pause(900)
    began_again_ms, ended_again_ms = line.say(case.record(MORE))
    found = words(line.until_finished(1))
    line.stream.close()
    first, second = found[:5], found[5:]
    slack = case.place_tolerance_ms
    assert abs(first[0].start_ms - began_ms) <= slack and abs(second[0].start_ms - began_again_ms) <= slack
    assert first[-1].end_ms <= ended_ms + slack and second[-1].end_ms <= ended_again_ms + slack
    assert all(word.start_ms < word.end_ms and 0 < word.confidence <= 1 for word in found)
    assert [word.start_ms for word in found] == sorted(word.start_ms for word in found)


def test_words_after_audio_that_was_lost_are_not_moved(case: RecogniserCase, line: CallLine) -> None:
    line.pause(500)
    line.say(case.record(ANSWER))
    line.skip(1340)
    began_ms, _ = line.say(case.record(MORE))
    found = words(line.until_finished(1))
    assert abs(found[5].start_ms - began_ms) <= case.place_tolerance_ms


def test_audio_that_comes_twice_is_heard_once(case: RecogniserCase, line: CallLine) -> None:
    line.pause(500)
    line.say(case.record(ANSWER))
    line.now -= 400 * 8
    line.pause(400)
    began_ms, _ = line.say(case.record(MORE))
    found = line.until_finished(1)
    assert texts(found) == [*ANSWER.split(), *MORE.split()]
    assert abs(words(found)[5].start_ms - began_ms) <= case.place_tolerance_ms


def test_speech_that_has_not_paused_yet_is_finished_on_request(case: RecogniserCase, line: CallLine) -> None:
    audio = case.record(ANSWER)
    line.pause(500)
    line.stream.speech_began(line.now_ms)
    line.hear(audio)
    assert texts(line.until_finished(1)) == ANSWER.split()


def test_each_request_to_finish_is_answered_exactly_once_and_in_order(case: RecogniserCase, line: CallLine) -> None:
    line.pause(300)
    line.say(case.record(ANSWER))
    for request in (3, 4, 5):
        line.stream.finish(request)
    events = [event for request in (3, 4, 5) for event in line.until_answered(request)]
    line.say(case.record(MORE))
    events += line.until_finished(6)
    assert [event.request for event in events if isinstance(event, AllHeard)] == [3, 4, 5, 6]
    assert texts(events) == [*ANSWER.split(), *MORE.split()]


def test_a_request_to_finish_is_answered_where_nothing_was_said(case: RecogniserCase, line: CallLine) -> None:
    line.pause(600)
    assert line.until_finished(1) == [AllHeard(1)]


def test_a_request_to_finish_is_answered_before_any_audio(line: CallLine) -> None:
    assert line.until_finished(1) == [AllHeard(1)]


def test_terms_may_be_set_at_any_time(case: RecogniserCase, line: CallLine) -> None:
    line.stream.set_terms(["PostgreSQL", "B-tree"])
    line.say(case.record(ANSWER))
    line.stream.set_terms([])
    line.stream.set_terms([f"a rather long technical term number {number}" for number in range(300)])
    line.say(case.record(MORE))
    assert texts(line.until_finished(1)) == [*ANSWER.split(), *MORE.split()]


def test_nothing_comes_after_close(case: RecogniserCase) -> None:
    with nothing_left_behind():
        line = CallLine(case.engine)
        line.say(case.record(ANSWER))
        line.stream.finish(1)
        line.stream.close()
        line.left()
        line.stream.close()
        line.pause(100)
        line.stream.finish(2)
        line.stream.set_terms(["late"])
    assert line.left() == []


def test_a_call_leaves_no_thread_and_no_descriptor(case: RecogniserCase) -> None:
    with nothing_left_behind():
        line = CallLine(case.engine)
        line.pause(300)
        line.say(case.record(ANSWER))
        line.until_finished(1)
        line.stream.close()


def test_a_breakdown_is_told_and_never_raised(case: RecogniserCase) -> None:
    case.break_down()
    with nothing_left_behind():
        line = CallLine(case.engine)
        line.pause(300)
        line.say(case.record(ANSWER))
        events = line.until_finished(1)
        line.stream.close()
    assert isinstance(events[-1], RecognitionFailed) and events[-1].reason
    assert not any(isinstance(event, AllHeard) for event in events)


def test_calls_at_the_same_time_do_not_hear_each_other(case: RecogniserCase) -> None:
    lines = [CallLine(case.engine, from_ms=number * 10_000) for number in range(3)]
    said = ["read write", "sort merge", "hash tree"]
    for line, text in zip(lines, said, strict=True):
        line.pause(300)
        line.say(case.record(text))
    assert [" ".join(texts(line.until_finished(1))) for line in lines] == said
    for line in lines:
        line.stream.close()


def test_listening_that_costs_is_charged_to_the_account_of_the_call(case: RecogniserCase) -> None:
    payer = CountingAccount()
    with nothing_left_behind():
        call = CallLine(case.engine, payer=payer)
        call.pause(300)
        call.say(case.record(ANSWER))
        call.until_finished(1)
        call.stream.close()
    assert bool(payer.usages) is not case.is_free
    assert all(usage.kind == "speech_to_text" and 0 < usage.audio_ms <= call.now_ms for usage in payer.usages)
