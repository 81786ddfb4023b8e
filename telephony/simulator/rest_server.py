"""Twilio's REST API for calls on a loopback port, so that the real library can be used without an account.

Source: Twilio, "Call resource"; errors as in "Error and warning dictionary".
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from telephony.simulator.account import Account
from telephony.simulator.exchange import Exchange, TakenCall

_CALLS: Final = "Calls"
Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, taken apart. fields: of the form, or of the query for a GET."""

    method: str
    path: str
    authorization: str
    fields: dict[str, list[str]]

    def one(self, name: str) -> str:
        return self.fields.get(name, [""])[0]


class Api(Protocol):
    def answer(self, asked: Asked) -> Answer | None:
        """Status and JSON; None breaks the connection without an answer."""


class CallsApi:
    """Create, fetch, list and update calls; fetch the account."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._exchange = exchange
        self._prefix = f"/2010-04-01/Accounts/{account.account_sid}/"

    def answer(self, asked: Asked) -> Answer | None:
        login = f"{self._account.account_sid}:{self._account.auth_token}"
        if asked.authorization != f"Basic {base64.b64encode(login.encode()).decode()}":
            return error(401, 20003, "Authenticate")
        if asked.path == f"{self._prefix[:-1]}.json":
            return 200, {"sid": self._account.account_sid, "status": "active", "type": "Full"}
        name = asked.path.removeprefix(self._prefix).removesuffix(".json")
        if name == _CALLS:
            return self._create(asked) if asked.method == "POST" else self._list(asked)
        call = self._exchange.find(name.removeprefix(f"{_CALLS}/")) if name.startswith(f"{_CALLS}/") else None
        if call is None:
            return error(404, 20404, f"The requested resource {asked.path} was not found")
        return self._update(call, asked) if asked.method == "POST" else (200, self._exchange.resource(call))

    def _create(self, asked: Asked) -> Answer:
        return 201, self._exchange.resource(self._exchange.take(asked.fields))

    def _list(self, asked: Asked) -> Answer:
        wanted = {name: asked.one(name) for name in ("To", "From", "Status") if asked.one(name)}
        found = self._exchange.listed(**wanted)[: int(asked.one("PageSize") or 50)]
        uri = f"{self._prefix}{_CALLS}.json"
        return 200, {
            "calls": [self._exchange.resource(call) for call in found],
            "page": 0,
            "page_size": 50,
            "first_page_uri": uri,
            "uri": uri,
            "next_page_uri": None,
            "previous_page_uri": None,
            "start": 0,
            "end": max(0, len(found) - 1),
        }

    def _update(self, call: TakenCall, asked: Asked) -> Answer:
        if self._exchange.change(call, asked.one("Twiml") or None, asked.one("Status") or None):
            return 200, self._exchange.resource(call)
        return error(400, 21220, "Call is not in-progress. Cannot redirect.")


def error(status: int, code: int, message: str) -> Answer:
    """A refusal as Twilio words it."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}


@contextmanager
def serving(api: Api, port: int = 0) -> Iterator[str]:
    """The API on a loopback port while the block lasts; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._serve(parse_qs(urlsplit(self.path).query, keep_blank_values=True))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.headers.get("Content-Type") != "application/x-www-form-urlencoded":
                self._reply(*error(415, 20415, "Unsupported Media Type"))
                return
            self._serve(parse_qs(raw.decode(), keep_blank_values=True))

        def _serve(self, fields: dict[str, list[str]]) -> None:
            path, authorization = urlsplit(self.path).path, self.headers.get("Authorization", "")
            answer = api.answer(Asked(self.command, path, authorization, fields))
            if answer is None:
                self.close_connection = True
                return
            self._reply(*answer)

        def _reply(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    with Server(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
