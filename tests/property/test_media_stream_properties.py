"""The wire codec and the simulated line, for any input."""

import base64
import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ProtocolError
from telephony import media_stream
from telephony.media_stream import MediaReceived, Phase, StreamProtocol
from telephony.simulator.happenings import Kind
from telephony.simulator.line import SimulatedLine, StreamIdentity

STREAM = "MZ" + "0" * 32
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["connected", "start", "media", "dtmf", "mark", "stop", "other"])
NUMBERS = st.one_of(st.integers(-3, 40), st.integers(-3, 40).map(str), JSON_VALUES)


@st.composite
def nearly_right_messages(draw: st.DrawFn) -> str:
    """Messages of the right shape in which any field may be missing, wrong or out of order."""
    kind = draw(KINDS)
    bodies = {
        "start": {
            "streamSid": STREAM,
            "callSid": "CA1",
            "accountSid": "AC1",
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {},
        },
        "media": {
            "track": "inbound",
            "chunk": draw(NUMBERS),
            "timestamp": draw(st.one_of(NUMBERS, st.integers(0, 30_000))),
            "payload": base64.b64encode(draw(st.binary(max_size=320))).decode(),
        },
        "dtmf": {"digit": draw(st.sampled_from("0*#x"))},
        "mark": {"name": draw(st.text(max_size=4))},
        "stop": {"callSid": "CA1", "accountSid": "AC1"},
    }
    message = {"event": kind, "streamSid": STREAM, "sequenceNumber": draw(NUMBERS), kind: bodies.get(kind, {})}
    if kind == "connected":
        message |= {"protocol": "Call", "version": "1.0.0"}
    for name in draw(st.sets(st.sampled_from(sorted(message)), max_size=1)):
        del message[name]
    return json.dumps(message)


@given(st.one_of(st.text(), JSON_VALUES.map(json.dumps), nearly_right_messages()))
def test_decoding_gives_an_event_or_a_protocol_error_and_nothing_else(text: str) -> None:
    try:
        media_stream.decode(text)
    except ProtocolError as error:
        assert str(error)  # either outcome is right; another exception is not


@given(st.binary(max_size=2000))
def test_audio_survives_the_wire_in_both_directions(mulaw: bytes) -> None:
    sent = json.loads(media_stream.encode_media(STREAM, mulaw))
    sent |= {"sequenceNumber": "2"}
    sent["media"] |= {"chunk": "1", "timestamp": "0"}

    event = media_stream.decode(json.dumps(sent))

    assert isinstance(event, MediaReceived)
    assert event.mulaw == mulaw


@given(st.text(max_size=50))
def test_a_mark_keeps_its_name_whatever_it_is(name: str) -> None:
    assert json.loads(media_stream.encode_mark(STREAM, name))["mark"]["name"] == name


@given(st.lists(st.one_of(nearly_right_messages(), st.binary(max_size=4), st.text(max_size=9)), max_size=30))
def test_any_order_of_messages_leaves_the_stream_in_a_lawful_state(messages: list[str | bytes]) -> None:
    protocol = StreamProtocol()
    received = 0
    for message in messages:
        before = protocol.phase
        for event in protocol.receive(message):
            if isinstance(event, MediaReceived):
                received += event.missing + len(event.mulaw)
        assert protocol.samples == received
        assert (protocol.violation is not None) == (protocol.phase is Phase.FAILED)
        assert (protocol.phase in (Phase.STARTED, Phase.STOPPED)) <= (protocol.start is not None)
        if before in (Phase.STOPPED, Phase.FAILED):
            assert protocol.phase is before


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_whatever_is_lost_the_rest_stands_where_it_was_spoken(arrives: list[bool]) -> None:
    line = SimulatedLine(StreamIdentity(STREAM, "CA1", "AC1"))
    protocol = StreamProtocol()
    for message in line.open():
        protocol.receive(message)
    heard = bytearray()
    first = arrives.index(True) if True in arrives else None
    for number, keeps in enumerate(arrives):
        [message] = line.tick(bytes([number + 1]) * 160)
        if keeps:
            for event in protocol.receive(message):
                assert isinstance(event, MediaReceived)
                heard += b"\xff" * event.missing + event.mulaw

    if first is not None:
        spoken = b"".join(
            bytes([number + 1]) * 160 if keeps else b"\xff" * 160
            for number, keeps in enumerate(arrives)
            if number >= first
        )
        assert bytes(heard) == spoken[: len(heard)]
        assert len(heard) == (len(arrives) - first - arrives[::-1].index(True)) * 160


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("media"), st.integers(0, 900)),
        st.tuples(st.just("mark"), st.just(0)),
        st.tuples(st.just("clear"), st.just(0)),
        st.tuples(st.just("tick"), st.integers(1, 4)),
    ),
    max_size=60,
)


@given(STEPS)
def test_the_line_returns_each_mark_once_in_order_and_never_before_its_audio(steps: list[tuple[str, int]]) -> None:
    line = SimulatedLine(StreamIdentity(STREAM, "CA1", "AC1"))
    line.open()
    sent_bytes, audio_before, returned, cleared_at = 0, {}, [], []
    heard_before_clears = 0

    def take_back(messages: list[str], *, is_clear: bool = False) -> None:
        for message in map(json.loads, messages):
            if message["event"] == "mark":
                name = message["mark"]["name"]
                returned.append(name)
                played = sum(span.end - span.start for span in line.spans)
                assert is_clear or played + line.cleared_samples >= audio_before[name]

    for step, size in [*steps, ("tick", 400)]:
        if step == "media":
            sent_bytes += size
            take_back(line.take(media_stream.encode_media(STREAM, b"\x01" * size)))
        elif step == "mark":
            name = f"{len(audio_before)}.0.0/x/end"
            audio_before[name] = sent_bytes
            take_back(line.take(media_stream.encode_mark(STREAM, name)))
        elif step == "clear":
            take_back(line.take(media_stream.encode_clear(STREAM)), is_clear=True)
            cleared_at.append(len(returned))
        else:
            for _ in range(size):
                take_back(line.tick(b"\xff" * 160))

    heard_before_clears = line.heard_agent.count(1)
    assert returned == list(audio_before)
    assert heard_before_clears == sent_bytes - line.cleared_samples
    assert all(earlier.end <= later.start for earlier, later in pairwise(line.spans))
    assert len(line.heard_agent) == len(line.heard_caller)
    assert not [each for each in line.happenings if each.kind is Kind.REFUSED]
