"""Whole interviews through the clouds' real packages, with the first engine of a port failing at every stage in turn.

Every case is one call of its own over servers of its own; some are held at once, each on a line faster than the wall.
"""

import itertools
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.questions.bank import load_bank
from tests.fakes.fault_calls import ANSWERS, PROBED, Interview, Providers, providers
from tests.fakes.openai_faults import NO_QUOTA, FaultKind, status
from tests.fakes.openai_faults import Fault as OpenAIFault
from tests.fakes.wire_faults import Fault

AT_ONCE = 8
MOST_SILENCE_MS = 3000
SOCKETS = {"deepgram": "/v1/listen", "deepgram-flux": "/v2/listen"}
VOICES = {"deepgram": "/v1/speak", "deepgram-flux": "/v2/speak"}
FIRST_AUDIO = {"deepgram": 1, "deepgram-flux": 3}
"""Which message of a new connection is the first audio."""


@dataclass(frozen=True)
class Case:
    """What goes wrong, and at whose."""

    name: str
    port: str
    first: str
    faults: tuple = ()
    half_open: str = ""
    switches: bool = True
    """Whether another engine must take over (the bank, for the model); a harmless fault may pass unnoticed."""

    @property
    def order(self) -> tuple[str, ...]:
        others = {"deepgram": "openai", "deepgram-flux": "deepgram", "openai": "deepgram"}
        return (self.first, others[self.first])

    def plan(self, made: Providers) -> None:
        """Hand the faults to the server of the engine that is asked first."""
        if self.first == "openai":
            made.openai.script(PATHS[self.port], *self.faults)
        else:
            made.deepgram.plan((SOCKETS if self.port == "speech_to_text" else VOICES)[self.first], *self.faults)


PATHS = {"speech_to_text": "/audio/transcriptions", "text_to_speech": "/audio/speech", "chat": "/responses"}
REFUSALS = (
    Fault("refuse", status=401),
    Fault("refuse", status=429, headers={"Retry-After": "7"}),
    Fault("refuse", status=500),
)
BREAKS = (
    Fault("abort"),
    Fault("close", code=1011, reason="NET-0000"),
    Fault("malformed"),
    Fault("wrong_types"),
    Fault("error"),
    Fault("stall"),
)
HARMLESS = (Fault("duplicate"), Fault("unknown"), Fault("delay", seconds=0.1))


def listening_cases() -> Iterator[Case]:
    port = "speech_to_text"
    for first in SOCKETS:
        for fault in REFUSALS:
            yield Case(f"hears {first} connect {fault.status}", port, first, (fault,))
        yield Case(f"hears {first} half-open", port, first, half_open="ear")
        acts = BREAKS if first == "deepgram" else (Fault("abort"), Fault("stall"))
        for fault, (stage, at) in itertools.product(acts, (("first", 1), ("middle", 5), ("finish", "finish"))):
            broken = Fault(fault.act, at=at, code=fault.code, reason=fault.reason)
            yield Case(f"hears {first} {stage} {fault.act} {fault.code}", port, first, (broken,))
        for fault in HARMLESS:
            late = Fault(fault.act, at="finish" if fault.act == "delay" else 1, seconds=fault.seconds)
            yield Case(f"hears {first} {fault.act}", port, first, (late,), switches=False)
    for kind in ("slow", "reset", "wrong_types", "not_json", "truncated"):
        fault = OpenAIFault(kind, seconds=3.0)
        yield Case(f"hears openai {kind}", port, "openai", (None, fault, fault), switches=kind in ("slow", "reset"))
    for code in (401, 429, 500):
        refused = status(code, retry_after="7" if code == 429 else None)
        yield Case(f"hears openai {code}", port, "openai", (None, refused, refused))


def speaking_cases() -> Iterator[Case]:
    port = "text_to_speech"
    for first in VOICES:
        for fault in REFUSALS:
            yield Case(f"speaks {first} connect {fault.status}", port, first, (fault,))
        acts = ("abort", "close", "stall", "error") if first == "deepgram" else ("abort", "stall")
        stages = (("open", 0), ("first", FIRST_AUDIO[first]), ("middle", "within"), ("end", "finish"))
        for act, (stage, at) in itertools.product(acts, stages):
            yield Case(f"speaks {first} {stage} {act}", port, first, (Fault(act, at=at),))
    yield Case("speaks deepgram kept abort", port, "deepgram", (Fault("abort", at=3),), switches=False)
    yield Case("speaks deepgram half-open", port, "deepgram", half_open="voice")
    yield Case("speaks deepgram empty", port, "deepgram", (Fault("empty"),))
    yield Case("speaks deepgram late", port, "deepgram", (Fault("delay", seconds=1.0),))
    for kind in ("slow", "stall", "truncated", "reset", "empty"):
        yield Case(f"speaks openai {kind}", port, "openai", (None, OpenAIFault(kind, seconds=3.0)))
    for code in (401, 429, 500):
        yield Case(f"speaks openai {code}", port, "openai", (None, status(code)))


def wording_cases() -> Iterator[Case]:
    """The model words a follow-up to each answer; the bank stands behind it."""
    for refusal in (status(401), status(429, retry_after="7"), NO_QUOTA, status(500), status(503)):
        yield Case(f"words openai connect {refusal.status} {refusal.code or ''}".strip(), "chat", "openai", (refusal,))
    late: tuple[FaultKind, ...] = ("slow", "trickle")
    broken: tuple[FaultKind, ...] = ("stall", "truncated", "reset", "broken_event", "wrong_types", "error_event")
    unfinished: tuple[FaultKind, ...] = ("no_completed", "failed", "incomplete", "refusal", "empty")
    for kind in (*late, *broken, *unfinished):
        yield Case(f"words openai {kind}", "chat", "openai", (OpenAIFault(kind, seconds=5.0),))


CASES = {case.name: case for case in (*listening_cases(), *speaking_cases(), *wording_cases())}


class Calls:
    """All the calls, some at a time; whichever was silent for too long is held once more, alone.

    The line runs on a clock of its own beside everything else that the machine does. A silence that is the product's
    fault comes again when the call is alone.
    """

    def __init__(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        self._bank, self._folder = load_bank(), folder
        self._numbers = itertools.count()
        self._held: dict[str, Future[Interview]] = {name: pool.submit(self._hold, case) for name, case in CASES.items()}

    def of(self, name: str) -> Interview:
        wait(self._held.values())
        call = self._held[name].result()
        return call if call.longest_silence_ms <= MOST_SILENCE_MS else self._hold(CASES[name])

    def _hold(self, case: Case) -> Interview:
        hears = case.order if case.port == "speech_to_text" else ("deepgram", "openai")
        speaks = case.order if case.port == "text_to_speech" else ("deepgram", "openai")
        with providers(hears, speaks, half_open=case.half_open) as made:  # type: ignore[arg-type]
            case.plan(made)
            folder = self._folder / str(next(self._numbers))
            call = Interview(folder, self._bank, made, with_model=case.port == "chat").hold()
            assert made.deepgram.counted.violations == []
            return call


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(AT_ONCE) as pool:
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield Calls(tmp_path_factory.mktemp("interviews"), pool)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.timeout(400)
def test_the_interview_goes_on_as_if_nothing_had_been(calls: Calls, name: str) -> None:
    case, call = CASES[name], calls.of(name)
    assert call.reason == "completed"
    wanted = PROBED if case.port == "chat" else ANSWERS
    assert call.answers == list(wanted), "every word of every answer, once"
    assert call.longest_silence_ms <= MOST_SILENCE_MS
    assert call.timeline is not None
    if case.port == "chat":
        assert call.worded_by == ["bank", "model"], "one request failed, and the next one did not"
    elif case.switches:
        seen = [switch for switch in call.timeline.switches if switch.port == case.port]
        assert seen and case.first.split("-")[0] in seen[0].from_engine and seen[0].reason
