"""The media socket over a real network connection: who may open it, and what happens to those who may not."""

import json
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from socket import SHUT_RDWR
from types import SimpleNamespace

import pytest
import websockets
import websockets.sync.client
from flask import Flask
from simple_websocket import Client, ConnectionClosed
from werkzeug.serving import make_server

from engine.adapters.event_files import event_log_path, parse
from engine.adapters.selection import build_speech
from engine.config import load_settings
from engine.pricing import load_prices
from engine.questions.bank import load_bank
from engine.store.interviews import NewInterview
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Direction, Level, Topic
from telephony import media, signature, stream_token

SILENT_FRAME = "/" * 213 + "w=="


@pytest.fixture
def server(sessions, database_url, tmp_path) -> Iterator[SimpleNamespace]:
    with UnitOfWork(sessions) as work:
        user = work.users.add(NewUser("a@b.example", "-", "A", "B", "1", datetime.now(UTC)))
        interview = work.interviews.create(
            user.id,
            NewInterview(
                title="t",
                role="Engineer",
                level=Level.MID,
                topics=(Topic.PYTHON,),
                question_count=3,
                language="en",
                rubric="correctness-completeness-clarity",
                candidate_name="Ada Lovelace",
                candidate_phone="+15550100177",
                candidate_time_zone="UTC",
                scheduled_at=None,
            ),
        )
        calls = [work.calls.register(interview.id, f"CA{number:032d}", Direction.INBOUND) for number in range(3)]
        call_ids = {call.call_sid: call.id for call in calls}
        work.commit()
    settings = load_settings(
        {
            "ENVIRONMENT": "test",
            "DATABASE_URL": database_url,
            "JWT_SECRET": "j" * 40,
            "JWT_REFRESH_SECRET": "r" * 40,
            "STREAM_SECRET": "s" * 40,
            "TWILIO_ACCOUNT_SID": "AC1",
            "TWILIO_AUTH_TOKEN": "t" * 32,
            "PHONE_NUMBER": "+15550100",
            "DATA_DIR": str(tmp_path),
            "SPEECH_TO_TEXT": "scripted",
            "TEXT_TO_SPEECH": "scripted",
            "MAX_CALLS": "1",
        }
    )
    engines = build_speech(settings)
    switchboard = media.Switchboard(settings, sessions, engines, load_bank(), load_prices())
    app = Flask("phone")
    http = make_server("127.0.0.1", 0, app, threaded=True)
    settings = replace(settings, public_base_url=f"http://127.0.0.1:{http.port}")
    media.register(app, switchboard, settings)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(
        url=f"ws://127.0.0.1:{http.port}/telephony/media",
        settings=settings,
        interview_id=interview.id,
        call_ids=call_ids,
        switchboard=switchboard,
        sids=sorted(call_ids),
    )
    http.shutdown()
    thread.join()
    http.server_close()
    engines.close()


def token_for(server, call_sid: str, *, nonce: str | None = None, expires_in_s: int = 60, secret: str = "") -> str:
    return stream_token.make(
        secret or server.settings.stream_secret,
        call_sid,
        server.interview_id,
        nonce or uuid.uuid4().hex,
        int(time.time()) + expires_in_s,
    )


def start_message(call_sid: str, token: str | None) -> str:
    start = {
        "accountSid": "AC1",
        "streamSid": "MZ1",
        "callSid": call_sid,
        "tracks": ["inbound"],
        "customParameters": {} if token is None else {"token": token},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": start})


def frame(number: int) -> str:
    return json.dumps(
        {
            "event": "media",
            "sequenceNumber": str(number + 2),
            "streamSid": "MZ1",
            "media": {
                "track": "inbound",
                "chunk": str(number + 1),
                "timestamp": str(number * 20),
                "payload": SILENT_FRAME,
            },
        }
    )


@contextmanager
def connect(url: str, headers: dict[str, str] | None = None) -> Iterator[Client]:
    socket = Client.connect(url, headers=headers or {})
    try:
        yield socket
    finally:
        with suppress(ConnectionClosed, OSError):
            socket.close()
        socket.thread.join(5)


def awaited_close(socket: Client) -> int:
    """The code with which the server closes, whatever it sends before."""
    with pytest.raises(ConnectionClosed) as closed:
        while socket.receive(timeout=10) is not None:
            pass
    return closed.value.reason


def close_code(server, call_sid: str, token: str | None) -> int:
    with connect(server.url) as socket:
        socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        socket.send(start_message(call_sid, token))
        return awaited_close(socket)


def test_a_valid_token_opens_the_line_and_the_greeting_follows(server):
    sid = server.sids[0]
    with connect(server.url) as socket:
        socket.send(start_message(sid, token_for(server, sid)))
        for number in range(5):
            socket.send(frame(number))
        first = json.loads(socket.receive(timeout=10))
    assert first["event"] == "media"
    assert first["streamSid"] == "MZ1"


@pytest.mark.parametrize("fault", ["missing", "forged", "expired", "of another call", "garbled"])
def test_a_token_that_does_not_fit_is_refused_with_1008(server, fault):
    sid, other = server.sids[:2]
    token = {
        "missing": None,
        "forged": token_for(server, sid, secret="x" * 40),
        "expired": token_for(server, sid, expires_in_s=-1),
        "of another call": token_for(server, other),
        "garbled": "no.token",
    }[fault]
    assert close_code(server, sid, token) == 1008


def test_a_token_opens_the_line_only_once(server):
    sid = server.sids[0]
    token = token_for(server, sid)
    with connect(server.url) as socket:
        socket.send(start_message(sid, token))
        socket.send(frame(0))
        socket.receive(timeout=10)
    assert close_code(server, sid, token) == 1008


def test_a_refusal_is_logged_without_the_token(server, caplog):
    sid = server.sids[0]
    token = token_for(server, sid, expires_in_s=-1)
    with caplog.at_level(logging.DEBUG):
        close_code(server, sid, token)
    records = [record for record in caplog.records if record.name == "telephony.media"]
    assert any("refused" in record.getMessage() for record in records)
    ours = [record for record in caplog.records if not record.name.startswith("websockets")]
    assert token not in "".join(str(vars(record)) for record in ours)


def test_a_false_signature_on_the_upgrade_is_refused(server):
    headers = {signature.SIGNATURE_HEADER: "bm90IHRoZSBzaWduYXR1cmU="}
    # The refusal may arrive together with the answer to the handshake, which the other client does not read on from.
    dialled = websockets.sync.client.connect(server.url, additional_headers=headers)
    with dialled as socket, pytest.raises(websockets.ConnectionClosed) as closed:
        socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_a_second_call_beyond_the_limit_is_turned_away(server):
    first, second = server.sids[:2]
    with connect(server.url) as socket:
        socket.send(start_message(first, token_for(server, first)))
        socket.send(frame(0))
        socket.receive(timeout=10)
        assert not server.switchboard.lines_free()
        assert close_code(server, second, token_for(server, second)) == 1013


def test_a_message_that_is_too_large_closes_with_1009(server):
    sid = server.sids[0]
    with connect(server.url) as socket:
        socket.send(start_message(sid, token_for(server, sid)))
        socket.send("x" * 70_000)
        assert awaited_close(socket) == 1009


def test_nonsense_before_the_start_is_turned_away(server):
    with connect(server.url) as socket:
        for _ in range(6):
            socket.send("[]")
        assert awaited_close(socket) in (1002, 1007, 1008)


def test_a_peer_that_vanishes_leaves_a_closed_log_and_a_free_line(server):
    sid = server.sids[0]
    with connect(server.url) as socket:
        socket.send(start_message(sid, token_for(server, sid)))
        for number in range(20):
            socket.send(frame(number))
        socket.receive(timeout=10)
        socket.sock.shutdown(SHUT_RDWR)
    path = event_log_path(server.settings.event_logs_dir, server.call_ids[sid])
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        records, _ = parse(path.read_bytes())
        if records and records[-1].name == "call_ended" and server.switchboard.lines_free():
            break
        threading.Event().wait(0.05)
    assert records[-1].data["reason"] == "line_lost"
    assert server.switchboard.live_calls == 0


def started(socket: Client, server, sid: str, stream_sid: str) -> None:
    """Opens the line and waits for our voice on it."""
    socket.send(start_message(sid, token_for(server, sid)).replace("MZ1", stream_sid))
    for number in range(5):
        socket.send(frame(number).replace("MZ1", stream_sid))
    assert json.loads(socket.receive(timeout=10))["streamSid"] == stream_sid


def records_of(server, sid: str):
    path = event_log_path(server.settings.event_logs_dir, server.call_ids[sid])
    return parse(path.read_bytes())[0]


def test_a_call_on_a_new_socket_is_taken_over_and_the_old_session_lets_go(server, sessions):
    """The old socket broke without a word, so its session still believes in it: never do two speak on one leg."""
    sid = server.sids[0]
    with connect(server.url) as old, connect(server.url) as new:
        started(old, server, sid, "MZ1")
        opening = threading.Timer(0.3, server.switchboard.line_moved, (f"{sid} MZ2",))  # as the listener tells it
        opening.start()
        started(new, server, sid, "MZ2")
        opening.join()
        with pytest.raises(ConnectionClosed):
            while old.receive(timeout=10) is not None:
                pass
    records = records_of(server, sid)
    assert [record.sequence for record in records] == list(range(len(records)))
    names = [record.name for record in records]
    assert names.index("call_ended") < names.index("call_resumed") < names.index("LineResumed")
    said = next(record.data["pieces"] for record in records[names.index("LineResumed") :] if record.name == "Speak")
    assert said[0] == "Sorry, the line broke."
    with UnitOfWork(sessions) as work:
        brought_home = work.events.next_sequence(server.call_ids[sid])
    assert brought_home == names.index("call_resumed"), "nobody ships here: the newcomer did, before it went on"


def test_a_call_whose_log_lies_on_another_machine_goes_on_from_postgres(server, sessions):
    sid = server.sids[0]
    path = event_log_path(server.settings.event_logs_dir, server.call_ids[sid])
    with connect(server.url) as socket:
        started(socket, server, sid, "MZ1")
        socket.sock.shutdown(SHUT_RDWR)
    deadline_s = time.monotonic() + 10
    while server.switchboard.live_calls and time.monotonic() < deadline_s:
        threading.Event().wait(0.05)
    before = parse(path.read_bytes())[0]
    with UnitOfWork(sessions) as work:
        work.events.ship(server.call_ids[sid], before)
        work.commit()
    path.unlink()

    with connect(server.url) as socket:
        started(socket, server, sid, "MZ2")

    records = records_of(server, sid)
    assert [record.sequence for record in records] == list(range(len(before), len(before) + len(records)))
    assert records[0].name == "call_resumed"
    assert records[0].at_ms >= before[-1].at_ms
