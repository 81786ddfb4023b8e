"""Whatever goes wrong between Deepgram and us while it listens: told in time, and no word invented or doubled."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_flux import FluxSpeechToText
from engine.adapters.deepgram_stt import DeepgramSpeechToText
from engine.adapters.listen_dialect import RecognitionLimits
from engine.ports import AllHeard, RecognitionEvent, RecognitionFailed, SpeechToText
from tests.fakes import tone_speech
from tests.fakes.account import CountingAccount
from tests.fakes.call_line import CallLine, nothing_left_behind, texts, words
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.wire_faults import Fault, HalfOpen

LIMITS = RecognitionLimits(connect_s=1.0, finish_s=0.5, stall_s=3.0)
PATIENT = RecognitionLimits(connect_s=5.0, finish_s=5.0, stall_s=10.0)
"""Where nothing is to fail, a busy machine must not make it."""
ANSWERS = ("index table query", "lock page cache thread", "queue stack")
SAID = " ".join(ANSWERS).split()
ADAPTERS: dict[str, tuple[str, Callable[..., SpeechToText]]] = {
    "nova": ("/v1/listen", DeepgramSpeechToText),
    "flux": ("/v2/listen", FluxSpeechToText),
}
FATAL = [
    Fault("abort"),
    Fault("close", code=1011, reason="NET-0000"),
    Fault("close", code=1000),
    Fault("malformed"),
    Fault("wrong_types"),
    Fault("error"),
    Fault("stall"),
    Fault("freeze"),
]
HARMLESS = [Fault("unknown"), Fault("duplicate"), Fault("delay", seconds=0.15)]
STAGES: list[int | str] = [0, 1, 4, "finish"]


@pytest.fixture
def server() -> Iterator[DeepgramServer]:
    with DeepgramServer() as running:
        yield running


@pytest.fixture(params=sorted(ADAPTERS))
def adapter(request: pytest.FixtureRequest) -> tuple[str, Callable[..., SpeechToText]]:
    return ADAPTERS[request.param]


def account(server: DeepgramServer, *, key: str = KEY, socket_url: str | None = None) -> Deepgram:
    return Deepgram(key, socket_url=socket_url or server.socket_url)


def interview(line: CallLine) -> list[RecognitionEvent]:
    """Three answers, the last of which has not paused yet when it is to be finished."""
    line.pause(300)
    for answer in ANSWERS[:-1]:
        line.say(tone_speech.speak(answer))
    line.stream.speech_began(line.now_ms)
    line.hear(tone_speech.speak(ANSWERS[-1]))
    return line.until_finished(1)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("fault", FATAL, ids=lambda fault: f"{fault.act}-{fault.code}")
def test_a_break_is_told_in_time_and_what_was_heard_stays_true(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]], fault: Fault, stage: int | str
) -> None:
    path, build = adapter
    server.plan(path, replace(fault, at=stage))  # type: ignore[arg-type]
    line = CallLine(build(account(server), limits=LIMITS))
    began_s = time.monotonic()
    events = interview(line)
    line.stream.close()
    assert isinstance(events[-1], RecognitionFailed) and events[-1].reason
    assert SAID[: len(texts(events))] == texts(events)
    assert not any(isinstance(event, AllHeard) for event in events)
    assert time.monotonic() - began_s < LIMITS.connect_s + LIMITS.finish_s + 1.5
    assert line.left() == []


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("fault", HARMLESS, ids=lambda fault: fault.act)
def test_what_does_no_harm_costs_no_word_and_doubles_none(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]], fault: Fault, stage: int | str
) -> None:
    path, build = adapter
    server.plan(path, replace(fault, at=stage))  # type: ignore[arg-type]
    with nothing_left_behind():
        line = CallLine(build(account(server), limits=PATIENT))
        events = interview(line)
        line.stream.close()
    assert texts(events) == SAID
    assert events[-1] == AllHeard(1)


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "DEEPGRAM_API_KEY"), (402, "credit"), (400, "did not accept"), (429, "fewer"), (503, "503")],
)
def test_a_refused_connection_is_told_in_words_that_help(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]], status: int, says: str
) -> None:
    path, build = adapter
    server.plan(path, Fault("refuse", status=status, reason="so it is", headers={"Retry-After": "3"}))
    with nothing_left_behind():
        line = CallLine(build(account(server), limits=LIMITS))
        events = interview(line)
        line.stream.close()
    assert [type(event) for event in events] == [RecognitionFailed]
    assert says in events[0].reason  # type: ignore[union-attr]


def test_a_wrong_key_is_refused_and_never_told(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    line = CallLine(adapter[1](account(server, key="another-key"), limits=LIMITS))
    (failed,) = line.until_finished(1)
    assert isinstance(failed, RecognitionFailed)
    assert "DEEPGRAM_API_KEY" in failed.reason and "another-key" not in failed.reason


def test_an_address_where_nobody_listens_is_told(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    gone = HalfOpen()
    gone.close()
    line = CallLine(adapter[1](account(server, socket_url=f"ws://{gone.address}"), limits=LIMITS))
    (failed,) = line.until_finished(1)
    assert isinstance(failed, RecognitionFailed) and "reached" in failed.reason


def test_an_address_that_never_answers_costs_the_connection_deadline_and_no_more(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    silent = HalfOpen()
    engine = adapter[1](account(server, socket_url=f"ws://{silent.address}"), limits=LIMITS)
    began_s = time.monotonic()
    line = CallLine(engine)
    (failed,) = line.until_finished(1)
    assert LIMITS.connect_s <= time.monotonic() - began_s < LIMITS.connect_s + 0.5
    assert isinstance(failed, RecognitionFailed) and "1 s" in failed.reason
    line.stream.close()
    silent.close()


def test_audio_is_kept_while_the_connection_is_being_made(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    path, build = adapter
    server.faults.hold_handshake(path, 0.4)
    line = CallLine(build(account(server), limits=LIMITS))
    assert texts(interview(line)) == SAID
    line.stream.close()


def test_more_audio_than_can_wait_is_a_failure_and_counted(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    silent = HalfOpen()
    engine = adapter[1](
        account(server, socket_url=f"ws://{silent.address}"), limits=replace(LIMITS, connect_s=5.0, buffer_s=1.0)
    )
    line = CallLine(engine)
    line.pause(1200)
    (failed,) = line.until_finished(1)
    assert isinstance(failed, RecognitionFailed) and "slowly" in failed.reason
    assert line.stream.dropped_ms == 20  # type: ignore[attr-defined]
    silent.close()
    line.stream.close()


def test_speech_of_which_nothing_is_said_for_long_is_a_stall(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    path, build = adapter
    server.plan(path, Fault("stall"))
    line = CallLine(build(account(server), limits=LIMITS))
    line.stream.speech_began(0)
    line.hear(tone_speech.speak("index " * 14))
    failed = line.events.get(timeout=5)
    assert isinstance(failed, RecognitionFailed) and "3 s of speech" in failed.reason
    line.stream.close()


def test_a_failure_is_told_once_whatever_is_asked_afterwards(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    path, build = adapter
    server.plan(path, Fault("refuse", status=500))
    with nothing_left_behind():
        line = CallLine(build(account(server), limits=LIMITS))
        line.until_finished(1)
        line.stream.finish(2)
        line.pause(100)
        line.stream.set_terms(["late"])
        line.stream.close()
    assert line.left() == []


def test_a_quiet_line_stays_open(adapter: tuple[str, Callable[..., SpeechToText]]) -> None:
    with DeepgramServer(idle_s=0.5) as server:
        line = CallLine(adapter[1](account(server), limits=replace(LIMITS, keep_alive_s=0.1)))
        line.say(tone_speech.speak(ANSWERS[0]))
        assert texts(line.until_finished(1)) == ANSWERS[0].split()
        kept = server.listening[0]
        before = kept.stream.received

        def has_been_kept(_: DeepgramServer) -> bool:
            return kept.received.count("KeepAlive") >= 8 or kept.stream.received - before >= 8 * 800

        assert server.wait_for(has_been_kept)
        line.skip(1000)
        began_ms, _ = line.say(tone_speech.speak(ANSWERS[1]))
        events = line.until_finished(2)
        assert texts(events) == ANSWERS[1].split()
        assert abs(words(events)[0].start_ms - began_ms) <= 60
        line.stream.close()
        assert server.counted.violations == []


def test_a_quiet_line_that_is_not_kept_open_is_closed_and_the_reason_told(
    adapter: tuple[str, Callable[..., SpeechToText]],
) -> None:
    with DeepgramServer(idle_s=0.3) as server:
        line = CallLine(adapter[1](account(server), limits=replace(LIMITS, keep_alive_s=9.0)))
        failed = line.events.get(timeout=5)
        assert isinstance(failed, RecognitionFailed) and "NET-0001" in failed.reason
        line.stream.close()


def test_the_terms_reach_the_engine_in_the_middle_of_the_call(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    line = CallLine(adapter[1](account(server), limits=LIMITS))
    line.stream.set_terms(["PostgreSQL", " B-tree ", "PostgreSQL", ""])
    line.say(tone_speech.speak(ANSWERS[0]))
    line.until_finished(1)
    assert server.listening[0].terms == ["PostgreSQL", "B-tree"]
    line.stream.set_terms([])
    line.until_finished(2)
    assert server.wait_for(lambda _: server.listening[0].terms == [])
    line.stream.close()
    assert server.counted.violations == []


def test_usage_is_what_the_engine_counted(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    payer = CountingAccount()
    line = CallLine(adapter[1](account(server), limits=LIMITS), payer=payer)
    interview(line)
    line.stream.close()
    assert server.wait_for(lambda _: server.counted.finished == 1 and bool(payer.usages))
    assert [usage.audio_ms for usage in payer.usages] == [server.counted.audio_bytes // 8]
    assert not payer.usages[0].is_estimated


def test_the_line_of_a_call_goes_out_as_it_came(
    server: DeepgramServer, adapter: tuple[str, Callable[..., SpeechToText]]
) -> None:
    path, build = adapter
    line = CallLine(build(account(server), limits=LIMITS))
    line.until_finished(1)
    line.stream.close()
    ((asked, query),) = server.counted.requests
    assert asked == path and query["encoding"] == "mulaw" and query["sample_rate"] == "8000"
