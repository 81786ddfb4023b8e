"""A chain of voices: somebody speaks in time, nobody speaks twice at once, and a call does not change voices idly."""

import threading
from collections.abc import Iterator

import pytest

from engine.adapters.provider_health import MOST_FAILURES, ProviderHealth
from engine.adapters.voice_chain import ChainedTextToSpeech, VoiceChain, VoiceLink
from engine.adapters.voice_race import VoiceLimits
from engine.adapters.watched_voice import LATE_S, WatchedTextToSpeech
from engine.errors import UpstreamRefused, UpstreamUnavailable
from engine.ports import UNLIMITED
from tests.fakes.account import CountingAccount

QUICK = VoiceLimits(hedge_s=0.05, first_s=0.4, again_s=0.4, next_s=0.1, last_s=0.4)


class Voice:
    """Says each word as one chunk of its own letter; `act` tells what happens before which chunk."""

    def __init__(self, letter: str, act: str = "", at: int = 0) -> None:
        self.name, self.act, self.at = letter, act, at
        self.asked: list[str] = []
        self.may_go_on = threading.Event()
        self.closed = threading.Event()

    def synthesise(self, text: str, *, speed: float = 1.0, account=UNLIMITED) -> Iterator[bytes]:
        self.asked.append(text)
        try:
            for number, _ in enumerate(text.split()):
                if number == self.at and self.act == "fail":
                    raise UpstreamUnavailable(f"{self.name} is down")
                if number == self.at and self.act == "refuse":
                    raise UpstreamRefused(f"{self.name} does not like the key")
                if number == self.at and self.act == "wait":
                    self.may_go_on.wait(5)
                yield self.name.encode()
        finally:
            self.closed.set()

    def close(self) -> None:
        """Nothing is held."""


def chain(*voices, limits=QUICK, paid=(), clock=None) -> ChainedTextToSpeech:
    links = tuple(VoiceLink(voice, is_paid=voice.name in paid) for voice in voices)
    return ChainedTextToSpeech(VoiceChain(links, limits, **({"clock": clock} if clock else {})))


def said(voice, text="one two three", **options) -> str:
    return b"".join(voice.synthesise(text, **options)).replace(b"\xff", b"").decode()


def test_the_first_voice_speaks_while_it_is_well():
    second = Voice("b")
    assert said(chain(Voice("a"), second)) == "aaa"
    assert second.asked == []


def test_the_next_voice_speaks_what_the_first_cannot():
    assert said(chain(Voice("a", "fail"), Voice("b", "fail"), Voice("c"))) == "ccc"


def test_a_voice_that_is_late_is_overtaken_and_never_heard():
    late = Voice("a", "wait")
    assert said(chain(late, Voice("b"))) == "bbb"
    late.may_go_on.set()
    assert late.closed.wait(5)


def test_a_late_voice_that_comes_before_the_next_has_begun_wins():
    late, later = Voice("a", "wait"), Voice("b", "wait")
    speech = chain(late, later, limits=VoiceLimits(hedge_s=0.01, first_s=5.0)).synthesise("one two")
    threading.Timer(0.1, late.may_go_on.set).start()
    assert b"".join(speech) == b"aa"
    later.may_go_on.set()
    assert later.closed.wait(5)


@pytest.mark.parametrize("act", ["fail", "wait"])
def test_a_sentence_that_breaks_off_is_said_again_whole_by_the_next_voice(act):
    broken = Voice("a", act, at=2)
    assert said(chain(broken, Voice("b"))) == "aabbb"
    broken.may_go_on.set()


def test_where_nobody_speaks_it_is_told_in_time_with_every_reason():
    stuck = Voice("b", "wait")
    with pytest.raises(UpstreamUnavailable, match=r"a is down.*b did not begin in time"):
        said(chain(Voice("a", "fail"), stuck))
    stuck.may_go_on.set()


@pytest.mark.parametrize("at", [0, 2])
def test_the_last_voice_is_not_given_up_by_the_limits_that_let_another_take_over(at):
    last = Voice("b", "wait", at=at)
    limits = VoiceLimits(hedge_s=0.01, first_s=0.02, again_s=0.02, next_s=0.02, last_s=5.0)
    threading.Timer(0.15, last.may_go_on.set).start()
    assert said(chain(Voice("a", "fail"), last, limits=limits)) == "bbb"
    assert last.asked == ["one two three"]


def test_the_last_voice_is_asked_even_when_the_others_have_used_up_the_time():
    stuck, last = Voice("a", "wait"), Voice("b")
    assert said(chain(stuck, last, limits=VoiceLimits(hedge_s=5.0, first_s=0.02))) == "bbb"
    stuck.may_go_on.set()


def test_a_chain_that_breaks_off_to_its_end_is_a_failure():
    with pytest.raises(UpstreamUnavailable):
        said(chain(Voice("a", "fail", at=1), Voice("b", "fail", at=1)))


def test_leaving_in_the_middle_stops_the_voice():
    voice = Voice("a", "wait", at=1)
    speech = chain(voice).synthesise("one two three")
    next(speech)
    speech.close()
    voice.may_go_on.set()
    assert voice.closed.wait(5)


def test_a_mistake_of_ours_is_not_taken_for_a_provider_s_failure():
    class Broken(Voice):
        def synthesise(self, text, *, speed=1.0, account=UNLIMITED):
            raise KeyError(text)
            yield b""

    with pytest.raises(KeyError):
        said(chain(Broken("a"), Voice("b")))


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_call_keeps_the_voice_it_changed_to_and_later_tries_the_better_one():
    clock, first = Clock(), Voice("a", "fail")
    told = []
    # The race's deadlines stand still with the clock; nothing here is late.
    voice = chain(first, Voice("b"), clock=clock, limits=VoiceLimits()).for_call(told.append)
    assert said(voice) == "bbb"
    first.act = ""
    assert said(voice) == "bbb"
    clock.now_s += 61
    assert said(voice) == "aaa"
    assert [(each.from_engine, each.to_engine, each.reason) for each in told] == [
        ("a", "b", "a is down"),
        ("b", "a", "A better voice is tried again."),
    ]


def test_calls_change_voices_each_for_itself():
    first, told = Voice("a", "fail"), []
    both = chain(first, Voice("b"))
    one, other = both.for_call(told.append), both.for_call(told.append)
    said(one)
    first.act = ""
    assert (said(one), said(other)) == ("bbb", "aaa") and len(told) == 1


def test_an_interview_that_has_spent_its_money_is_spoken_to_by_a_free_voice():
    account = CountingAccount()
    account.has_money = False
    told = []
    paid, free = Voice("a"), Voice("b")
    assert said(chain(paid, free, paid=("a",)).for_call(told.append), account=account) == "bbb"
    assert paid.asked == [] and "spent" in told[0].reason
    assert said(chain(paid, paid=("a",)), account=account) == "aaa", "rather that than silence"


def test_a_voice_that_keeps_failing_is_left_alone():
    bad, clock = Voice("a", "fail"), Clock()
    watched = WatchedTextToSpeech(bad, ProviderHealth("a", clock=clock), clock=clock)
    voices = chain(watched, Voice("b"))
    for _ in range(MOST_FAILURES + 3):
        assert said(voices) == "bbb"
    assert len(bad.asked) == MOST_FAILURES
    clock.now_s += 30
    bad.act = ""
    assert said(voices) == "aaa"


def test_a_voice_that_is_refused_is_left_alone_at_once():
    bad = Voice("a", "refuse")
    voices = chain(WatchedTextToSpeech(bad, ProviderHealth("a")), Voice("b"))
    assert [said(voices), said(voices)] == ["bbb", "bbb"] and len(bad.asked) == 1


def test_a_voice_that_is_always_late_counts_as_failing_though_nobody_waits_for_its_end():
    clock = Clock()
    health = ProviderHealth("a", clock=clock)

    class Slow(Voice):
        def synthesise(self, text, *, speed=1.0, account=UNLIMITED):
            clock.now_s += LATE_S + 0.1
            yield from super().synthesise(text)

    watched = WatchedTextToSpeech(Slow("a"), health, clock=clock)
    speech = watched.synthesise("one two")
    next(speech)
    speech.close()
    assert health.snapshot().consecutive_failures == 1
    assert said(watched) == "aaa" and health.snapshot().consecutive_failures == 2


def test_the_last_voice_is_asked_whatever_happened():
    clock = Clock()
    voice = Voice("a", "fail")
    watched = WatchedTextToSpeech(voice, ProviderHealth("a", clock=clock), is_last=True, clock=clock)
    for _ in range(MOST_FAILURES + 1):
        with pytest.raises(UpstreamUnavailable):
            said(watched)
    voice.act = ""
    assert said(watched) == "aaa"
