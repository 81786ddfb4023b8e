"""Twilio's part of calls that we place: takes them, rings, tells how they go, and joins them to a caller.

Source: Twilio, "Call resource", "Call status callbacks" and "Answering machine detection".
"""

import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, Literal

from telephony.simulator import voices
from telephony.simulator.account import Account
from telephony.simulator.carrier import Dialled, PhoneCall
from telephony.simulator.happenings import Happening
from telephony.simulator.run import CallResult, Conversing, ignore_happening
from telephony.simulator.scenario import Reply, Scenario
from telephony.simulator.twiml_reader import CarrierError

ENDS: Final = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
_EVENTS: Final = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}
_LATE_S: Final = 1.0

Outcome = Literal["answer", "busy", "no-answer", "failed", "silent"]


@dataclass(frozen=True, slots=True)
class Callee:
    """What happens at the telephone that is rung."""

    outcome: Outcome = "answer"
    """silent: nothing happens and nothing is told, for those who only count requests."""
    scenario: Scenario | None = None
    """Who picks up; None picks up and puts down again."""
    speech: Mapping[Reply, bytes] = field(default_factory=dict)
    """From `voices.prepare`."""
    rings_s: float = 0.0
    answered_by: str = "human"
    """What answering machine detection finds; empty: its verdict never comes."""
    detected_after_s: float = 0.0
    on_happening: Callable[[Happening], None] = ignore_happening


@dataclass(frozen=True, slots=True)
class NewsFaults:
    """What happens to status callbacks on their way; shares of 0 to 1."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    """Comes a second later, when the ones behind it have passed."""
    seed: int = 1


@dataclass
class TakenCall:
    """A call as the provider keeps it."""

    sid: str
    form: dict[str, list[str]]
    made_at: datetime
    status: str = "queued"
    answered_by: str | None = None
    phone: PhoneCall | None = None
    result: CallResult | None = None
    problems: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    next_sequence: int = 0
    documents: list[str] = field(default_factory=list)
    """What it was given to go on with while it ran."""

    def one(self, name: str, default: str = "") -> str:
        return self.form.get(name, [default])[0]


class Exchange:
    """The calls of one account. Thread-safe; each call is played on a thread of its own."""

    def __init__(
        self,
        account: Account,
        callee: Callable[[str], Callee],
        *,
        per_second: float = 0.0,
        news: NewsFaults = NewsFaults(),
    ) -> None:
        """callee: who is at a number. per_second: calls that are begun in a second, the others wait; 0: no limit."""
        self._account = account
        self._callee = callee
        self._per_second = per_second
        self._news = news
        self._chance = random.Random(news.seed)  # noqa: S311  # plays faults, guards nothing
        self._lock = threading.Lock()
        self._next_s = 0.0
        self.calls: list[TakenCall] = []
        self._has_call = threading.Event()
        self._late: list[threading.Timer] = []
        self._threads: list[threading.Thread] = []

    def take(self, form: dict[str, list[str]]) -> TakenCall:
        """Take a call; it rings when the account's pace allows."""
        call = TakenCall("CA" + secrets.token_hex(16), form, datetime.now(UTC))
        callee = self._callee(call.one("To"))
        with self._lock:
            self.calls.append(call)
            begins_s = max(time.monotonic(), self._next_s)
            if self._per_second:
                self._next_s = begins_s + 1 / self._per_second
        if callee.outcome != "silent":
            thread = threading.Thread(target=self._play, args=(call, callee, begins_s), name=call.sid, daemon=True)
            thread.start()
            self._threads.append(thread)
        self._has_call.set()
        return call

    def find(self, sid: str) -> TakenCall | None:
        with self._lock:
            return next((call for call in self.calls if call.sid == sid), None)

    def listed(self, **wanted: str) -> list[TakenCall]:
        """The calls with these properties (To, From, Status), the newest first."""
        with self._lock:
            found = list(reversed(self.calls))
        for name, value in wanted.items():
            found = [call for call in found if (call.status if name == "Status" else call.one(name)) == value]
        return found

    def change(self, call: TakenCall, document: str | None, status: str | None) -> bool:
        """Give a running call another document, or end it; False for a call that is over."""
        if call.status in ENDS:
            return False
        if document is not None or status == "completed":
            if document is not None and call.status == "in-progress":
                call.documents.append(document)
            if call.phone is not None:
                call.phone.go_on_with(document or "<Response><Hangup/></Response>")
                return True
            if document is not None:
                return call.status == "in-progress"
        self._end(call, "canceled")
        return True

    def wait_for_call(self) -> TakenCall:
        """The first call that is taken, once there is one."""
        self._has_call.wait()
        return self.calls[0]

    def wait(self, timeout_s: float) -> None:
        """Until every call is over. Raises TimeoutError."""
        deadline_s = time.monotonic() + timeout_s
        for thread in list(self._threads):
            thread.join(max(0.0, deadline_s - time.monotonic()))
            if thread.is_alive():
                raise TimeoutError(f"call {thread.name} is still running")

    def wait_for_late_news(self, timeout_s: float) -> None:
        """Until the callbacks that were late have come."""
        for timer in list(self._late):
            timer.join(timeout_s)

    def resource(self, call: TakenCall) -> dict[str, Any]:
        """The call as Twilio's REST API shows it."""
        made = format_datetime(call.made_at)
        uri = f"/2010-04-01/Accounts/{self._account.account_sid}/Calls/{call.sid}"
        return {
            "sid": call.sid,
            "account_sid": self._account.account_sid,
            "api_version": "2010-04-01",
            "to": call.one("To"),
            "from": call.one("From"),
            "status": "queued" if call.status == "initiated" else call.status,
            "direction": "outbound-api",
            "answered_by": call.answered_by,
            "date_created": made,
            "date_updated": made,
            "start_time": None,
            "end_time": None,
            "duration": None,
            "price": None,
            "price_unit": "USD",
            "queue_time": "0",
            "uri": f"{uri}.json",
            "subresource_uris": {},
        }

    def _play(self, call: TakenCall, callee: Callee, begins_s: float) -> None:
        try:
            call.is_over.wait(max(0.0, begins_s - time.monotonic()))
            self._tell(call, "initiated")
            self._tell(call, "ringing")
            call.is_over.wait(callee.rings_s)
            if callee.outcome != "answer":
                self._end(call, callee.outcome)
            elif not call.is_over.is_set():
                self._answer(call, callee)
        except CarrierError as error:
            call.problems.append(str(error))
            self._end(call, "failed")

    def _answer(self, call: TakenCall, callee: Callee) -> None:
        if callee.scenario is None:
            self._tell(call, "in-progress")
            self._end(call, "completed")
            return
        held = Conversing(callee.scenario, dict(callee.speech), on_happening=callee.on_happening)
        dialled = Dialled(
            call.one("From"),
            call.one("To"),
            "outbound-api",
            call.sid,
            call.one("Url"),
            callee.scenario.person_answers,
        )
        phone = PhoneCall(self._account, dialled, callee.scenario.pins, held.carry, held.said)
        held.interrupted = phone.interrupted
        call.phone = phone
        self._tell(call, "in-progress")
        if callee.answered_by:
            detection = threading.Timer(callee.detected_after_s, self._detected, (call, callee.answered_by))
            detection.daemon = True
            detection.start()
        try:
            call.result = held.result(phone.run())
        finally:
            self._end(call, "completed")

    def _detected(self, call: TakenCall, answered_by: str) -> None:
        url = call.one("AsyncAmdStatusCallback")
        if not url or call.status in ENDS:
            return
        call.answered_by = answered_by
        fields = {"AnsweredBy": answered_by, "MachineDetectionDuration": "2500"}
        self._report(call, url, {"CallSid": call.sid, "AccountSid": self._account.account_sid, **fields})

    def _end(self, call: TakenCall, status: str) -> None:
        with self._lock:
            if call.status in ENDS:
                return
            call.status = status
        call.is_over.set()
        self._tell(call, status)

    def _tell(self, call: TakenCall, status: str) -> None:
        if status not in ENDS:
            if call.status in ENDS:
                return
            call.status = status
        sequence, call.next_sequence = call.next_sequence, call.next_sequence + 1
        url, wanted = call.one("StatusCallback"), call.form.get("StatusCallbackEvent", ["completed"])
        if not url or _EVENTS.get(status, "completed") not in wanted:
            return
        fields = {
            "CallSid": call.sid,
            "AccountSid": self._account.account_sid,
            "From": call.one("From"),
            "To": call.one("To"),
            "CallStatus": status,
            "Direction": "outbound-api",
            "ApiVersion": "2010-04-01",
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(sequence),
            "Timestamp": format_datetime(datetime.now(UTC)),
        }
        fault = self._chance.random()
        if fault < self._news.lost:
            return
        if fault < self._news.lost + self._news.late:
            late = threading.Timer(_LATE_S, self._report, (call, url, fields))
            self._late.append(late)
            late.start()
            return
        self._report(call, url, fields)
        if fault < self._news.lost + self._news.late + self._news.doubled:
            self._report(call, url, fields)

    def _report(self, call: TakenCall, url: str, fields: dict[str, str]) -> None:
        """A callback is news, not a question: the call goes on when it fails."""
        try:
            self._account.post(url, fields)
        except CarrierError as error:
            call.problems.append(str(error))


def person(scenario: Scenario, voice: voices.Voice | None = None, **details: Any) -> Callee:
    """Somebody who picks up and does as the scenario says; details as Callee has them."""
    return Callee("answer", scenario, voices.prepare(scenario, voice), **details)
