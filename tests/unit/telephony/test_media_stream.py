"""One media stream: what is accepted, what is counted, what ends it."""

import base64
import json
from pathlib import Path

import pytest

from engine.errors import ProtocolError
from telephony import media_stream
from telephony.media_stream import (
    DtmfReceived,
    MarkReceived,
    MediaReceived,
    Phase,
    StreamProtocol,
    StreamStarted,
    StreamStopped,
)

STREAM = "MZ" + "0" * 32
CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'
REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "twilio_session_example.jsonl"
OWN_SESSION = Path(__file__).parents[2] / "fixtures" / "twilio_session.jsonl"


def start(**changes: object) -> str:
    media_format = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    body = {
        "accountSid": "AC1",
        "streamSid": STREAM,
        "callSid": "CA1",
        "tracks": ["inbound"],
        "customParameters": {"token": "t"},
        "mediaFormat": media_format,
        **changes,
    }
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": STREAM, "start": body})


def media(
    chunk: int, at_ms: int, *, sequence: int | None = None, mulaw: bytes = b"\x01" * 160, sid: str = STREAM
) -> str:
    body = {
        "track": "inbound",
        "chunk": str(chunk),
        "timestamp": str(at_ms),
        "payload": base64.b64encode(mulaw).decode(),
    }
    number = str(chunk + 1 if sequence is None else sequence)
    return json.dumps({"event": "media", "sequenceNumber": number, "streamSid": sid, "media": body})


def started() -> StreamProtocol:
    protocol = StreamProtocol()
    protocol.receive(CONNECTED)
    protocol.receive(start())
    assert protocol.phase is Phase.STARTED
    return protocol


def audio(protocol: StreamProtocol, message: str) -> MediaReceived:
    [event] = protocol.receive(message)
    assert isinstance(event, MediaReceived)
    return event


def test_a_stream_says_whose_call_it_is_and_brings_its_parameters() -> None:
    protocol = StreamProtocol()
    protocol.receive(CONNECTED)

    [event] = protocol.receive(start())

    assert event == StreamStarted(STREAM, 1, "CA1", "AC1", {"token": "t"})
    assert protocol.start == event


def test_numbers_may_come_as_integers_too() -> None:
    message = json.loads(media(1, 5))
    message["sequenceNumber"], message["media"]["chunk"], message["media"]["timestamp"] = 2, 1, 5

    assert media_stream.decode(json.dumps(message)) == media_stream.decode(media(1, 5))


def test_the_first_audio_begins_the_sample_clock_whatever_its_stamp() -> None:
    protocol = started()

    assert audio(protocol, media(1, 80)).missing == 0
    assert audio(protocol, media(2, 100)).missing == 0
    assert protocol.samples == 320


def test_lost_audio_is_told_so_that_nothing_after_it_shifts() -> None:
    protocol = started()
    protocol.receive(media(1, 0))

    assert audio(protocol, media(4, 60, sequence=5)).missing == 320
    assert protocol.samples == 640
    assert audio(protocol, media(5, 80, sequence=6)).missing == 0
    assert protocol.counters()["chunks_lost"] == 2
    assert protocol.counters()["sequence_lost"] == 2
    assert protocol.counters()["filled_ms"] == 40


def test_stamps_that_jitter_by_less_than_a_frame_insert_nothing() -> None:
    protocol = started()

    missing = [audio(protocol, media(chunk, at_ms)).missing for chunk, at_ms in ((1, 0), (2, 35), (3, 41), (4, 62))]

    assert missing == [0, 0, 0, 0]


def test_a_gap_of_more_than_ten_seconds_is_counted_and_not_filled() -> None:
    protocol = started()
    protocol.receive(media(1, 0))

    assert audio(protocol, media(2, 11_000)).missing == 0
    assert audio(protocol, media(3, 11_020)).missing == 0
    assert protocol.counters()["gaps_too_long"] == 1


def test_a_repeated_or_late_message_is_dropped_and_counted() -> None:
    protocol = started()
    protocol.receive(media(1, 0))
    protocol.receive(media(2, 20))

    assert protocol.receive(media(2, 20)) == ()
    assert protocol.receive(media(1, 0)) == ()
    assert protocol.counters()["repeated"] == 2
    assert protocol.samples == 320


def test_a_key_that_arrives_twice_was_pressed_once() -> None:
    protocol = started()
    dtmf = json.dumps({"event": "dtmf", "streamSid": STREAM, "sequenceNumber": "2", "dtmf": {"digit": "2"}})

    assert [len(protocol.receive(dtmf)) for _ in range(2)] == [1, 0]


def test_keys_marks_and_the_end_come_through() -> None:
    protocol = started()
    dtmf = {
        "event": "dtmf",
        "streamSid": STREAM,
        "sequenceNumber": "2",
        "dtmf": {"track": "inbound_track", "digit": "#"},
    }
    mark = {"event": "mark", "streamSid": STREAM, "sequenceNumber": "3", "mark": {"name": 'a "b"\u00e9'}}
    stop = {
        "event": "stop",
        "streamSid": STREAM,
        "sequenceNumber": "4",
        "stop": {"accountSid": "AC1", "callSid": "CA1"},
    }

    events = [event for message in (dtmf, mark, stop) for event in protocol.receive(json.dumps(message))]

    assert events == [
        DtmfReceived("#", STREAM, 2),
        MarkReceived('a "b"\u00e9', STREAM, 3),
        StreamStopped("CA1", STREAM, 4),
    ]
    assert protocol.is_stopped
    assert protocol.receive(media(9, 0, sequence=9)) == ()


def test_anything_before_start_ends_the_stream_as_a_broken_protocol() -> None:
    protocol = StreamProtocol()
    protocol.receive(CONNECTED)

    assert protocol.receive(media(1, 0)) == ()
    assert protocol.violation is not None
    assert protocol.violation.code == 1002


def test_a_stream_that_never_starts_is_turned_away() -> None:
    protocol = StreamProtocol()
    for _ in range(media_stream.MOST_MESSAGES_BEFORE_START):
        protocol.receive(CONNECTED)

    assert protocol.violation is not None
    assert protocol.violation.code == 1008


@pytest.mark.parametrize(
    "changes",
    [
        {"mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 8000, "channels": 1}},
        {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 16000, "channels": 1}},
        {"callSid": 'CA"1'},
        {"customParameters": {"token": 1}},
        {"streamSid": "MZother"},
    ],
)
def test_a_start_that_no_call_can_go_on_from_ends_the_stream(changes: dict[str, object]) -> None:
    protocol = StreamProtocol()

    protocol.receive(start(**changes))

    assert protocol.violation is not None
    assert protocol.violation.code == 1007


def test_a_second_start_ends_the_stream() -> None:
    protocol = started()

    protocol.receive(start().replace('"sequenceNumber": "1"', '"sequenceNumber": "2"'))

    assert protocol.violation is not None
    assert protocol.violation.code == 1002


def test_nine_malformed_messages_are_survived_and_the_tenth_is_not() -> None:
    protocol = started()
    for _ in range(9):
        protocol.receive("{")

    assert audio(protocol, media(1, 0)).mulaw == b"\x01" * 160
    assert protocol.counters()["malformed"] == 9
    protocol.receive(b"binary")
    assert protocol.violation is not None
    assert protocol.violation.code == 1007


def test_an_oversized_message_ends_the_stream() -> None:
    protocol = started()

    protocol.receive("x" * (64 * 1024 + 1))

    assert protocol.violation is not None
    assert protocol.violation.code == 1009


def test_a_message_of_another_stream_is_counted_as_malformed() -> None:
    protocol = started()

    assert protocol.receive(media(1, 0, sid="MZ1")) == ()
    assert protocol.counters()["malformed"] == 1


def test_an_absurd_number_does_not_shut_out_what_follows() -> None:
    protocol = started()
    protocol.receive(media(1, 0))

    assert protocol.receive(media(2, 20, sequence=10**9)) == ()
    assert audio(protocol, media(3, 40, sequence=4)).missing == 160


def test_events_that_do_not_concern_us_are_let_pass() -> None:
    outbound = media(1, 0).replace('"inbound"', '"outbound"')

    assert media_stream.decode('{"event":"weather","streamSid":"MZ1"}') is None
    assert media_stream.decode(outbound) is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("nonsense", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no event name"),
        ('{"event":"media"}', "media is missing"),
        ('{"event":"media","media":{"payload":"a"}}', "not base64"),
        (media(1, 0).replace('"payload": "', '"payload": "#'), "not base64"),
        ('{"event":"media","media":{"payload":""},"streamSid":"MZ1"}', "timestamp is missing"),
        ('{"event":"mark","mark":{}}', "name is missing"),
        ('{"event":"dtmf","dtmf":{"digit":"12"},"streamSid":"MZ1"}', "no key"),
        (media(1, 0).replace('"timestamp": "0"', '"timestamp": "-1"'), "timestamp is missing or not a whole"),
    ],
)
def test_a_malformed_message_is_refused_with_its_reason(message: str, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        media_stream.decode(message)


@pytest.mark.parametrize(
    "path",
    [
        OWN_SESSION,
        pytest.param(REFERENCE, marks=pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not here")),
    ],
    ids=["own", "reference"],
)
def test_a_recorded_session_is_accepted_to_the_last_message(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    protocol = StreamProtocol()

    for row in rows:
        if row["dir"] == "twilio->app":
            protocol.receive(json.dumps(row["msg"]))

    counts = protocol.counters()
    assert protocol.is_stopped
    assert counts["media"] == sum(row["dir"] == "twilio->app" and row["msg"]["event"] == "media" for row in rows)
    assert {name: counts[name] for name in ("malformed", "ignored", "repeated", "sequence_lost", "chunks_lost")} == {
        "malformed": 0,
        "ignored": 0,
        "repeated": 0,
        "sequence_lost": 0,
        "chunks_lost": 0,
    }
