"""An end-of-turn model is asked beside the call, a few times at once, and its vote reaches the endpoint."""

import threading

import pytest

from engine.audio.endpoint import EndOfTurn, Hint, SeemsOver
from engine.config import EndpointSettings
from engine.ports import HEARD_BY_TURN_MODEL_S, TurnVoted
from telephony.hearing import WAVER_MS, Ear
from telephony.turn_votes import MOST_AT_ONCE, VotingBooth
from tests.fakes.tone_recogniser import ToneSpeechToText
from tests.unit.session.test_hearing import LOUD, QUIET, LoudIsSpeech

ADAPTIVE = EndpointSettings()


class SlowModel:
    """Answers when it is let; says how much it heard."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.may_answer = threading.Event()
        self.heard: list[int] = []

    def score(self, pcm: bytes) -> float:
        self.heard.append(len(pcm))
        self.may_answer.wait(5)
        if self.fails:
            raise RuntimeError("out of memory")
        return 0.75


class Votes:
    """Waits for votes without a clock."""

    def __init__(self) -> None:
        self.got: list[TurnVoted] = []
        self._came = threading.Semaphore(0)

    def __call__(self, vote: TurnVoted) -> None:
        self.got.append(vote)
        self._came.release()

    def wait(self, count: int) -> None:
        for _ in range(count):
            assert self._came.acquire(timeout=5)


def test_nobody_is_asked_without_a_model_or_by_the_plain_timer() -> None:
    assert VotingBooth(None).for_call(ADAPTIVE, Votes()) is None
    assert VotingBooth(SlowModel()).for_call(EndpointSettings(policy="fixed"), Votes()) is None


def test_silences_that_find_no_place_go_without_a_vote_and_the_next_ones_find_one_again() -> None:
    model, votes = SlowModel(), Votes()
    booth = VotingBooth(model)
    calls = [booth.for_call(ADAPTIVE, votes) for _ in range(MOST_AT_ONCE + 1)]
    for number, call in enumerate(calls):
        assert call is not None
        call.frame(bytes(320))
        call.ask(1000 + number)
    assert [call.unheard for call in calls if call] == [0] * MOST_AT_ONCE + [1]
    model.may_answer.set()
    votes.wait(MOST_AT_ONCE)
    assert {vote.ended_ms for vote in votes.got} == {1000 + number for number in range(MOST_AT_ONCE)}
    assert {vote.share for vote in votes.got} == {0.75}


def test_the_model_hears_no_more_than_it_can_use() -> None:
    model, votes = SlowModel(), Votes()
    model.may_answer.set()
    call = VotingBooth(model).for_call(ADAPTIVE, votes)
    assert call is not None
    for _ in range(50 * HEARD_BY_TURN_MODEL_S + 100):
        call.frame(bytes(320))
    call.ask(0)
    votes.wait(1)
    assert model.heard == [2 * 8000 * HEARD_BY_TURN_MODEL_S]


def test_a_model_that_fails_gives_no_vote_and_its_place_back(caplog: pytest.LogCaptureFixture) -> None:
    model, votes = SlowModel(fails=True), Votes()
    model.may_answer.set()
    call = VotingBooth(model).for_call(ADAPTIVE, votes)
    assert call is not None
    threads = set(threading.enumerate())
    call.ask(0)
    for thread in set(threading.enumerate()) - threads:
        thread.join(5)
    model.fails = False
    for number in range(MOST_AT_ONCE):
        call.ask(number)
    votes.wait(MOST_AT_ONCE)
    assert call.unheard == 0
    assert "this silence has no vote" in caplog.text


class KeepsVotes:
    """engine.audio.endpoint.EndpointPolicy that only remembers."""

    def __init__(self) -> None:
        self.votes: list[tuple[float, int]] = []

    def attend(self, kind: str, at_ms: int) -> None:
        """Nothing."""

    def push(self, pcm: bytes, at_ms: int, is_speech: bool) -> EndOfTurn | SeemsOver | None:
        return None

    def read(self, text: str, at_ms: int, covers_ms: int | None = None) -> None:
        """Nothing."""

    def hint(self, hint: Hint, at_ms: int) -> None:
        """Nothing."""

    def vote(self, share: float, ended_ms: int) -> None:
        self.votes.append((share, ended_ms))


def test_a_pause_in_a_call_is_voted_on_and_the_policy_is_told() -> None:
    model, votes, policy = SlowModel(), Votes(), KeepsVotes()
    model.may_answer.set()
    ear = Ear(LoudIsSpeech(), policy, ToneSpeechToText(), lambda event: None)
    ear.count_votes(VotingBooth(model).for_call(ADAPTIVE, votes))
    for number, frame in enumerate([LOUD] * 50 + [QUIET] * 10):
        ear.hear(frame, number * 160)
    votes.wait(1)
    assert model.heard == [2 * 160 * (50 + WAVER_MS // 20)]
    ear.understand(votes.got[0])
    assert policy.votes == [(0.75, 1000)]
