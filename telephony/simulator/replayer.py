"""A recorded session, sent once more to a server that is running: does it still answer the same way?"""

import json
import queue
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from engine.clock import samples_to_ms
from engine.errors import ProtocolError
from telephony.simulator.account import Account
from telephony.simulator.carrier import CallOutcome, Dialled, PhoneCall
from telephony.simulator.line import StreamIdentity
from telephony.simulator.recorder import TO_APP, TO_TWILIO, Row
from telephony.simulator.sockets import Inbox, StreamEnd, ended, open_socket

_PATIENCE_S: Final = 2.0
"""How long to go on listening after the last recorded message."""
_AUDIO_TOLERANCE_MS: Final = 300


@dataclass(frozen=True, slots=True)
class Answers:
    """What a server sent in a session, in numbers."""

    kinds: dict[str, int]
    marks: tuple[str, ...]
    audio_ms: int


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """The recorded answers beside the new ones."""

    recorded: Answers
    received: Answers
    outcome: CallOutcome

    @property
    def differences(self) -> tuple[str, ...]:
        """In words; empty when the server answered as it did then. Audio may be cut into other messages."""
        before, now = self.recorded, self.received
        found = [
            f"{kind}: {before.kinds.get(kind, 0)} recorded, {now.kinds.get(kind, 0)} received"
            for kind in sorted({*before.kinds, *now.kinds} - {"media"})
            if before.kinds.get(kind, 0) != now.kinds.get(kind, 0)
        ]
        if before.marks != now.marks:
            place = next((n for n, (a, b) in enumerate(zip(before.marks, now.marks, strict=False)) if a != b), None)
            if place is not None:
                found.append(f"mark {place + 1}: {before.marks[place]!r} recorded, {now.marks[place]!r} received")
        if abs(before.audio_ms - now.audio_ms) > _AUDIO_TOLERANCE_MS:
            found.append(f"audio: {before.audio_ms} ms recorded, {now.audio_ms} ms received")
        return (*found, *self.outcome.problems)

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "recorded": asdict(self.recorded),
            "received": asdict(self.received),
            "differences": list(self.differences),
        }


def answers(messages: Sequence[dict[str, Any]]) -> Answers:
    """The numbers of a server's messages."""
    kinds = Counter(str(message.get("event")) for message in messages)
    marks = tuple(message["mark"]["name"] for message in messages if message.get("event") == "mark")
    payloads = [message["media"]["payload"] for message in messages if message.get("event") == "media"]
    samples = sum(len(payload) * 3 // 4 - payload.count("=") for payload in payloads)
    return Answers(dict(kinds), marks, samples_to_ms(samples))


def replay(rows: Sequence[Row], account: Account, *, numbers: tuple[str, str], pin: str) -> ReplayReport:
    """Place a new call and send the recorded messages of the line in their own time.

    numbers: the caller's and the one dialled. Raises ProtocolError for a recording without a stream, CarrierError
    when the server cannot be followed.
    """
    ours = [row for row in rows if row.direction == TO_APP]
    if not any(row.message.get("event") == "start" for row in ours):
        raise ProtocolError("the recording holds no start of a stream")
    received: list[dict[str, Any]] = []

    def carry(url: str, headers: dict[str, str], identity: StreamIdentity) -> StreamEnd:
        socket = open_socket(url, headers)
        if isinstance(socket, StreamEnd):
            return socket
        with socket:
            try:
                return _send_all(socket, ours, identity, received)
            except ConnectionClosed:
                return ended(socket)

    outcome = PhoneCall(account, Dialled(*numbers), (pin,), carry, lambda text: None).run()
    recorded = [row.message for row in rows if row.direction == TO_TWILIO]
    return ReplayReport(answers(recorded), answers(received), outcome)


def _send_all(
    socket: ClientConnection, rows: Sequence[Row], identity: StreamIdentity, received: list[dict[str, Any]]
) -> StreamEnd:
    inbox = Inbox(socket)
    began_s = time.monotonic()
    for row in rows:
        if not _gather_until(inbox, began_s + row.at_ms / 1000, received):
            return ended(socket)
        socket.send(json.dumps(_renamed(row.message, identity)))
    if not _gather_until(inbox, time.monotonic() + _PATIENCE_S, received):
        return ended(socket)
    return StreamEnd(caller_hung_up=True, close_code=None)


def _gather_until(inbox: Inbox, due_s: float, received: list[dict[str, Any]]) -> bool:
    """Collect the server's messages until then; False when it has closed."""
    while True:
        try:
            message = inbox.get(due_s - time.monotonic())
        except queue.Empty:
            return True
        if message is None:
            return False
        received.append(json.loads(message))


def _renamed(message: dict[str, Any], identity: StreamIdentity) -> dict[str, Any]:
    """The message as it would be sent in the new call."""
    renamed = dict(message)
    if "streamSid" in renamed:
        renamed["streamSid"] = identity.stream_sid
    ours = {"accountSid": identity.account_sid, "callSid": identity.call_sid}
    if renamed.get("event") == "start":
        parameters = {"streamSid": identity.stream_sid, "customParameters": identity.parameters}
        renamed["start"] = {**renamed["start"], **ours, **parameters}
    if renamed.get("event") == "stop":
        renamed["stop"] = {**renamed["stop"], **ours}
    return renamed
