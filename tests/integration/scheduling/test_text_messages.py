"""Text messages through Twilio's own library against its wire, and the news that comes back."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine.config import Settings, load_settings
from engine.errors import DeliveryUnknown, MessageDelayed, MessageRefused
from engine.ports import OutgoingMessage
from engine.scheduling.zones import LocalTime
from engine.store.models import Interview
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import OutboxMessage
from engine.vocabulary import Channel
from engine.work.booking import book_at
from engine.work.sending import PostOffice, send_message
from telephony import message_status, signature
from telephony.sms import TwilioSms
from tests.fakes.twilio_rest import FakeTwilio, fake_twilio
from tests.integration.scheduling.conftest import NOW, weekday_ahead

BASE = "https://interviews.example"
TEXT = OutgoingMessage("0c0d", "+12025550143", "", "an AI calls you")


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with fake_twilio("AC1", "the account's secret") as account:
        yield account


@pytest.fixture
def settings(database_url: str, twilio: FakeTwilio) -> Settings:
    return load_settings(
        {
            "DATABASE_URL": database_url,
            "JWT_SECRET": "a" * 40,
            "JWT_REFRESH_SECRET": "b" * 40,
            "STREAM_SECRET": "c" * 40,
            "PUBLIC_BASE_URL": BASE,
            "TWILIO_ACCOUNT_SID": twilio.account_sid,
            "TWILIO_AUTH_TOKEN": twilio.auth_token,
            "TWILIO_REST_URL": twilio.url,
            "SMS": "twilio",
            "PHONE_NUMBER": "+12025550100",
        }
    )


@pytest.fixture
def sms(settings: Settings) -> Iterator[TwilioSms]:
    messenger = TwilioSms(settings, timeout_s=5)
    yield messenger
    messenger.close()


@pytest.fixture
def client(settings: Settings, sessions: sessionmaker[Session]) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(message_status.blueprint(settings, sessions))
    return app.test_client()


def post(client: FlaskClient, query: str = "", token: str = "the account's secret", **form: str) -> int:
    path = f"/telephony/message-status{query}"
    headers = {signature.SIGNATURE_HEADER: signature.sign(token, BASE + path, form)}
    return client.post(path, data=form, headers=headers).status_code


@pytest.fixture
def sent(office: PostOffice, desk: Callable[..., Any], plan: Callable[..., Interview], sms: TwilioSms) -> OutboxMessage:
    """A confirmation that went out through the fake."""
    with desk() as turn:
        interview = plan(candidate_email=None)
        PermissionRepository(turn.session).grant(interview.owner_id, "+12025550143", "told_user", NOW)
        book_at(turn, interview, LocalTime(weekday_ahead(5, 14), "America/New_York"))
    with office.sessions() as session:
        message = session.scalars(select(OutboxMessage).where(OutboxMessage.touch == "confirmation")).one()
    assert send_message(replace(office, messengers={Channel.SMS: sms}), message.id, NOW) == "sent"
    return reread(office.sessions, message)


def reread(sessions: sessionmaker[Session], message: OutboxMessage) -> OutboxMessage:
    with sessions() as session:
        return session.get_one(OutboxMessage, message.id)


def test_a_text_goes_out_from_our_number_and_asks_for_news(sent: OutboxMessage, twilio: FakeTwilio) -> None:
    (request,) = twilio.messages
    assert (request["To"], request["From"]) == ("+12025550143", "+12025550100")
    assert request["StatusCallback"] == f"{BASE}/telephony/message-status?message={sent.id}"
    assert (sent.state, sent.provider, sent.provider_id) == ("sent", "twilio", request["Sid"])
    assert sent.body == request["Body"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429", MessageDelayed),
        ("401", MessageDelayed),
        ("21610", MessageRefused),
        ("500", DeliveryUnknown),
        ("break", DeliveryUnknown),
    ],
)
def test_each_fault_of_twilio_has_its_own_meaning_and_nothing_is_repeated(
    sms: TwilioSms, twilio: FakeTwilio, fault: str, error: type[Exception]
) -> None:
    twilio.faults = [fault]
    with pytest.raises(error):
        sms.send(TEXT)
    assert (twilio.messages, twilio.faults) == ([], [])


def test_a_number_that_twilio_does_not_take_is_refused(sms: TwilioSms) -> None:
    with pytest.raises(MessageRefused, match="21211"):
        sms.send(replace(TEXT, recipient="nobody"))


def test_twilio_that_is_away_means_later(settings: Settings) -> None:
    away = replace(settings, messages=replace(settings.messages, twilio_rest_url="http://127.0.0.1:1"))
    messenger = TwilioSms(away, timeout_s=2)
    with pytest.raises(MessageDelayed, match="could not be reached"):
        messenger.send(TEXT)
    messenger.close()


def test_news_lost_doubled_and_out_of_order_end_in_the_truth(
    sent: OutboxMessage, client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    sid = str(sent.provider_id)
    for news in ("delivered", "sent", "queued", "delivered", "sending"):
        assert post(client, MessageSid=sid, MessageStatus=news) == 204
    message = reread(sessions, sent)
    assert (message.state, message.delivered_at is not None) == ("delivered", True)


@pytest.mark.parametrize("order", list(itertools.permutations(("sent", "undelivered", "sent")))[:3])
def test_a_text_that_did_not_arrive_says_why_in_words(
    sent: OutboxMessage, client: FlaskClient, sessions: sessionmaker[Session], order: tuple[str, ...]
) -> None:
    for news in order:
        assert post(client, MessageSid=str(sent.provider_id), MessageStatus=news, ErrorCode="30006") == 204
    message = reread(sessions, sent)
    assert message.state == "failed"
    assert message.reason == "This number takes no text messages; it may be a landline."


def test_news_that_comes_before_the_reply_finds_its_message(
    sent: OutboxMessage, client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        row = session.get_one(OutboxMessage, sent.id)
        row.provider_id, row.state = None, "sending"
    assert post(client, f"?message={sent.id}", MessageSid="SM77", MessageStatus="delivered") == 204
    message = reread(sessions, sent)
    assert (message.state, message.provider_id) == ("delivered", "SM77")


def test_news_of_unknown_messages_and_forged_news_change_nothing(
    sent: OutboxMessage, client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    assert post(client, MessageSid="SM0", MessageStatus="failed") == 204
    assert post(client, "?message=none", MessageSid="SM0", MessageStatus="failed") == 204
    assert post(client, f"?message={sent.id}", MessageSid="SM0", MessageStatus="failed") == 204
    assert post(client, MessageStatus="failed") == 204
    assert post(client, token="another", MessageSid=str(sent.provider_id), MessageStatus="failed") == 403
    assert reread(sessions, sent).state == "sent"
