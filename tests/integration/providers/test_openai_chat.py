"""The chat model through the real package, against a server that speaks the wire and misbehaves on demand."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import Client, build_client, models_offered
from engine.chat import ChatMessage, ChatRequest, strict_object
from engine.errors import UnusableReply, UpstreamBusy, UpstreamRefused, UpstreamUnavailable
from tests.fakes.account import CountingAccount
from tests.fakes.openai_faults import NO_QUOTA, SERVER_ERROR, TOO_MANY, Fault, status
from tests.fakes.openai_server import KEY, FakeOpenAI

SCHEMA = strict_object({"level": {"type": "integer", "minimum": 1, "maximum": 5}, "quote": {"type": "string"}})
GOOD = {"level": 4, "quote": "a sorted copy"}
MODEL = "gpt-6-luna"


def request(**changes: Any) -> ChatRequest:
    fields: dict[str, Any] = {
        "task": "evaluate",
        "version": "1",
        "instructions": "Judge the answer.",
        "messages": (ChatMessage("user", "An index is a sorted copy of a column."),),
        "schema": SCHEMA,
        "temperature": 0.0,
        "max_output_tokens": 200,
        "timeout_s": 5.0,
        "cache_key": "interview",
    }
    return ChatRequest(**(fields | changes))


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        fake.behaviour.chat = lambda body: json.dumps(GOOD) if "text" in body else "Could you say more about that?"
        yield fake


@pytest.fixture
def payer() -> CountingAccount:
    return CountingAccount()


@pytest.fixture
def client(server: FakeOpenAI) -> Iterator[Client]:
    with build_client(KEY, base_url=server.base_url) as made:
        yield made


@pytest.fixture
def chat(client: Client) -> Iterator[OpenAIChat]:
    model = OpenAIChat(client, MODEL)
    yield model
    model.close()


def test_a_structured_reply_comes_as_data_with_its_usage(server: FakeOpenAI, chat: OpenAIChat) -> None:
    reply = chat.complete(request())

    assert reply.data == GOOD
    assert reply.request_id == "resp_1"
    billed = server.counted[f"chat {MODEL}"]
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (billed.input_tokens, billed.output_tokens)
    assert not reply.usage.is_estimated


def test_nothing_is_stored_nothing_is_reasoned_and_the_temperature_is_told(
    server: FakeOpenAI, chat: OpenAIChat
) -> None:
    chat.complete(request(temperature=0.3))

    body = server.requests[0].body
    assert (body["store"], body["reasoning"], body["temperature"]) == (False, {"effort": "none"}, 0.3)
    assert body["text"]["format"]["strict"] is True


def test_a_model_that_reasons_is_told_no_temperature(server: FakeOpenAI, client: Client) -> None:
    model = OpenAIChat(client, "gpt-6.1-sol", reasoning_effort="low")
    assert model.complete(request()).data == GOOD
    model.close()

    assert "temperature" not in server.requests[0].body


def test_plain_text_is_handed_on_while_it_is_written(chat: OpenAIChat) -> None:
    heard: list[str] = []
    reply = chat.complete(request(schema=None), heard.append)

    assert reply.data is None
    assert len(heard) > 1
    assert "".join(heard) == reply.text == "Could you say more about that?"


def test_tokens_read_from_the_providers_cache_are_told_apart(server: FakeOpenAI, chat: OpenAIChat) -> None:
    chat.complete(request())
    again = chat.complete(request())

    assert again.usage.cached_tokens == server.counted[f"chat {MODEL}"].cached_tokens > 0


@pytest.mark.parametrize("kind", ["wrong_shape", "not_json"])
def test_a_reply_of_the_wrong_form_is_corrected_once_and_both_are_paid(
    server: FakeOpenAI, chat: OpenAIChat, payer: CountingAccount, kind: Any
) -> None:
    server.script("/responses", Fault(kind, after=99))
    reply = chat.complete(request(), account=payer)

    assert reply.data == GOOD
    assert reply.usage.requests == len(payer.usages) == 2
    assert reply.usage.input_tokens == server.counted[f"chat {MODEL}"].input_tokens
    assert [message["role"] for message in server.requests[1].body["input"]] == ["user", "assistant", "user"]


def test_a_reply_of_the_wrong_form_twice_is_unusable_and_tells_what_it_cost(
    server: FakeOpenAI, chat: OpenAIChat
) -> None:
    server.script("/responses", Fault("wrong_shape"), Fault("wrong_shape"))
    with pytest.raises(UnusableReply, match="lacks 'level'") as raised:
        chat.complete(request())

    assert raised.value.usage is not None
    assert raised.value.usage.output_tokens == server.counted[f"chat {MODEL}"].output_tokens


@pytest.mark.parametrize(
    ("kind", "words"), [("refusal", "refused"), ("incomplete", "max_output_tokens"), ("empty", "nothing")]
)
def test_refusals_cut_off_and_empty_replies_are_unusable_and_counted(
    server: FakeOpenAI, chat: OpenAIChat, payer: CountingAccount, kind: Any, words: str
) -> None:
    server.script("/responses", Fault(kind))
    with pytest.raises(UnusableReply, match=words):
        chat.complete(request(), account=payer)

    assert len(server.requests) == len(payer.usages) == 1
    assert payer.usages[0].input_tokens == server.counted[f"chat {MODEL}"].input_tokens


@pytest.mark.parametrize(
    "kind", ["truncated", "no_completed", "broken_event", "wrong_types", "reset", "failed", "error_event"]
)
def test_a_stream_that_does_not_end_well_is_a_failure_and_the_next_request_works(
    server: FakeOpenAI, chat: OpenAIChat, kind: Any
) -> None:
    server.script("/responses", Fault(kind, after=2))
    with pytest.raises(UpstreamUnavailable) as raised:
        chat.complete(request(schema=None))

    assert not isinstance(raised.value, UpstreamRefused)
    assert len(server.requests) == 1
    assert chat.complete(request()).data == GOOD


def test_a_stream_that_breaks_is_billed_by_estimate(
    server: FakeOpenAI, chat: OpenAIChat, payer: CountingAccount
) -> None:
    server.script("/responses", Fault("truncated", after=3))
    with pytest.raises(UpstreamUnavailable):
        chat.complete(request(), account=payer)

    assert payer.usages[0].is_estimated
    assert payer.usages[0].input_tokens > 0


@pytest.mark.parametrize("kind", ["slow", "stall", "trickle"])
def test_the_callers_time_is_kept_whatever_the_server_does(server: FakeOpenAI, chat: OpenAIChat, kind: Any) -> None:
    server.script("/responses", Fault(kind, seconds=30))
    began = time.monotonic()
    with pytest.raises(UpstreamUnavailable, match="in time"):
        chat.complete(request(timeout_s=0.4))

    assert time.monotonic() - began < 2.0
    assert chat.complete(request()).data == GOOD
    if kind == "trickle":
        assert server.settled()


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (status(401, "invalid_api_key"), UpstreamRefused, "key is not valid"),
        (status(403), UpstreamRefused, "permission"),
        (NO_QUOTA, UpstreamRefused, "quota"),
        (status(400, "invalid_value"), UpstreamRefused, "invalid_value"),
        (TOO_MANY, UpstreamBusy, "429"),
        (SERVER_ERROR, UpstreamUnavailable, "500"),
        (status(503), UpstreamUnavailable, "503"),
        (Fault("failed", code="rate_limit_exceeded"), UpstreamBusy, "no more requests"),
    ],
)
def test_each_error_of_the_server_has_its_own_meaning(
    server: FakeOpenAI, chat: OpenAIChat, fault: Fault, error: type[Exception], words: str
) -> None:
    server.script("/responses", fault)
    with pytest.raises(error, match=words) as raised:
        chat.complete(request())

    assert len(server.requests) == 1, "nothing is retried on a live line"
    assert KEY not in str(raised.value)


def test_how_long_to_wait_is_handed_on(server: FakeOpenAI, chat: OpenAIChat) -> None:
    server.script("/responses", TOO_MANY)
    with pytest.raises(UpstreamBusy) as raised:
        chat.complete(request())

    assert raised.value.retry_after_s == 7.0


def test_an_unknown_model_is_named(client: Client) -> None:
    model = OpenAIChat(client, "gpt-9")
    with pytest.raises(UpstreamRefused, match="gpt-9"):
        model.complete(request())
    model.close()


def test_a_wrong_key_is_refused(server: FakeOpenAI) -> None:
    with build_client("wrong", base_url=server.base_url) as client:
        model = OpenAIChat(client, MODEL)
        with pytest.raises(UpstreamRefused, match="key is not valid"):
            model.complete(request())
        model.close()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with FakeOpenAI() as gone:
        address = gone.base_url
    with build_client(KEY, base_url=address) as client:
        model = OpenAIChat(client, MODEL)
        with pytest.raises(UpstreamUnavailable, match="reached"):
            model.complete(request())
        model.close()


def test_the_models_on_offer_come_with_the_day_they_end(client: Client) -> None:
    offered = models_offered(client)

    assert offered[MODEL] is None
    assert offered["tts-1"] == "2027-01-06"
