"""Twilio's REST API on a loopback port, as strict as the original, with faults on demand: Messages and Calls."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from telephony.simulator.account import Account
from telephony.simulator.exchange import Callee, Exchange, NewsFaults
from telephony.simulator.rest_server import Answer, Asked, CallsApi, error, serving

E164 = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_BODY = 1600
MESSAGE_FIELDS = {
    "To",
    "From",
    "Body",
    "StatusCallback",
    "MessagingServiceSid",
    "SendAt",
    "ScheduleType",
    "ValidityPeriod",
}
CALL_FIELDS = {
    "To",
    "From",
    "Url",
    "StatusCallback",
    "StatusCallbackEvent",
    "Timeout",
    "TimeLimit",
    "MachineDetection",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
}
EVENTS = {"initiated", "ringing", "answered", "completed"}


@dataclass
class FakeTwilio:
    """What the account looks like from outside; `faults` are used up one a POST."""

    account_sid: str
    auth_token: str
    exchange: Exchange
    calls_api: CallsApi
    url: str = ""
    status: str = "active"
    """Of the account."""
    messages: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """A status such as 429 or 500, an error code such as 21610, `break` (the line breaks before anything is done) or
    `break after` (when it was done)."""
    requests: list[tuple[datetime, str]] = field(default_factory=list)
    """When each call was asked for, and to which number."""

    def answer(self, asked: Asked) -> Answer | None:
        fault = self.faults.pop(0) if self.faults and asked.method == "POST" else ""
        if fault == "break":
            return None
        if fault == "break after":
            self._carry_out(asked)
            return None
        if fault:
            status = int(fault) if len(fault) == 3 else 400
            return error(status, 20429 if status == 429 else int(fault), "as the test wished")
        return self._carry_out(asked)

    def _carry_out(self, asked: Asked) -> Answer | None:
        is_new = asked.method == "POST" and asked.path.endswith("/Calls.json")
        if is_new:
            self.requests.append((datetime.now(UTC), asked.one("To")))
        refused = self._strictly(asked) if is_new else None
        if asked.path.endswith("/Messages.json"):
            allowed = self.calls_api.answer(Asked("GET", "", asked.authorization, {}))
            if allowed is not None and allowed[0] == 401:
                return allowed
            return self._create_message({name: values[0] for name, values in asked.fields.items()})
        answer = refused or self.calls_api.answer(asked)
        if answer is not None and asked.path.endswith(f"/Accounts/{self.account_sid}.json"):
            answer[1]["status"] = self.status if answer[0] == 200 else answer[0]
        return answer

    def _strictly(self, asked: Asked) -> Answer | None:
        form = asked.fields
        if set(form) - CALL_FIELDS:
            return error(400, 20001, f"Unknown parameters {sorted(set(form) - CALL_FIELDS)}")
        for name, code in (("To", 21211), ("From", 21212)):
            if not E164.fullmatch(asked.one(name)):
                return error(400, code, f"The '{name}' number is not a valid phone number.")
        for name in ("Url", "StatusCallback", "AsyncAmdStatusCallback"):
            if urlsplit(asked.one(name)).scheme not in ("http", "https"):
                return error(400, 21205, f"{name} is not a valid URL.")
        if set(form.get("StatusCallbackEvent", [])) - EVENTS or asked.one("AsyncAmd") not in ("", "true", "false"):
            return error(400, 20001, "Invalid parameter")
        if not 0 < int(asked.one("Timeout") or 60) <= 600:
            return error(400, 20001, "Invalid Timeout")
        return None

    def _create_message(self, form: dict[str, str]) -> Answer:
        if set(form) - MESSAGE_FIELDS:
            return error(400, 20001, f"Unknown parameters {sorted(set(form) - MESSAGE_FIELDS)}")
        if not E164.fullmatch(form.get("To", "")):
            return error(400, 21211, "The 'To' number is not a valid phone number.")
        if not E164.fullmatch(form.get("From", "")):
            return error(400, 21212, "The 'From' number is not a valid phone number.")
        if not form.get("Body"):
            return error(400, 21602, "Message body is required.")
        if len(form["Body"]) > LONGEST_BODY:
            return error(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        if urlsplit(form.get("StatusCallback", "")).scheme not in ("http", "https"):
            return error(400, 21609, "The 'StatusCallback' URL is not a valid URL.")
        sid = f"SM{uuid.uuid4().hex}"
        self.messages.append(form | {"Sid": sid})
        now = format_datetime(datetime.now(UTC))
        return 201, {
            "sid": sid,
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": form["Body"],
            "date_created": now,
            "date_sent": None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form["From"],
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(-(-len(form["Body"]) // 153)),
            "price": None,
            "price_unit": "USD",
            "status": "queued",
            "subresource_uris": {},
            "to": form["To"],
            "uri": f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}.json",
        }


def _nobody(number: str) -> Callee:
    return Callee("silent")


@contextmanager
def fake_twilio(
    account_sid: str,
    auth_token: str,
    callee: Callable[[str], Callee] = _nobody,
    server_url: str = "",
    **details: Any,
) -> Iterator[FakeTwilio]:
    """The API while the block lasts.

    callee: who is at a number. server_url: where the webhooks of placed calls are. details: as Exchange has them.
    """
    account = Account(account_sid, auth_token, server_url, server_url)
    exchange = Exchange(account, callee, **details)
    fake = FakeTwilio(account_sid, auth_token, exchange, CallsApi(account, exchange))
    with serving(fake) as url:
        fake.url = url
        yield fake


__all__ = ["Callee", "FakeTwilio", "NewsFaults", "fake_twilio"]
