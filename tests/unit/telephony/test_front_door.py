"""Signatures, stream tokens, TwiML and call status: the values at the front door."""

import uuid
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers, MultiDict

from telephony import signature, status, stream_token, twiml
from telephony.stream_token import TokenRejected

INTERVIEW = uuid.UUID("11111111-2222-3333-4444-555555555555")
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+12349013030",
    "Digits": "1234",
    "From": "+12349013030",
    "To": "+18005551212",
}
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
VECTOR = "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_twilios_published_example_is_signed_and_accepted() -> None:
    assert signature.sign("12345", URL, FORM) == VECTOR
    assert signature.is_signed("12345", URL, FORM, Headers({"X-Twilio-Signature": VECTOR}))


@pytest.mark.parametrize(
    ("token", "url", "form", "headers"),
    [
        ("54321", URL, FORM, {"X-Twilio-Signature": VECTOR}),
        ("12345", URL + "3", FORM, {"X-Twilio-Signature": VECTOR}),
        ("12345", URL.replace("https", "http"), FORM, {"X-Twilio-Signature": VECTOR}),
        ("12345", URL, FORM | {"Digits": "1235"}, {"X-Twilio-Signature": VECTOR}),
        ("12345", URL, FORM | {"Extra": ""}, {"X-Twilio-Signature": VECTOR}),
        ("12345", URL, FORM, {"X-Twilio-Signature": ""}),
        ("12345", URL, FORM, {}),
    ],
    ids=["token", "url", "scheme", "field", "added field", "empty header", "no header"],
)
def test_anything_else_is_not_signed(token: str, url: str, form: dict[str, str], headers: dict[str, str]) -> None:
    assert not signature.is_signed(token, url, form, Headers(headers))


def test_a_field_that_came_twice_counts_twice() -> None:
    form = MultiDict([("A", "1"), ("A", "2")])
    good = signature.sign("12345", URL, {"A": "1A2"})

    assert signature.is_signed("12345", URL, form, Headers({"X-Twilio-Signature": good}))
    assert not signature.is_signed("12345", URL, form.to_dict(), Headers({"X-Twilio-Signature": good}))


def test_the_algorithm_named_by_the_settings_header_is_the_one_that_counts() -> None:
    settings = "X-Twilio-Webhooks-Signature-Settings"
    named = {settings: "key=k1,algorithm=HMAC_SHA1", "X-Twilio-Signature": VECTOR}

    assert signature.is_signed("12345", URL, FORM, Headers(named))
    for algorithm in ("HMAC_SHA256", "HMAC_MD5"):
        other = named | {settings: f"key=k1,algorithm={algorithm}"}
        assert not signature.is_signed("12345", URL, FORM, Headers(other))


@pytest.mark.parametrize("signed", ["wss://a.example/telephony/media", "wss://a.example/telephony/media/"])
def test_the_upgrade_is_accepted_with_and_without_a_slash_at_its_end(signed: str) -> None:
    headers = Headers({"X-Twilio-Signature": signature.sign("t", signed, {})})

    assert signature.is_signed_upgrade("t", "wss://a.example/telephony/media", headers)
    assert not signature.is_signed_upgrade("t", "https://a.example/telephony/media", headers)


def test_the_public_address_has_the_path_as_twilio_called_it() -> None:
    assert signature.public_url("https://a.example", "/telephony/voice?") == "https://a.example/telephony/voice"
    assert signature.public_url("https://a.example", "/telephony/pin?try=1") == "https://a.example/telephony/pin?try=1"


def test_a_token_opens_the_door_for_its_own_call_until_it_expires() -> None:
    token = stream_token.make("secret", "CA1", INTERVIEW, "nonce", 1_000)

    ticket = stream_token.check("secret", token, "CA1", 999.9)

    assert (ticket.interview_id, ticket.nonce) == (INTERVIEW, "nonce")
    assert len(token) < 250


@pytest.mark.parametrize(
    ("secret", "call_sid", "now_s", "why"),
    [
        ("secret", "CA2", 0, "another call"),
        ("secret", "CA1", 1_000, "expired"),
        ("other", "CA1", 0, "not signed here"),
    ],
)
def test_a_token_opens_no_other_door(secret: str, call_sid: str, now_s: float, why: str) -> None:
    token = stream_token.make("secret", "CA1", INTERVIEW, "nonce", 1_000)

    with pytest.raises(TokenRejected, match=why) as caught:
        stream_token.check(secret, token, call_sid, now_s)

    assert token not in str(caught.value)


@given(st.one_of(st.text(max_size=80), st.builds("{}.{}.{}.{}.{}".format, *[st.text(max_size=9)] * 5)))
def test_any_text_is_rejected_and_nothing_worse(token: str) -> None:
    with pytest.raises(TokenRejected):
        stream_token.check("secret", token, "CA1", 0)


@given(st.integers(0, 120), st.characters(codec="ascii"))
def test_a_token_with_one_character_changed_is_rejected(place: int, character: str) -> None:
    token = stream_token.make("secret", "CA1", INTERVIEW, "nonce", 1_000)
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]

    if changed != token:
        with pytest.raises(TokenRejected):
            stream_token.check("secret", changed, "CA1", 0)


def test_connecting_names_socket_callbacks_and_parameters() -> None:
    stream = twiml.StreamAddress("wss://a.example/media", "https://a.example/s", {"token": "a<&>\"'b"})

    document = ElementTree.fromstring(twiml.connect_stream(stream, "/telephony/after"))

    connect = document.find("Connect")
    assert connect is not None
    assert connect.get("action") == "/telephony/after"
    element = connect.find("Stream")
    assert element is not None
    assert (element.get("url"), element.get("statusCallback")) == ("wss://a.example/media", "https://a.example/s")
    parameter = element.find("Parameter")
    assert parameter is not None
    assert parameter.attrib == {"name": "token", "value": "a<&>\"'b"}


def test_a_parameter_that_twilio_would_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="token is too long"):
        twiml.connect_stream(twiml.StreamAddress("wss://a.example", "/s", {"token": "x" * 495}), "/after")


def test_asking_for_the_pin_waits_for_six_digits_and_goes_on_without_them_too() -> None:
    document = ElementTree.fromstring(twiml.ask_for_pin("https://a.example/telephony/pin?try=1", "Your PIN & more"))

    gather, redirect = document
    assert (gather.tag, gather.get("numDigits"), gather.get("input")) == ("Gather", "6", "dtmf speech")
    assert gather.get("action") == redirect.text == "https://a.example/telephony/pin?try=1"
    assert gather.findtext("Say") == "Your PIN & more"


def test_every_status_that_twilio_documents_has_one_of_ours() -> None:
    documented = [
        "queued",
        "initiated",
        "ringing",
        "in-progress",
        "completed",
        "busy",
        "no-answer",
        "failed",
        "canceled",
    ]

    assert sorted(status.STATES) == sorted(documented)
