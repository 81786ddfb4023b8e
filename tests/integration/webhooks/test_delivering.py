"""Deliveries over real HTTP to a receiver on this machine: signed, repeated, given up, never led elsewhere."""

import asyncio
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from engine.adapters.webhook_http import WebhookSender
from engine.errors import Conflict
from engine.store.jobs import BATCH, worker_app
from engine.store.models import WebhookEndpoint
from engine.store.webhooks import WebhookRepository
from engine.vocabulary import DeliveryState
from engine.work import jobs
from engine.work.webhooks import MOST_FAILURES, PAUSES
from tests.integration.webhooks.conftest import Desk, Receiver
from tests.loops import in_a_thread

NOW = datetime.now(UTC)


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As docs/api.md tells receivers to check."""
    fields = dict(part.split("=", 1) for part in headers["Vivavoce-Signature"].split(","))
    expected = hmac.new(secret.encode(), f"{fields['t']}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, fields["v1"]) and abs(time.time() - int(fields["t"])) < 300


def test_the_queue_delivers_what_was_planned_and_it_can_be_verified(
    desk: Desk, receiver: Receiver, database_url: str
) -> None:
    planned = desk.test()
    app = worker_app(database_url)
    jobs.register_webhooks(app, desk.sessions, desk.sender)

    async def once() -> None:
        async with app.open_async():
            await app.run_worker_async(queues=[BATCH], wait=False, install_signal_handlers=False)

    in_a_thread(lambda: asyncio.run(asyncio.wait_for(once(), 60)))

    [(headers, body)] = receiver.got
    assert verified(desk.secret, headers, body)
    assert not verified("another", headers, body)
    assert not verified(desk.secret, headers, body + b" ")
    assert headers["Vivavoce-Event"] == "test"
    told = json.loads(body)
    assert (told["id"], told["event"], told["data"]) == (headers["Vivavoce-Delivery"], "test", {})
    [delivery] = desk.deliveries()
    assert delivery.id == planned.id
    assert (delivery.state, delivery.attempts, delivery.status, delivery.answer) == ("delivered", 1, 200, "fine")
    assert desk.deliver(delivery) is None, "a job that runs twice sends nothing"
    assert len(receiver.got) == 1


def test_a_failure_is_tried_again_ever_more_slowly_and_given_up_in_the_end(desk: Desk, receiver: Receiver) -> None:
    receiver.statuses = [500, 307, 404, 503, 500, 500, 200]
    delivery = desk.test()
    now = datetime.now(UTC)
    for number, pause in enumerate(PAUSES, start=1):
        assert desk.deliver(delivery, now) is not None
        [delivery] = desk.deliveries()
        assert (delivery.state, delivery.attempts, delivery.due_at) == (DeliveryState.WAITING, number, now + pause)
        assert desk.deliver(delivery, now + pause - timedelta(seconds=31)) is None, "too early"
        now += pause
    desk.deliver(delivery, now)
    [delivery] = desk.deliveries()
    assert (delivery.state, delivery.attempts, desk.endpoint().failures) == (DeliveryState.FAILED, 6, 6)
    assert len(receiver.got) == 6, "nobody was followed elsewhere"

    with desk.sessions.begin() as session:
        WebhookRepository(session).send_again(delivery.id, desk.owner_id, now)
        waiting = text(
            "select count(*) from procrastinate_jobs where task_name = 'deliver_webhook' and status = 'todo'"
        )
        assert session.scalar(waiting) == 7
    desk.deliver(delivery, now)
    assert (desk.deliveries()[0].state, desk.endpoint().failures) == (DeliveryState.DELIVERED, 0)
    assert [body for _, body in receiver.got].count(receiver.got[0][1]) == 7, "the same to the byte, with the same id"


def test_an_endpoint_that_keeps_failing_is_turned_off_and_says_so(desk: Desk, receiver: Receiver) -> None:
    with desk.sessions.begin() as session:
        session.get_one(WebhookEndpoint, desk.endpoint_id).failures = MOST_FAILURES - 1
    receiver.statuses = [500]
    waiting = desk.test()
    desk.deliver(desk.test())
    off = desk.endpoint()
    assert off.disabled_at is not None
    assert off.disabled_reason == f"{MOST_FAILURES} tries failed one after the other."
    assert desk.deliver(waiting) is None
    assert desk.deliveries()[0].answer == "The webhook was turned off."
    with desk.sessions.begin() as session, pytest.raises(Conflict, match="Turn it on"):
        WebhookRepository(session).send_again(waiting.id, desk.owner_id, datetime.now(UTC))
    assert len(receiver.got) == 1

    with desk.sessions.begin() as session:
        WebhookRepository(session).switch(session.get_one(WebhookEndpoint, off.id), is_on=True, reason="", now=NOW)
    assert desk.endpoint().failures == 0
    receiver.statuses = [410]
    desk.deliver(desk.test())
    assert "410" in str(desk.endpoint().disabled_reason), "gone for good: at once"
    assert desk.deliveries()[-1].state == DeliveryState.FAILED


def test_whoever_does_not_answer_is_not_waited_for(desk: Desk, receiver: Receiver) -> None:
    receiver.is_silent = True
    desk.sender = WebhookSender(may_be_local=True, longest_s=0.2)
    began_s = time.monotonic()
    outcome = desk.deliver(desk.test())
    assert time.monotonic() - began_s < 5
    assert outcome is not None
    assert outcome.answer == "No answer came within 0.2 seconds."
    assert desk.deliveries()[0].state == DeliveryState.WAITING


def test_a_long_answer_is_cut_off_and_kept_as_text(desk: Desk, receiver: Receiver) -> None:
    receiver.answer = b"a\0b\xff <script> " + b"x" * 100_000
    desk.deliver(desk.test())
    assert desk.deliveries()[0].answer.startswith("ab\N{REPLACEMENT CHARACTER} <script> xxx")
    assert len(desk.deliveries()[0].answer) == 500


def test_in_production_this_machine_is_not_posted_to_whatever_its_name(desk: Desk, receiver: Receiver) -> None:
    desk.sender = WebhookSender(may_be_local=False)
    port = receiver.url.rpartition(":")[2]
    for url in (receiver.url, f"http://localhost:{port}/x", f"https://localhost:{port}/x", f"https://127.0.0.1:{port}"):
        with desk.sessions.begin() as session:
            session.get_one(WebhookEndpoint, desk.endpoint_id).url = url
        outcome = desk.deliver(desk.test())
        assert outcome is not None
        assert (outcome.is_taken, outcome.status) == (False, None)
    assert {delivery.state for delivery in desk.deliveries()} == {DeliveryState.FAILED}
    assert receiver.got == []


def test_a_name_that_leads_to_a_private_address_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.sessions.begin() as session:
        session.get_one(WebhookEndpoint, desk.endpoint_id).url = "https://hooks.example.org/"

    async def leads_inside(*_arguments: object, **_options: object) -> list[object]:
        return [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", leads_inside)
    outcome = desk.deliver(desk.test())
    assert outcome is not None
    assert "not reachable from the internet" in outcome.answer


def test_old_deliveries_are_forgotten(desk: Desk) -> None:
    desk.test()
    jobs.tidy_up(desk.sessions, datetime.now(UTC) + timedelta(days=29))
    assert len(desk.deliveries()) == 1
    jobs.tidy_up(desk.sessions, datetime.now(UTC) + timedelta(days=31))
    assert desk.deliveries() == []
