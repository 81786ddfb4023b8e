from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.adapters.speech_cache import BUNDLED_PHRASES, CachedTextToSpeech, CacheLimits, bundled_phrase
from engine.audio import levels, mulaw
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, Usage
from tests.fakes.account import CountingAccount


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


def cached(
    folder: Path, inner: ScriptedTextToSpeech, *, version: str = "1", clock: Clock | None = None, **limits: float
) -> CachedTextToSpeech:
    return CachedTextToSpeech(
        inner,
        folder,
        version=version,
        limits=CacheLimits(**limits),
        now=clock or Clock(),  # type: ignore[arg-type]
    )


def say(voice: CachedTextToSpeech, text: str, speed: float = 1.0) -> bytes:
    return b"".join(voice.synthesise(text, speed=speed))


def test_a_phrase_is_synthesised_once(tmp_path: Path) -> None:
    inner = ScriptedTextToSpeech()
    voice = cached(tmp_path, inner)
    assert say(voice, "hello there") == say(voice, "hello there")
    assert inner.spoken == ["hello there"]
    assert (voice.hits, voice.misses) == (1, 1)


class CostlyVoice(ScriptedTextToSpeech):
    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        account.spent(Usage("costly", "voice-1", "text_to_speech", characters=len(text)))
        return super().synthesise(text, speed=speed)


def test_only_what_the_voice_is_asked_for_costs_something(tmp_path: Path) -> None:
    payer = CountingAccount()
    voice = cached(tmp_path, CostlyVoice())
    for text in ("hello there", "hello there", "goodbye"):
        b"".join(voice.synthesise(text, account=payer))
    assert [usage.characters for usage in payer.usages] == [11, 7]


def test_speed_and_text_make_another_phrase(tmp_path: Path) -> None:
    inner = ScriptedTextToSpeech()
    voice = cached(tmp_path, inner)
    assert len({say(voice, "hello there"), say(voice, "hello there", 1.5), say(voice, "hello you")}) == 3
    assert len(inner.spoken) == 3


def test_fixed_phrases_outlive_the_process_and_others_never_touch_the_disk(tmp_path: Path) -> None:
    first = cached(tmp_path, ScriptedTextToSpeech())
    assert first.warm(["tell me more", "tell me more"]) == 1
    say(first, "hello Maria")
    assert len(list(tmp_path.iterdir())) == 1
    inner = ScriptedTextToSpeech()
    second = cached(tmp_path, inner)
    second.warm(["tell me more"])
    say(second, "tell me more")
    say(second, "hello Maria")
    assert inner.spoken == ["hello Maria"]


def test_another_version_of_the_voice_is_spoken_anew(tmp_path: Path) -> None:
    cached(tmp_path, ScriptedTextToSpeech()).warm(["tell me more"])
    inner = ScriptedTextToSpeech()
    cached(tmp_path, inner, version="2").warm(["tell me more"])
    assert inner.spoken == ["tell me more"]


def test_a_phrase_on_disk_expires(tmp_path: Path) -> None:
    clock = Clock()
    cached(tmp_path, ScriptedTextToSpeech(), clock=clock, lifetime_s=100).warm(["tell me more"])
    clock.seconds += 90
    kept, renewed = ScriptedTextToSpeech(), ScriptedTextToSpeech()
    cached(tmp_path, kept, clock=clock, lifetime_s=100).warm(["tell me more"])
    clock.seconds += 11
    cached(tmp_path, renewed, clock=clock, lifetime_s=100).warm(["tell me more"])
    assert (kept.spoken, renewed.spoken) == ([], ["tell me more"])


def test_the_disk_holds_no_more_than_its_limit_and_loses_the_longest_unused_first(tmp_path: Path) -> None:
    clock = Clock()
    voice = cached(tmp_path, ScriptedTextToSpeech(), clock=clock, disk_bytes=1000, memory_bytes=0)
    for text in ("one", "two", "one", "three"):
        clock.seconds += 1
        voice.warm([text])
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1000
    inner = ScriptedTextToSpeech()
    later = cached(tmp_path, inner, clock=clock, disk_bytes=1000)
    later.warm(["one", "three"])
    assert inner.spoken == []


def test_memory_holds_no_more_than_its_limit(tmp_path: Path) -> None:
    inner = ScriptedTextToSpeech()
    voice = cached(tmp_path, inner, memory_bytes=1000)
    for text in ("one", "two", "three", "three", "one"):
        say(voice, text)
    assert inner.spoken == ["one", "two", "three", "one"]


def test_what_fails_or_is_broken_off_is_not_kept(tmp_path: Path) -> None:
    broken = True
    inner = ScriptedTextToSpeech(ms_per_word=2000, fails=lambda _text: broken)
    voice = cached(tmp_path, inner)
    assert voice.warm(["one"]) == 0
    with pytest.raises(UpstreamUnavailable):
        say(voice, "one")
    broken = False
    partly: Iterator[bytes] = voice.synthesise("one")
    started = next(partly)
    del partly
    assert started != say(voice, "one")
    assert list(tmp_path.glob("*.ulaw")) and not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("name", BUNDLED_PHRASES)
def test_the_bundled_phrases_are_audible_speech_of_a_few_seconds(name: str) -> None:
    audio = bundled_phrase(name)
    assert 1 <= len(audio) / 8000 <= 10
    assert -35 < levels.rms_dbfs(mulaw.decode(audio)) < -12


def test_an_unknown_phrase_is_an_error() -> None:
    with pytest.raises(KeyError):
        bundled_phrase("joke")
