"""Twilio's REST API on a loopback port, as strict as the original: Messages so far, by one route per resource."""

import base64
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

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
Answer = tuple[int, dict[str, Any]]


@dataclass
class FakeTwilio:
    """What the account looks like from outside; `faults` are used up one a request."""

    account_sid: str
    auth_token: str
    port: int = 0
    messages: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """A status such as 429 or 500, an error code such as 21610, or `break` (the line breaks after the request)."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str, authorization: str, form: dict[str, str]) -> Answer:
        expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if authorization != f"Basic {expected}":
            return error(401, 20003, "Authenticate")
        routes: dict[str, Callable[[dict[str, str]], Answer]] = {"Messages.json": self._create_message}
        prefix = f"/2010-04-01/Accounts/{self.account_sid}/"
        route = routes.get(path.removeprefix(prefix)) if path.startswith(prefix) else None
        return route(form) if route else error(404, 20404, f"The requested resource {path} was not found")

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


def error(status: int, code: int, message: str) -> Answer:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}


@contextmanager
def fake_twilio(account_sid: str, auth_token: str) -> Iterator[FakeTwilio]:
    """The API while the block lasts."""
    account = FakeTwilio(account_sid, auth_token)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.headers.get("Content-Type") != "application/x-www-form-urlencoded":
                self._reply(*error(415, 20415, "Unsupported Media Type"))
                return
            fault = account.faults.pop(0) if account.faults else ""
            if fault == "break":
                self.close_connection = True
                return
            if fault:
                status = int(fault) if len(fault) == 3 else 400
                self._reply(*error(status, 20429 if status == 429 else int(fault), "as the test wished"))
                return
            fields = parse_qs(raw.decode(), keep_blank_values=True, strict_parsing=True)
            form = {name: values[0] for name, values in fields.items()}
            self._reply(*account.answer(urlsplit(self.path).path, self.headers.get("Authorization", ""), form))

        def _reply(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        account.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield account
        finally:
            server.shutdown()
            thread.join()
