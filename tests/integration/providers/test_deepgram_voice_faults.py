"""Whatever goes wrong between Deepgram and us while it speaks: told in time, and nothing is said but what was asked."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from engine.adapters.deadline_reading import ReadingLimits
from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_tts import aura_voice, flux_voice
from engine.adapters.socket_voice import SocketTextToSpeech
from engine.adapters.voice_connection import KeepingLimits
from engine.errors import UpstreamBusy, UpstreamRefused, UpstreamUnavailable
from engine.ports import UNLIMITED, Account
from tests.fakes import tone_speech
from tests.fakes.account import CountingAccount
from tests.fakes.call_line import nothing_left_behind
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.wire_faults import Fault, HalfOpen

LIMITS = ReadingLimits(first_s=5.0, next_s=5.0, whole_s=20.0)
SHORT = ReadingLimits(first_s=0.4, next_s=0.4, whole_s=5.0)
"""For a provider that goes silent."""
TEXT = "index table query lock page cache thread queue"
WHOLE = tone_speech.speak(TEXT)


@dataclass(frozen=True)
class Kind:
    """One kind of Deepgram's voices."""

    path: str
    build: Callable[..., SocketTextToSpeech]
    messages_before: int
    """What is sent on a new connection before the first audio."""
    second_text_at: int
    """How much is sent for TEXT, the connection's first: what comes next belongs to the second text."""


KINDS = {
    "aura": Kind("/v1/speak", aura_voice, 1, 1 + 10 + 1),
    "flux": Kind("/v2/speak", flux_voice, 3, 1 + 2 + 10 + 1),
}


@pytest.fixture
def server() -> Iterator[DeepgramServer]:
    with DeepgramServer() as running:
        yield running
        assert running.counted.violations == []


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def voice(server: DeepgramServer, kind: Kind) -> Iterator[SocketTextToSpeech]:
    deepgram = Deepgram(KEY, socket_url=server.socket_url)
    engine = kind.build(deepgram, limits=LIMITS, keeping=KeepingLimits(stop_s=0.3))
    yield engine
    engine.close()
    deepgram.close()


def broken(voice: SocketTextToSpeech, payer: Account = UNLIMITED) -> tuple[bytes, UpstreamUnavailable]:
    """The audio that came before the failure, and the failure."""
    audio = bytearray()
    with pytest.raises(UpstreamUnavailable) as caught:
        for chunk in voice.synthesise(TEXT, account=payer):
            audio += chunk
    return bytes(audio), caught.value


def spoken(voice: SocketTextToSpeech, text: str = TEXT) -> bytes:
    return b"".join(voice.synthesise(text))


@pytest.mark.parametrize("stage", ["connect", "first", "middle", "finish"])
@pytest.mark.parametrize("act", ["abort", "close", "error"])
def test_a_break_is_told_at_once_and_what_came_before_is_true(
    server: DeepgramServer, kind: Kind, voice: SocketTextToSpeech, act: str, stage: str
) -> None:
    first = kind.messages_before
    at = {"connect": 0, "first": first, "middle": first + 4, "finish": "finish"}[stage]
    server.plan(kind.path, Fault(act, at=at))  # type: ignore[arg-type]
    began_s = time.monotonic()
    audio, failure = broken(voice)
    assert time.monotonic() - began_s < LIMITS.first_s
    assert WHOLE.startswith(audio) and str(failure)
    assert len(audio) < len(WHOLE) or stage == "finish"
    assert spoken(voice) == WHOLE


@pytest.mark.parametrize("messages", [0, 3, 8, "finish"])
def test_a_voice_that_goes_silent_is_given_up_in_time_and_for_good(
    server: DeepgramServer, kind: Kind, messages: int | str
) -> None:
    deepgram = Deepgram(KEY, socket_url=server.socket_url)
    hasty, patient = (kind.build(deepgram, limits=limits) for limits in (SHORT, LIMITS))
    server.plan(kind.path, Fault("stall", at=messages))  # type: ignore[arg-type]
    audio, failure = broken(hasty)
    assert WHOLE.startswith(audio) and "in time" in str(failure)
    assert server.wait_for(lambda made: made.counted.finished == 1), "the connection was closed"
    assert spoken(patient) == WHOLE
    for voice in (hasty, patient):
        voice.close()
    deepgram.close()


def test_an_answer_without_audio_is_a_failure(server: DeepgramServer, kind: Kind, voice: SocketTextToSpeech) -> None:
    server.plan(kind.path, Fault("empty"))
    audio, failure = broken(voice)
    assert audio == b"" and "said nothing" in str(failure)


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, UpstreamRefused, "DEEPGRAM_API_KEY"),
        (402, UpstreamRefused, "credit"),
        (404, UpstreamRefused, "no such voice"),
        (429, UpstreamBusy, "fewer"),
        (500, UpstreamUnavailable, "500"),
    ],
)
def test_a_refused_connection_is_told_in_words_that_help_and_costs_nothing(
    server: DeepgramServer,
    kind: Kind,
    voice: SocketTextToSpeech,
    status: int,
    error: type[UpstreamUnavailable],
    says: str,
) -> None:
    payer = CountingAccount()
    server.plan(kind.path, Fault("refuse", status=status, reason="no such voice", headers={"Retry-After": "7"}))
    audio, failure = broken(voice, payer)
    assert audio == b"" and type(failure) is error and says in str(failure)
    assert payer.usages == []
    if isinstance(failure, UpstreamBusy):
        assert failure.retry_after_s == 7


def test_a_wrong_key_is_refused_and_never_told(server: DeepgramServer, kind: Kind) -> None:
    deepgram = Deepgram("another-key", socket_url=server.socket_url)
    _, failure = broken(kind.build(deepgram, limits=LIMITS))
    assert isinstance(failure, UpstreamRefused) and "another-key" not in str(failure)
    deepgram.close()


@pytest.mark.parametrize("listens", [True, False], ids=["never answers", "nobody there"])
def test_an_address_without_answer_costs_the_first_deadline_and_no_more(listens: bool) -> None:
    silent = HalfOpen()
    if not listens:
        silent.close()
    deepgram = Deepgram(KEY, socket_url=f"ws://{silent.address}")
    with nothing_left_behind(3.0):
        voice = aura_voice(deepgram, limits=SHORT)
        began_s = time.monotonic()
        audio, _ = broken(voice)
        assert audio == b"" and time.monotonic() - began_s < LIMITS.first_s
        voice.close()
        silent.close()
    deepgram.close()


def test_connections_are_kept_from_text_to_text_and_leave_nothing_behind(server: DeepgramServer, kind: Kind) -> None:
    deepgram = Deepgram(KEY, socket_url=server.socket_url)
    with nothing_left_behind():
        voice = kind.build(deepgram)
        for text in ("index", "table query", "lock"):
            assert spoken(voice, text) == tone_speech.speak(text)
        assert len(server.counted.requests) == 1
        voice.close()
    deepgram.close()


def test_a_connection_that_nobody_uses_is_closed_after_a_while(server: DeepgramServer, kind: Kind) -> None:
    deepgram = Deepgram(KEY, socket_url=server.socket_url)
    voice = kind.build(deepgram, keeping=KeepingLimits(idle_s=0.05))
    spoken(voice, "index")
    assert server.wait_for(lambda made: made.counted.finished == 1)
    assert spoken(voice, "table") == tone_speech.speak("table")
    voice.close()
    deepgram.close()


def test_a_connection_can_be_made_ahead(server: DeepgramServer, kind: Kind, voice: SocketTextToSpeech) -> None:
    voice.connect_ahead()
    assert server.wait_for(lambda made: len(made.counted.requests) == 1)
    voice.connect_ahead()
    assert spoken(voice) == WHOLE
    assert len(server.counted.requests) == 1


def test_a_kept_connection_that_breaks_before_the_next_text_is_no_failure(
    server: DeepgramServer, kind: Kind, voice: SocketTextToSpeech
) -> None:
    server.plan(kind.path, Fault("abort", at=kind.second_text_at))
    assert spoken(voice) == WHOLE
    assert spoken(voice) == WHOLE
    assert len(server.counted.requests) == 2


def test_a_text_that_is_given_up_is_never_heard_with_the_next(
    server: DeepgramServer, kind: Kind, voice: SocketTextToSpeech
) -> None:
    server.plan(kind.path, Fault("late_audio"))
    server.first_byte_s = 0.02
    payer = CountingAccount()
    speech = voice.synthesise(TEXT, account=payer)
    next(speech)
    speech.close()  # type: ignore[attr-defined]
    assert spoken(voice, "split") == tone_speech.speak("split")
    (given_up,) = payer.usages
    assert given_up.is_estimated and given_up.characters == len(TEXT)


def test_a_stop_that_is_not_confirmed_costs_the_connection_and_nobody_waits_for_it(
    server: DeepgramServer, kind: Kind, voice: SocketTextToSpeech
) -> None:
    server.plan(kind.path, Fault("stall", at=kind.messages_before + 1))
    speech = voice.synthesise(TEXT)
    next(speech)
    speech.close()  # type: ignore[attr-defined]
    began_s = time.monotonic()
    assert spoken(voice) == WHOLE
    assert time.monotonic() - began_s < LIMITS.first_s
    assert server.wait_for(lambda made: made.counted.finished == 1), "it was closed"


def test_more_texts_than_a_connection_takes_in_a_minute_go_over_another(server: DeepgramServer) -> None:
    deepgram = Deepgram(KEY, socket_url=server.socket_url)
    voice = aura_voice(deepgram)
    for _ in range(21):
        assert spoken(voice, "index") == tone_speech.speak("index")
    assert len(server.counted.requests) == 2
    voice.close()
    deepgram.close()


def test_a_slow_first_byte_within_the_deadline_is_no_failure(server: DeepgramServer, voice: SocketTextToSpeech) -> None:
    server.first_byte_s = 0.2
    assert spoken(voice) == WHOLE


def test_a_long_text_is_spoken_in_parts_and_whole(server: DeepgramServer, voice: SocketTextToSpeech) -> None:
    payer = CountingAccount()
    words = [tone_speech.WORDS[number % 30] for number in range(500)]
    audio = b"".join(voice.synthesise(" ".join(words), account=payer))
    assert [word for word, _, _ in tone_speech.hear(audio)] == words
    used = payer.usages
    assert len(used) == 2 and all(usage.characters <= 2000 for usage in used)
    assert sum(usage.characters for usage in used) == server.counted.characters


@pytest.mark.parametrize(("build", "model"), [(aura_voice, "aura-2-apollo-en"), (flux_voice, "flux-alexis-en")])
def test_the_request_asks_for_the_line_s_own_audio(
    server: DeepgramServer, build: Callable[..., SocketTextToSpeech], model: str
) -> None:
    deepgram = Deepgram(KEY, socket_url=server.socket_url)
    voice = build(deepgram, model)
    b"".join(voice.synthesise("index", speed=0.77))
    ((_, query),) = server.counted.requests
    assert query == {"model": model, "encoding": "mulaw", "sample_rate": "8000", "speed": "0.75"}
    voice.close()
    deepgram.close()


def test_usage_of_a_broken_answer_is_marked_as_estimated(
    server: DeepgramServer, kind: Kind, voice: SocketTextToSpeech
) -> None:
    payer = CountingAccount()
    server.plan(kind.path, Fault("abort", at=kind.messages_before + 2))
    broken(voice, payer)
    b"".join(voice.synthesise(TEXT, account=payer))
    used = payer.usages
    assert [usage.is_estimated for usage in used] == [True, False]
    assert used[-1].characters == len(TEXT) and used[-1].audio_ms == len(WHOLE) // 8
