"""What engine.ports promises of every voice, whoever provides it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.errors import UpstreamUnavailable
from tests.fakes.account import CountingAccount
from tests.integration.providers.voice_cases import CASES, VoiceCase

TEXT = "index table query lock page"


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Iterator[VoiceCase]:
    with CASES[request.param]() as made:
        yield made
        made.engine.close()


def spoken(case: VoiceCase, text: str) -> bytes:
    return b"".join(case.engine.synthesise(text))


def test_a_text_becomes_audio_of_the_line_and_says_all_of_it(case: VoiceCase) -> None:
    chunks = list(case.engine.synthesise(TEXT))
    assert chunks and all(isinstance(chunk, bytes) and chunk for chunk in chunks)
    assert case.understands(b"".join(chunks)) in {None, TEXT}


def test_code_and_signs_are_said_as_words_and_signs_alone_are_silence(case: VoiceCase) -> None:
    assert case.understands(spoken(case, "`index_table` (query)")) in {None, "index table query"}
    assert case.understands(spoken(case, "( )")) in {None, ""}


def test_the_same_text_has_the_same_length_each_time_and_a_longer_one_is_longer(case: VoiceCase) -> None:
    assert len(spoken(case, TEXT)) == len(spoken(case, TEXT)) < len(spoken(case, f"{TEXT} commit log key"))


def test_nothing_is_asked_for_before_the_first_chunk_is_wanted(case: VoiceCase) -> None:
    case.break_down()
    never_started = case.engine.synthesise(TEXT)
    with pytest.raises(UpstreamUnavailable):
        next(never_started)


def test_a_breakdown_has_a_message(case: VoiceCase) -> None:
    case.break_down()
    with pytest.raises(UpstreamUnavailable) as caught:
        spoken(case, TEXT)
    assert str(caught.value)


def test_speech_that_is_given_up_does_not_come_with_the_next(case: VoiceCase) -> None:
    given_up = case.engine.synthesise(f"{TEXT} {TEXT} {TEXT}")
    next(given_up)
    given_up.close()  # type: ignore[attr-defined]
    assert case.understands(spoken(case, "split")) in {None, "split"}


def test_texts_spoken_at_the_same_time_are_not_mixed_up(case: VoiceCase) -> None:
    texts = [TEXT, "read write", "hash tree node", "commit log"]
    alone = [spoken(case, text) for text in texts]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda text: spoken(case, text), texts)) == alone


@pytest.mark.parametrize("speed", [0.75, 1.0, 1.5])
def test_every_speed_of_the_port_is_spoken(case: VoiceCase, speed: float) -> None:
    assert b"".join(case.engine.synthesise(TEXT, speed=speed))


def test_speech_that_costs_is_charged_to_the_account_given_with_the_text(case: VoiceCase) -> None:
    payer = CountingAccount()
    audio = b"".join(case.engine.synthesise(TEXT, account=payer))
    spoken(case, TEXT)
    if case.is_free:
        assert payer.usages == []
    else:
        (used,) = payer.usages
        assert (used.kind, used.characters) == ("text_to_speech", len(TEXT))
        assert abs(used.audio_ms - len(audio) // 8) <= 1
