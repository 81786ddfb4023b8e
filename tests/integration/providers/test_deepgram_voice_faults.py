"""Whatever goes wrong between Deepgram and us while it speaks: told in time, and nothing is said but what was asked."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.adapters.deadline_reading import ReadingLimits
from engine.adapters.deepgram_client import Deepgram, RequestLimits
from engine.adapters.deepgram_tts import AuraVoice, DeepgramTextToSpeech
from engine.errors import UpstreamBusy, UpstreamRefused, UpstreamUnavailable
from engine.ports import UNLIMITED, Account
from tests.fakes import tone_speech
from tests.fakes.account import CountingAccount
from tests.fakes.call_line import nothing_left_behind
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.wire_faults import Fault, HalfOpen

LIMITS = ReadingLimits(first_s=0.5, next_s=0.5, whole_s=5.0)
TEXT = "index table query lock page cache thread queue"
PATH = "POST /v1/speak"


@pytest.fixture
def server() -> Iterator[DeepgramServer]:
    with DeepgramServer() as running:
        yield running


@pytest.fixture
def voice(server: DeepgramServer) -> Iterator[DeepgramTextToSpeech]:
    deepgram = account(server)
    engine = DeepgramTextToSpeech(deepgram, limits=LIMITS)
    yield engine
    engine.close()
    deepgram.close()


def account(server: DeepgramServer, *, key: str = KEY, rest_url: str | None = None) -> Deepgram:
    limits = RequestLimits(connect_s=0.5, read_s=1.0)
    return Deepgram(key, rest_url=rest_url or server.rest_url, socket_url=server.socket_url, limits=limits)


def broken(voice: DeepgramTextToSpeech, payer: Account = UNLIMITED) -> tuple[bytes, UpstreamUnavailable]:
    """The audio that came before the failure, and the failure."""
    audio = bytearray()
    with pytest.raises(UpstreamUnavailable) as caught:
        for chunk in voice.synthesise(TEXT, account=payer):
            audio += chunk
    return bytes(audio), caught.value


@pytest.mark.parametrize("stage", [0, 1, 4, "finish"])
@pytest.mark.parametrize("act", ["abort", "close", "stall"])
def test_a_break_is_told_in_time_and_what_came_before_is_true(
    server: DeepgramServer, voice: DeepgramTextToSpeech, act: str, stage: int | str
) -> None:
    server.plan(PATH, Fault(act, at=stage))  # type: ignore[arg-type]
    began_s = time.monotonic()
    audio, _ = broken(voice)
    assert time.monotonic() - began_s < LIMITS.first_s + LIMITS.next_s + 0.5
    whole = tone_speech.speak(TEXT)
    assert whole.startswith(audio)
    assert len(audio) < len(whole) or stage == "finish"
    assert b"".join(voice.synthesise(TEXT)) == whole


@pytest.mark.parametrize("act", ["wrong_kind", "empty"])
def test_an_answer_without_audio_is_a_failure(server: DeepgramServer, voice: DeepgramTextToSpeech, act: str) -> None:
    server.plan(PATH, Fault(act))  # type: ignore[arg-type]
    audio, failure = broken(voice)
    assert audio == b"" and str(failure)


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, UpstreamRefused, "DEEPGRAM_API_KEY"),
        (402, UpstreamRefused, "credit"),
        (404, UpstreamRefused, "no such voice"),
        (429, UpstreamBusy, "fewer"),
        (500, UpstreamUnavailable, "500"),
        (503, UpstreamUnavailable, "503"),
    ],
)
def test_a_refused_request_is_told_in_words_that_help(
    server: DeepgramServer,
    voice: DeepgramTextToSpeech,
    status: int,
    kind: type[UpstreamUnavailable],
    says: str,
) -> None:
    server.plan(PATH, Fault("refuse", status=status, reason="no such voice", headers={"Retry-After": "7"}))
    audio, failure = broken(voice)
    assert audio == b"" and type(failure) is kind and says in str(failure)
    if isinstance(failure, UpstreamBusy):
        assert failure.retry_after_s == 7


def test_a_wrong_key_is_refused_and_never_told(server: DeepgramServer) -> None:
    deepgram = account(server, key="another-key")
    voice = DeepgramTextToSpeech(deepgram, limits=LIMITS)
    _, failure = broken(voice)
    assert isinstance(failure, UpstreamRefused) and "another-key" not in str(failure)
    voice.close()
    deepgram.close()


@pytest.mark.parametrize("listens", [True, False], ids=["never answers", "nobody there"])
def test_an_address_without_answer_costs_the_first_deadline_and_no_more(server: DeepgramServer, listens: bool) -> None:
    silent = HalfOpen()
    if not listens:
        silent.close()
    deepgram = account(server, rest_url=f"http://{silent.address}")
    with nothing_left_behind(3.0):
        voice = DeepgramTextToSpeech(deepgram, limits=LIMITS)
        began_s = time.monotonic()
        audio, _ = broken(voice)
        assert audio == b"" and time.monotonic() - began_s < LIMITS.first_s + 0.4
        voice.close()
    deepgram.close()
    silent.close()


def test_a_slow_first_byte_within_the_deadline_is_no_failure(
    server: DeepgramServer, voice: DeepgramTextToSpeech
) -> None:
    server.plan(PATH, Fault("delay", seconds=0.2))
    assert b"".join(voice.synthesise(TEXT)) == tone_speech.speak(TEXT)


def test_speech_that_is_given_up_frees_its_reader_at_once(server: DeepgramServer) -> None:
    deepgram = account(server)
    voice = DeepgramTextToSpeech(deepgram, limits=LIMITS, workers=1)
    server.plan(PATH, Fault("stall", at=1))
    speech = voice.synthesise(TEXT)
    next(speech)
    speech.close()  # type: ignore[attr-defined]
    assert b"".join(voice.synthesise(TEXT)) == tone_speech.speak(TEXT)
    voice.close()
    deepgram.close()


def test_a_long_text_is_spoken_in_parts_and_whole(server: DeepgramServer) -> None:
    deepgram = account(server)
    payer = CountingAccount()
    voice = DeepgramTextToSpeech(deepgram)
    words = [tone_speech.WORDS[number % 30] for number in range(500)]
    text = " ".join(words)
    heard = [word for word, _, _ in tone_speech.hear(b"".join(voice.synthesise(text, account=payer)))]
    voice.close()
    deepgram.close()
    assert heard == words
    used = payer.usages
    assert len(used) == 2 and all(usage.characters <= 2000 for usage in used)
    assert sum(usage.characters for usage in used) == server.counted.characters
    assert server.counted.violations == []


def test_the_request_asks_for_the_line_s_own_audio(server: DeepgramServer) -> None:
    deepgram = account(server)
    voice = DeepgramTextToSpeech(deepgram, AuraVoice("aura-2-apollo-en"))
    b"".join(voice.synthesise("index", speed=0.75))
    ((_, query),) = server.counted.requests
    assert query == {
        "model": "aura-2-apollo-en",
        "encoding": "mulaw",
        "sample_rate": "8000",
        "container": "none",
        "speed": "0.75",
    }
    voice.close()
    deepgram.close()


def test_usage_of_a_broken_answer_is_marked_as_estimated(server: DeepgramServer) -> None:
    payer = CountingAccount()
    deepgram = account(server)
    voice = DeepgramTextToSpeech(deepgram, limits=replace(LIMITS))
    server.plan(PATH, Fault("abort", at=2))
    audio, _ = broken(voice, payer)
    b"".join(voice.synthesise(TEXT, account=payer))
    used = payer.usages
    assert [usage.is_estimated for usage in used] == ([True, False] if audio else [False])
    assert used[-1].characters == len(TEXT) and used[-1].audio_ms == len(tone_speech.speak(TEXT)) // 8
    voice.close()
    deepgram.close()
