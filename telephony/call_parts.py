"""What a call session is assembled from, and the line that it speaks over."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from engine.dialogue.plan import Plan
from engine.ports import EngineSwitched, MonotonicClock, RecognitionEvent, Recorder, TurnVoted
from telephony.call_account import CallFact, UsageOutlet
from telephony.call_log import CallLog
from telephony.command_desk import UserWished
from telephony.hearing import Ear
from telephony.mouth import Mouth
from telephony.speaker import Spoken
from telephony.thinker import Thinker, Thought


class Line(Protocol):
    """A socket's text messages. Any failure is LineGone."""

    def receive(self) -> str | None:
        """The next message; None when time passed on the line without one.

        Raises LineGone also when the other side has been quiet for too long: an open line sends frames all the time.
        """

    def send(self, text: str) -> None: ...

    def close(self, code: int, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class CallParts:
    """What a session is assembled from."""

    plan: Plan
    ear: Ear
    mouth: Mouth
    call_log: CallLog
    start_recording: Callable[[], Recorder]
    """Called when consent was given, and never otherwise."""
    describe_recording: Callable[[], dict[str, object]]
    """Where the closed recording lies, its format, channels and size."""
    farewell: bytes
    """Mu-law of the recorded words for the case that no voice is left."""
    clock: MonotonicClock
    outlet: UsageOutlet
    """Where what the call spends comes from."""
    thinker: Thinker | None = None
    """None: no language model is configured."""


def into(
    inbox: deque[object],
) -> Callable[[RecognitionEvent | EngineSwitched | TurnVoted | Spoken | Thought | CallFact | UserWished], None]:
    """The callback that workers deliver to: appending to a deque is atomic, and the deciding thread drains it."""
    return inbox.append
