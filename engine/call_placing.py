"""Ringing telephones, said without naming who does it: the port of calls that we place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engine.vocabulary import CallState


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """A call as it is handed to whoever places it."""

    id: str
    """Ours, of the call's row; what the provider tells about the call carries it."""
    interview_id: str
    phone: str
    """E.164."""
    longest_s: int
    """After which the provider ends it whatever happens."""


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call as the provider knows it."""

    sid: str
    phone: str
    state: CallState
    """RINGING also while it waits at the provider; COMPLETED where somebody or something had picked up."""
    made_at: datetime


class CallPlacer(Protocol):
    """Rings telephones.

    Raises CallRefused (never try again), CallDelayed (nothing rang; try later), CallUnknown (it may be ringing).
    """

    name: str

    def place(self, call: OutgoingCall) -> str:
        """Ring; returns the provider's id of the call."""

    def look_up(self, sid: str) -> PlacedCall | None:
        """How a call stands; None where the provider does not know it."""

    def placed_to(self, phone: str) -> Sequence[PlacedCall]:
        """The latest calls to a number, the newest first."""

    def say_and_hang_up(self, sid: str, text: str, *, after_s: int = 0) -> None:
        """Whatever an answered call was doing: say this to it, and end it. after_s: of silence, then say it."""

    def say_and_connect(self, sid: str, text: str, call: OutgoingCall, *, wait_s: int = 0) -> None:
        """Whatever an answered call was doing: say this to it, wait, and begin its conversation anew."""

    def put_through(self, sid: str, call: OutgoingCall) -> None:
        """Whatever an answered call was doing: ring `call.phone` and join the two once that person agrees."""

    def end(self, sid: str) -> None:
        """End a call, answered or not. One that is over stays as it is."""

    def close(self) -> None:
        """Give everything back. Safe to call twice."""
