"""A chain of recognisers: no word lost, none doubled, and a failure only where the whole chain has failed."""

import threading
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.provider_health import MOST_FAILURES, ProviderHealth
from engine.adapters.recogniser_links import ChainLimits, RecogniserLink
from engine.adapters.speech_chain import ChainedSpeechToText
from engine.errors import UpstreamRefused, UpstreamUnavailable
from engine.ports import AllHeard, EngineSwitched, RecognitionFailed
from tests.fakes import tone_speech
from tests.fakes.account import CountingAccount
from tests.fakes.call_line import CallLine, nothing_left_behind, texts
from tests.fakes.tone_recogniser import ToneSpeechToText

ANSWERS = ("index table query lock", "page cache", "thread queue stack heap graph")
SAID = " ".join(ANSWERS).split()


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def chain(*engines, clock=None, paid=(), limits=None, start=lambda work: work(), **patience_with_first):
    clock = clock or Clock()
    links = []
    for number, engine in enumerate(engines):
        health = ProviderHealth(engine.name, clock=clock)
        patience = patience_with_first if number == 0 else {}
        links.append(RecogniserLink(engine, health, is_paid=engine.name in paid, **patience))
    made = ChainedSpeechToText(links, clock=clock, start=start, limits=limits)
    made.health = [link.health for link in links]
    return made


def interview(line: CallLine) -> list:
    """Three stretches of one answer, with a request to finish after the last."""
    line.pause(600)
    for text in ANSWERS:
        line.say(tone_speech.speak(text))
    return line.until_finished(1)


def switches(events) -> list[tuple[str, str]]:
    return [(event.from_engine, event.to_engine) for event in events if isinstance(event, EngineSwitched)]


@pytest.mark.parametrize(
    "step", [("open", 1), ("send", 1), ("send", 60), ("began", 1), ("began", 2), ("paused", 1), ("paused", 3),
             ("heard", 1), ("heard", 2), ("heard", 3), ("finish", 1)],
    ids=lambda step: f"{step[0]} {step[1]}",
)  # fmt: skip
def test_whenever_the_first_engine_breaks_every_word_is_heard_once(step):
    line = CallLine(chain(ToneSpeechToText("a", [(*step, "fail")]), ToneSpeechToText("b")))
    events = interview(line)
    assert texts(events) == SAID
    assert events[-1] == AllHeard(1)
    assert switches(events) == [("a", "b")]


def test_an_engine_that_falls_silent_in_speech_is_left_and_nothing_is_lost():
    first = ToneSpeechToText("a", [("send", 40, "mute")])
    line = CallLine(chain(first, ToneSpeechToText("b"), stall_ms=1000))
    events = interview(line)
    assert texts(events) == SAID and switches(events) == [("a", "b")]


def test_an_engine_that_never_answers_the_request_to_finish_is_left_in_time():
    clock = Clock()
    line = CallLine(chain(ToneSpeechToText("a", [("paused", 3, "mute")]), ToneSpeechToText("b"), clock=clock))
    line.pause(600)
    for text in ANSWERS:
        line.say(tone_speech.speak(text))
    line.stream.finish(1)
    line.pause(20)
    events = line.left()
    assert AllHeard(1) not in events
    clock.now_s += 2.5
    line.pause(20)
    events += line.left()
    assert texts(events) == SAID and events[-1] == AllHeard(1)


def test_what_the_old_engine_says_late_is_not_heard():
    first = ToneSpeechToText("a", [("paused", 1, "fail")])
    line = CallLine(chain(first, ToneSpeechToText("b")))
    events = interview(line)
    first.streams[0].late("doubled")
    assert first.streams[0].is_closed
    assert texts(events + line.left()) == SAID


def test_the_core_is_told_only_when_the_whole_chain_has_failed():
    broken = [ToneSpeechToText(name, [("paused", 1, "fail")]) for name in "abc"]
    line = CallLine(chain(*broken))
    events = interview(line)
    assert switches(events) == [("a", "b"), ("b", "c")]
    assert events[-1] == RecognitionFailed("c broke at paused") and texts(events) == []
    line.stream.finish(2)
    line.pause(100)
    assert line.left() == []


def test_a_chain_that_cannot_begin_says_so_at_once():
    with pytest.raises(UpstreamUnavailable, match="b is down"):
        chain(*(ToneSpeechToText(name, [("open", 1, "fail")]) for name in "ab")).open(print)


def test_the_terms_and_open_requests_go_with_the_call():
    second = ToneSpeechToText("b")
    line = CallLine(chain(ToneSpeechToText("a", [("finish", 2, "fail")]), second))
    line.stream.set_terms(["PostgreSQL"])
    line.say(tone_speech.speak("index"))
    line.until_finished(1)
    line.stream.speech_began(line.now_ms)
    line.hear(tone_speech.speak("table query"))
    for request in (2, 3):
        line.stream.finish(request)
    events = line.left()
    assert texts(events) == ["table", "query"]
    assert [event for event in events if isinstance(event, AllHeard)] == [AllHeard(2), AllHeard(3)]
    assert second.streams[0].terms == ("PostgreSQL",)


def test_an_engine_that_rests_is_passed_over_and_that_is_told():
    engine = chain(ToneSpeechToText("a"), ToneSpeechToText("b"))
    engine.health[0].failed("the key is not valid", UpstreamRefused("the key is not valid"))
    line = CallLine(engine)
    events = interview(line)
    (switched,) = [event for event in events if isinstance(event, EngineSwitched)]
    assert (switched.to_engine, switched.reason) == ("b", "the key is not valid")
    assert texts(events) == SAID


def test_the_last_engine_is_asked_even_while_it_rests():
    engine = chain(ToneSpeechToText("a"), ToneSpeechToText("b"))
    for health in engine.health:
        for _ in range(MOST_FAILURES):
            health.failed("down")
    line = CallLine(engine)
    assert texts(interview(line)) == SAID


def test_a_refusal_keeps_later_calls_off_the_engine_until_it_has_rested():
    clock, first = Clock(), ToneSpeechToText("a", [("open", number, "fail") for number in range(1, MOST_FAILURES + 1)])
    engine = chain(first, ToneSpeechToText("b"), clock=clock)
    for _ in range(MOST_FAILURES + 3):
        engine.open(lambda event: None).close()
    assert first.counts["open"] == MOST_FAILURES
    clock.now_s += 30
    line = CallLine(engine)
    assert texts(interview(line)) == SAID and first.streams


def test_a_better_engine_is_tried_again_while_nobody_speaks():
    clock, first, second = Clock(), ToneSpeechToText("a", [("paused", 1, "fail")]), ToneSpeechToText("b")
    line = CallLine(chain(first, second, clock=clock))
    events = interview(line)
    clock.now_s += 31
    line.stream.speech_began(line.now_ms)
    line.stream.set_terms(["x"])
    line.stream.speech_paused(line.now_ms)
    assert line.left()[1:] == [], "somebody speaks"
    line.until_finished(2)
    line.stream.set_terms(["x"])
    line.say(tone_speech.speak("index"))
    events = line.until_finished(3)
    assert switches(events) == [("b", "a")] and texts(events) == ["index"]


def test_a_better_engine_that_fails_again_costs_nothing():
    clock, second = Clock(), ToneSpeechToText("b")
    line = CallLine(chain(ToneSpeechToText("a", [("paused", 1, "fail"), ("open", 2, "fail")]), second, clock=clock))
    interview(line)
    clock.now_s += 31
    line.stream.set_terms(["x"])
    line.say(tone_speech.speak("index"))
    assert texts(line.until_finished(2)) == ["index"]


def test_an_interview_that_has_spent_its_money_goes_on_with_a_free_engine():
    account, paid, free = CountingAccount(), ToneSpeechToText("a"), ToneSpeechToText("b")
    line = CallLine(chain(paid, free, paid=("a",)), payer=account)
    line.say(tone_speech.speak("index"))
    account.has_money = False
    line.say(tone_speech.speak("table query"))
    events = line.until_finished(1)
    assert texts(events) == ["index", "table", "query"]
    assert switches(events) == [("a", "b")]
    assert CallLine(chain(paid, free, paid=("a",)), payer=account).left()[0].to_engine == "b"


def test_without_a_free_engine_the_interview_is_not_ended_over_money():
    account = CountingAccount()
    account.has_money = False
    line = CallLine(chain(ToneSpeechToText("a"), paid=("a",)), payer=account)
    assert texts(interview(line)) == SAID


def test_audio_beyond_the_buffer_is_counted_and_stated():
    line = CallLine(
        chain(ToneSpeechToText("a", [("paused", 1, "fail")]), ToneSpeechToText("b"), limits=ChainLimits(buffer_s=1.0))
    )
    line.say(tone_speech.speak("index table query lock page cache"))
    events = line.until_finished(1)
    (switched,) = [event for event in events if isinstance(event, EngineSwitched)]
    heard = texts(events)
    assert heard == ["index", "table", "query", "lock", "page", "cache"][-len(heard) :]
    assert 300 <= switched.lost_ms <= 1500


def test_audio_that_comes_during_a_switch_reaches_the_next_engine_once():
    waiting: deque = deque()
    line = CallLine(chain(ToneSpeechToText("a", [("paused", 1, "fail")]), ToneSpeechToText("b"), start=waiting.append))
    line.say(tone_speech.speak(ANSWERS[0]))
    line.stream.speech_began(line.now_ms)
    line.hear(tone_speech.speak(ANSWERS[1]))
    waiting.popleft()()
    line.hear(tone_speech.speak(ANSWERS[2]))
    assert texts(line.until_finished(1)) == SAID


def test_a_call_that_is_closed_during_a_switch_leaves_nothing_open():
    waiting: deque = deque()
    second = ToneSpeechToText("b")
    line = CallLine(chain(ToneSpeechToText("a", [("paused", 1, "fail")]), second, start=waiting.append))
    line.say(tone_speech.speak("index"))
    line.stream.close()
    line.left()
    waiting.popleft()()
    assert all(stream.is_closed for stream in second.streams) and line.left() == []


def test_a_switch_on_its_own_thread_ends_with_that_thread():
    def on_a_thread(work):
        threading.Thread(target=work, name="switch").start()

    with nothing_left_behind():
        line = CallLine(chain(ToneSpeechToText("a", [("heard", 2, "fail")]), ToneSpeechToText("b"), start=on_a_thread))
        assert texts(interview(line)) == SAID
        line.stream.close()


STEPS = st.sampled_from(["open", "send", "began", "paused", "heard", "finish"])
BREAKS = st.lists(st.tuples(STEPS, st.integers(1, 4), st.just("fail")), max_size=4)


@settings(max_examples=60, deadline=None)
@given(
    first=BREAKS,
    second=BREAKS,
    words=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    gap_ms=st.integers(400, 3000),
)
def test_whatever_breaks_and_when_no_word_is_lost_or_doubled(first, second, words, gap_ms):
    line = CallLine(chain(ToneSpeechToText("a", first), ToneSpeechToText("b", second), ToneSpeechToText("c")))
    said = []
    for number, count in enumerate(words):
        text = [tone_speech.WORDS[(number * 5 + index) % len(tone_speech.WORDS)] for index in range(count)]
        line.say(tone_speech.speak(" ".join(text)), then_ms=gap_ms)
        said += text
    events = line.until_finished(1)
    assert texts(events) == said
    assert not any(isinstance(event, RecognitionFailed) for event in events)
