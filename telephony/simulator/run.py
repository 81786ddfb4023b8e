"""Whole simulated calls: what the command line, the demo and the tests start from."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telephony.simulator import voices
from telephony.simulator.account import Account
from telephony.simulator.caller import ScriptedCaller
from telephony.simulator.carrier import CallOutcome, Dialled, PhoneCall
from telephony.simulator.faults import FaultyPath
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.leg import SimulatedLeg
from telephony.simulator.line import SimulatedLine, StreamIdentity
from telephony.simulator.recorder import Tape
from telephony.simulator.scenario import Reply, Scenario
from telephony.simulator.sockets import RealTimeLeg, StreamEnd
from telephony.simulator.timeline import Ears, Timeline, as_happening_data, timeline
from telephony.simulator.virtual import VirtualSocket

_NO_STREAM = Timeline((), 0)


@dataclass(frozen=True, slots=True)
class CallResult:
    """A finished call. The audio is mu-law, 8 kHz, one byte a sample; both sides are equally long."""

    timeline: Timeline
    happenings: tuple[Happening, ...]
    heard_agent: bytes
    heard_caller: bytes
    outcome: CallOutcome
    most_late_ms: float
    """How late the simulator itself was with a frame at worst."""

    def as_data(self) -> dict[str, Any]:
        """The timeline's JSON with what else is worth knowing."""
        outcome = self.outcome
        return self.timeline.as_data() | {
            "call_sid": outcome.call_sid,
            "said": list(outcome.said),
            "ended_by": "caller" if outcome.caller_hung_up else "agent",
            "problems": list(self.problems),
            "most_late_ms": round(self.most_late_ms, 1),
            "happenings": as_happening_data(self.happenings),
        }

    @property
    def problems(self) -> tuple[str, ...]:
        """What the server did wrong, in words; empty after a call as it should be."""
        if not self.outcome.streams:
            return (*self.outcome.problems, "the call was never connected to a media stream")
        refused = tuple(
            f"at {each.at_ms} ms the server sent a message that Twilio refuses: {each.detail}"
            for each in self.happenings
            if each.kind is Kind.REFUSED
        )
        return (*self.outcome.problems, *refused)


def simulated_leg(scenario: Scenario, speech: dict[Reply, bytes], identity: StreamIdentity) -> SimulatedLeg:
    """A line with this scenario's caller on it. speech: from `voices.prepare`."""
    return SimulatedLeg(SimulatedLine(identity), ScriptedCaller(scenario, speech), FaultyPath(scenario.faults))


def virtual_call(
    scenario: Scenario, identity: StreamIdentity, *, voice: voices.Voice | None = None, **options: Any
) -> VirtualSocket:
    """A call on the virtual clock, ready for a session to `receive` from; options as VirtualSocket takes them."""
    return VirtualSocket(simulated_leg(scenario, voices.prepare(scenario, voice), identity), **options)


def ignore_happening(happening: Happening) -> None:
    """For a call that nobody watches."""


def _ignore_message(direction: str, text: str, at_ms: int) -> None:
    """For a call that nobody records."""


def run_call(  # noqa: PLR0913  # the whole outside of a call, most of it optional and all of it by name
    scenario: Scenario,
    *,
    url: str,
    auth_token: str,
    account_sid: str,
    public_url: str | None = None,
    pin: str | None = None,
    voice: voices.Voice | None = None,
    ears: Ears | None = None,
    on_happening: Callable[[Happening], None] = ignore_happening,
    tape: Tape = _ignore_message,
) -> CallResult:
    """Call the server at `url` in real time and return when the call is over.

    public_url: the server's PUBLIC_BASE_URL where it differs from `url`. pin: in place of the scenario's last one.
    voice: speaks replies that have no audio file. on_happening and tape are called as things happen, on this thread.
    Raises ScenarioError before anything is dialled, CarrierError when the server cannot be followed.
    """
    account = Account(account_sid, auth_token, url.rstrip("/"), (public_url or url).rstrip("/"))
    pins = scenario.pins if pin is None else (*scenario.pins[:-1], pin)
    call = Conversing(scenario, voices.prepare(scenario, voice), ears, on_happening, tape)
    phone = PhoneCall(
        account,
        Dialled(scenario.caller, scenario.dialled, person_answers=scenario.person_answers),
        pins,
        call.carry,
        call.said,
    )
    call.interrupted = phone.interrupted
    return call.result(phone.run())


class Conversing:
    """The caller's side of a call: speaks and listens on each media stream that the call is joined to."""

    def __init__(
        self,
        scenario: Scenario,
        speech: dict[Reply, bytes],
        ears: Ears | None = None,
        on_happening: Callable[[Happening], None] = ignore_happening,
        tape: Tape = _ignore_message,
    ) -> None:
        """speech: from `voices.prepare`."""
        self._scenario = scenario
        self._speech = speech
        self._ears = ears
        self._on_happening = on_happening
        self._tape = tape
        self._carried: list[tuple[SimulatedLeg, RealTimeLeg]] = []
        self.interrupted: threading.Event | None = None

    def carry(self, address: str, headers: dict[str, str], identity: StreamIdentity) -> StreamEnd:
        """Hold one media stream to its end."""
        leg = simulated_leg(self._scenario, self._speech, identity)
        real_time = RealTimeLeg(leg, self._tape, self._on_happening, self.interrupted)
        self._carried.append((leg, real_time))
        return real_time.carry(address, headers)

    def said(self, text: str) -> None:
        """Twilio's own voice said something."""
        at_ms = self._carried[-1][0].line.at_ms if self._carried else 0
        self._on_happening(Happening(at_ms, Kind.SAID, text))

    def result(self, outcome: CallOutcome) -> CallResult:
        """What became of the call; timeline and sound are those of its last stream."""
        if not self._carried:
            return CallResult(_NO_STREAM, (), b"", b"", outcome, 0.0)
        leg, real_time = self._carried[-1]
        return CallResult(
            timeline(leg.line, leg.caller.spoken, self._ears),
            tuple(leg.line.happenings),
            bytes(leg.line.heard_agent),
            bytes(leg.line.heard_caller),
            outcome,
            real_time.most_late_ms,
        )
