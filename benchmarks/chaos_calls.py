"""Callers of the fault test: simulated phones that stay on the line when it breaks, and remember what they heard."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from telephony.simulator import voices
from telephony.simulator.account import Account
from telephony.simulator.carrier import Dialled, PhoneCall
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.line import StreamIdentity
from telephony.simulator.run import simulated_leg
from telephony.simulator.scenario import LineFaults, Scenario, parse_scenario
from telephony.simulator.sockets import Inbox, RealTimeLeg, StreamEnd
from telephony.simulator.twiml_reader import CarrierError

RECORDINGS = Path(__file__).parents[1] / "telephony" / "simulator" / "recordings"
SCENARIO = """
caller = "+15550101"
dialled = "+15550100100"
[[reply]]
on = "consent"
digits = "1"
times = 0
[[reply]]
on = "ask:*"
audio = "probe.wav"
text = "an answer"
times = 0
[[reply]]
on = "probe:*"
audio = "probe.wav"
text = "more of it"
times = 0
[[reply]]
on = "closing"
digits = "#"
times = 0
"""
ANSWER_SAMPLES = 14_000
"""Answers are short, so that many calls can be held."""
CLEAR = LineFaults()
STALLS = LineFaults(stall_every_ms=2500, stall_ms=700, jitter_ms=60)


@dataclass
class Phone:
    """One caller. Everything that happened to it is kept with its moment on the monotonic clock."""

    pin: str
    environ: Mapping[str, str]
    faults: LineFaults = CLEAR
    are_callbacks_bad: bool = False
    on_happening: Callable[["Phone", Happening], None] = lambda phone, happening: None
    heard: list[tuple[float, Happening]] = field(default_factory=list)
    call_sid: str = ""
    problems: list[str] = field(default_factory=list)
    _socket: socket.socket | None = None
    _legs: list[Any] = field(default_factory=list)

    def start(self) -> threading.Thread:
        """Phone in the background, to the end of the call."""
        thread = threading.Thread(target=self._call, name="phone", daemon=True)
        thread.start()
        return thread

    def drop_connection(self) -> float:
        """The media socket breaks without a word; returns the moment."""
        with contextlib.suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)
        return time.monotonic()

    def heard_again_s(self, after_s: float) -> float | None:
        """How long after a moment the caller of a broken line heard us; None where the line did not break then."""
        breaks = [
            at_s for at_s, happening in self.heard
            if happening.kind is Kind.LINE_CLOSED and happening.detail != "1000" and at_s >= after_s - 0.05
        ]  # fmt: skip
        if not breaks:
            return None
        again = [at_s for at_s, each in self.heard if each.kind in (Kind.AUDIO_BEGAN, Kind.SAID) and at_s > breaks[0]]
        return again[0] - after_s if again else float("inf")

    def _call(self) -> None:
        scenario = replace(parse_scenario(SCENARIO, RECORDINGS), faults=self.faults)
        speech = {reply: audio[:ANSWER_SAMPLES] for reply, audio in voices.prepare(scenario, None).items()}
        maker = BadCallbacks if self.are_callbacks_bad else Account
        url = self.environ["PUBLIC_BASE_URL"]
        account = maker(self.environ["TWILIO_ACCOUNT_SID"], self.environ["TWILIO_AUTH_TOKEN"], url, url)

        def carry(address: str, headers: dict[str, str], identity: StreamIdentity) -> StreamEnd:
            self.call_sid = identity.call_sid
            return self._carried(scenario, speech, identity).carry(address, headers)

        dialled = Dialled(scenario.caller, scenario.dialled)
        try:
            outcome = PhoneCall(account, dialled, (self.pin,), carry, self._said).run()
            self.problems.extend(outcome.problems)
        except CarrierError as error:
            self.problems.append(str(error))

    def _carried(self, scenario: Scenario, speech: Any, identity: StreamIdentity) -> "Droppable":
        leg = simulated_leg(scenario, speech, identity)
        return Droppable(leg, lambda *_: None, self.happened, self)

    def _said(self, text: str) -> None:
        self.happened(Happening(0, Kind.SAID, text))

    def happened(self, happening: Happening) -> None:
        """Something happened on the line."""
        self.heard.append((time.monotonic(), happening))
        self.on_happening(self, happening)


class Droppable(RealTimeLeg):
    """A leg whose socket can be broken from outside."""

    def __init__(self, leg: Any, tape: Any, on_happening: Callable[[Happening], None], phone: Phone) -> None:
        super().__init__(leg, tape, on_happening)
        self._phone = phone

    def _hold(self, connection: Any, inbox: Inbox) -> StreamEnd:
        self._phone._socket = connection.socket
        return super()._hold(connection, inbox)


class BadCallbacks(Account):
    """Callbacks are lost, late, doubled and overtake one another; questions are asked twice now and then."""

    _chance = random.Random(5)

    def post(self, public: str, form: Mapping[str, str]) -> str:
        if not public.endswith("status"):
            if self._chance.random() < 0.3:
                super().post(public, form)  # the answer was lost on its way: Twilio asks again
            return super().post(public, form)
        fate = self._chance.choice(("lost", "late", "doubled", "in time"))
        if fate == "late":
            threading.Timer(self._chance.uniform(0.5, 4.0), self._quietly, (public, form)).start()
        elif fate != "lost":
            for _ in range(2 if fate == "doubled" else 1):
                self._quietly(public, form)
        return ""

    def _quietly(self, public: str, form: Mapping[str, str]) -> None:
        with contextlib.suppress(CarrierError):
            super().post(public, form)
