"""The phone network's part of a call: asks the webhooks what to do, does it, and reports how it went."""

import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from telephony.simulator.account import Account
from telephony.simulator.line import StreamIdentity
from telephony.simulator.sockets import StreamEnd
from telephony.simulator.twiml_reader import (
    CarrierError,
    ConnectStream,
    Dial,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Say,
    Verb,
    read,
)

VOICE_PATH: Final = "/telephony/voice"
STATUS_PATH: Final = "/telephony/status"
_MOST_DOCUMENTS: Final = 25
_LONGEST_PAUSE_S: Final = 10.0

CarryStream = Callable[[str, dict[str, str], StreamIdentity], StreamEnd]
"""Opens a media socket at an address with these headers, and holds the stream to its end."""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What became of a call, as the network saw it."""

    call_sid: str
    streams: tuple[StreamEnd, ...]
    said: tuple[str, ...]
    """What Twilio's own voice said, in order."""
    caller_hung_up: bool
    duration_s: int
    problems: tuple[str, ...]
    """What a tester should know of: failed callbacks, broken streams."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """Who called whom, and what Twilio does first. An inbound call unless it says otherwise."""

    caller: str
    called: str
    direction: str = "inbound"
    call_sid: str = field(default_factory=lambda: "CA" + secrets.token_hex(16))
    url: str = ""
    """The first document; our number's own where it is empty."""
    person_answers: bool = False
    """Whether somebody takes the call when it is put through."""


@dataclass(slots=True)
class _Progress:
    said: list[str] = field(default_factory=list)
    streams: list[StreamEnd] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    is_over: bool = False
    caller_hung_up: bool = False


@dataclass(frozen=True, slots=True)
class _Next:
    """A document to fetch, with the fields that are posted for it."""

    url: str
    fields: dict[str, str]


class PhoneCall:
    """One call from the first document to its end. It can be given another document while it runs."""

    def __init__(
        self,
        account: Account,
        dialled: Dialled,
        pins: tuple[str, ...],
        carry: CarryStream,
        on_said: Callable[[str], None],
    ) -> None:
        """on_said: told what Twilio's own voice says."""
        self._account = account
        self._dialled = dialled
        self._carry = carry
        self._on_said = on_said
        self._call_sid = dialled.call_sid
        self._progress = _Progress(pins=list(pins))
        self.interrupted = threading.Event()
        """Set while another document waits: whatever blocks the call has to give way."""
        self._instead: queue.SimpleQueue[str] = queue.SimpleQueue()

    def go_on_with(self, document: str) -> None:
        """Drop what the call is doing and carry out this document; asked for on another thread."""
        self._instead.put(document)
        self.interrupted.set()

    def run(self) -> CallOutcome:
        """Follow the call to its end. Raises CarrierError when the server's answers lead nowhere."""
        began_s = time.monotonic()
        first = self._dialled.url or self._account.public_url + VOICE_PATH
        status = "in-progress" if self._dialled.url else "ringing"
        upcoming: _Next | None = _Next(first, {"CallStatus": status})
        documents = 0
        while upcoming is not None and not self._progress.is_over:
            documents += 1
            if documents > _MOST_DOCUMENTS:
                raise CarrierError(f"the call went through {_MOST_DOCUMENTS} documents without an end")
            form = self._form({"CallStatus": "in-progress", **upcoming.fields})
            document = self._account.post(upcoming.url, form)
            upcoming = self._carry_out(read(document), upcoming.url)
            while self.interrupted.is_set() and not self._progress.caller_hung_up:
                self.interrupted.clear()
                self._progress.is_over = False
                upcoming = self._carry_out(read(self._instead.get()), self._account.public_url + "/")
        duration_s = round(time.monotonic() - began_s)
        if self._dialled.direction == "inbound":
            self._report_end(duration_s)
        progress = self._progress
        return CallOutcome(
            self._call_sid,
            tuple(progress.streams),
            tuple(progress.said),
            progress.caller_hung_up,
            duration_s,
            tuple(progress.problems),
        )

    def _carry_out(self, verbs: list[Verb], base: str) -> _Next | None:
        """Do one verb after the other; the document that replaces this one, or None when the call is over."""
        for verb in verbs:
            upcoming = self._do(verb, base)
            if upcoming is not None or self._progress.is_over or self.interrupted.is_set():
                return upcoming
        return None

    def _do(self, verb: Verb, base: str) -> _Next | None:
        match verb:
            case Say(text) | Play(text):
                self._progress.said.append(text)
                self._on_said(text)
            case Pause(length_s):
                self.interrupted.wait(min(length_s, _LONGEST_PAUSE_S))
            case Redirect(url):
                return _Next(self._account.absolute(url, base), {})
            case Hangup():
                self._progress.is_over = True
            case Gather():
                return self._gather(verb, base)
            case ConnectStream():
                return self._connect(verb, base)
            case Dial():
                return self._dial(verb, base)
        return None

    def _gather(self, gather: Gather, base: str) -> _Next | None:
        for prompt in gather.prompts:
            self._do(prompt, base)
        if not self._progress.pins:
            return None
        digits = self._progress.pins.pop(0)[: gather.most_digits]
        return _Next(self._account.absolute(gather.action, base), {"Digits": digits})

    def _dial(self, dial: Dial, base: str) -> _Next | None:
        """Somebody else is rung, who takes the call or not; the two talk for no time at all."""
        is_joined = self._dialled.person_answers
        if is_joined and dial.whisper is not None:
            whisper = self._account.absolute(dial.whisper, base)
            for verb in read(self._account.post(whisper, self._form({"CallSid": self._call_sid}))):
                is_joined = not isinstance(verb, Hangup)
                if isinstance(verb, Gather):
                    key = self._form({"Digits": "1"})
                    is_joined = read(self._account.post(self._account.absolute(verb.action, base), key)) == []
                    break
        fields = {"DialCallStatus": "completed" if is_joined else "no-answer", "DialBridged": str(is_joined).lower()}
        return _Next(self._account.absolute(dial.action, base), fields) if dial.action else None

    def _connect(self, connect: ConnectStream, base: str) -> _Next | None:
        stream_sid = "MZ" + secrets.token_hex(16)
        identity = StreamIdentity(stream_sid, self._call_sid, self._account.account_sid, connect.parameters)
        self._stream_event(connect, stream_sid, "stream-started")
        end = self._carry(self._account.reachable(connect.url), self._account.upgrade_headers(connect.url), identity)
        self._progress.streams.append(end)
        if end.error:
            self._progress.problems.append(f"the media stream failed: {end.error}")
        self._stream_event(connect, stream_sid, "stream-error" if end.error else "stream-stopped", end.error)
        if end.caller_hung_up:
            self._progress.caller_hung_up = self._progress.is_over = True
            return None
        if connect.action is None or self.interrupted.is_set():
            return None
        return _Next(self._account.absolute(connect.action, base), {"StreamSid": stream_sid})

    def _stream_event(self, connect: ConnectStream, stream_sid: str, event: str, error: str = "") -> None:
        if connect.status_callback is None:
            return
        fields = {
            "AccountSid": self._account.account_sid,
            "CallSid": self._call_sid,
            "StreamSid": stream_sid,
            "StreamName": stream_sid,
            "StreamEvent": event,
            "Timestamp": datetime.now(UTC).isoformat(),
        }
        self._report(connect.status_callback, fields | ({"StreamError": error} if error else {}))

    def _report_end(self, duration_s: int) -> None:
        """What Twilio tells our number's status address when an inbound call is over."""
        fields = {
            "CallStatus": "completed",
            "CallDuration": str(duration_s),
            "Duration": str(-(-duration_s // 60)),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": "0",
            "Timestamp": format_datetime(datetime.now(UTC)),
        }
        self._report(self._account.public_url + STATUS_PATH, self._form(fields))

    def _report(self, url: str, fields: dict[str, str]) -> None:
        """A callback is news, not a question: the call goes on when it fails."""
        try:
            self._account.post(url, fields)
        except CarrierError as error:
            self._progress.problems.append(str(error))

    def _form(self, fields: dict[str, str]) -> dict[str, str]:
        return {
            "CallSid": self._call_sid,
            "AccountSid": self._account.account_sid,
            "From": self._dialled.caller,
            "To": self._dialled.called,
            "Caller": self._dialled.caller,
            "Called": self._dialled.called,
            "Direction": self._dialled.direction,
            "ApiVersion": "2010-04-01",
            **fields,
        }
