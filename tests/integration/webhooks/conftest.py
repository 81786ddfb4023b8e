"""A user, an interview, and a receiver on a loopback port that keeps what is posted to it."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.webhook_http import WebhookSender
from engine.store.models import Interview, WebhookDelivery, WebhookEndpoint
from engine.store.webhooks import Outcome, WebhookRepository
from engine.vocabulary import WebhookEvent
from engine.work.webhooks import deliver
from tests.integration.dashboard.sample_interviews import new_interview, new_user
from tests.loops import in_a_thread


@dataclass
class Receiver:
    """Somebody's system; `statuses` are used up one a request, then everything is taken."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answer: bytes = b"fine"
    is_silent: bool = False
    let_go: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    keeps = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            keeps.got.append((dict(self.headers.items()), body))
            if keeps.is_silent:
                keeps.let_go.wait(10)
                return
            self.send_response(keeps.statuses.pop(0) if keeps.statuses else 200)
            self.send_header("Location", keeps.url + "/elsewhere")
            self.send_header("Content-Length", str(len(keeps.answer)))
            self.end_headers()
            self.wfile.write(keeps.answer)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    keeps.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield keeps
    keeps.let_go.set()
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Desk:
    """One user's endpoint, and the means to deliver to it."""

    sessions: sessionmaker[Session]
    owner_id: uuid.UUID
    interview_id: uuid.UUID
    endpoint_id: uuid.UUID
    secret: str
    sender: WebhookSender = field(default_factory=lambda: WebhookSender(may_be_local=True))

    def deliveries(self) -> list[WebhookDelivery]:
        with self.sessions() as session:
            return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.created_at)))

    def endpoint(self) -> WebhookEndpoint:
        with self.sessions() as session:
            return WebhookRepository(session).find(self.endpoint_id, self.owner_id)

    def deliver(self, delivery: WebhookDelivery, at: datetime | None = None) -> Outcome | None:
        """What the job does."""
        outcomes: list[Outcome | None] = []
        work = deliver(self.sessions, self.sender, delivery.id, at or datetime.now(UTC))
        in_a_thread(lambda: outcomes.append(asyncio.run(work)))
        return outcomes[0]

    def test(self) -> WebhookDelivery:
        """Plan a test event."""
        with self.sessions.begin() as session:
            WebhookRepository(session).send_test(session.get_one(WebhookEndpoint, self.endpoint_id))
        return self.deliveries()[-1]


@pytest.fixture
def desk(sessions: sessionmaker[Session], receiver: Receiver) -> Desk:
    owner_id = new_user(sessions, "ada@example.org")
    interview_id = new_interview(sessions, owner_id)
    with sessions.begin() as session:
        told = [event for event in WebhookEvent if event is not WebhookEvent.TEST]
        endpoint = WebhookRepository(session).add(owner_id, receiver.url + "/hooks?for=us", told)
        return Desk(sessions, owner_id, interview_id, endpoint.id, endpoint.secret)


@pytest.fixture
def interview(desk: Desk) -> Callable[[], Interview]:
    def read() -> Interview:
        with desk.sessions() as session:
            return session.get_one(Interview, desk.interview_id)

    return read
