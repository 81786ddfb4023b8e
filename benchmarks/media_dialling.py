"""How the media benchmark's calls come about: interviews are booked, PINs entered, sockets opened."""

import base64
import socket
import uuid
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen
from xml.etree import ElementTree

from sqlalchemy.orm import Session, sessionmaker

from engine.store.interviews import NewInterview
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Level, Topic
from telephony import signature


def booked_interviews(
    sessions: sessionmaker[Session],
    count: int,
    now: datetime,
    email: str = "bench@vivavoce.example",
    question_count: int = 10,
) -> list[str]:
    """Book as many interviews, for a new user of this address; returns their PINs."""
    with UnitOfWork(sessions) as work:
        user = work.users.add(NewUser(email, "-", "Bench", "Mark", "1", now, verified_at=now))
        new = NewInterview(
            title="Benchmark",
            role="Backend Engineer",
            level=Level.MID,
            topics=(Topic.PYTHON, Topic.DATABASES),
            question_count=question_count,
            language="en",
            rubric="correctness-completeness-clarity",
            candidate_name="Caller",
            candidate_phone="+15550100177",
            candidate_time_zone="UTC",
            scheduled_at=None,
        )
        pins = [work.interviews.create(user.id, new).pin for _ in range(count)]
        work.commit()
    return pins


def upgraded(address: str, auth_token: str) -> socket.socket:
    """A connection on which the handshake is done; what follows is sent and read without the library."""
    headers = {signature.SIGNATURE_HEADER: signature.sign(auth_token, address, {})}
    parts = urlsplit(address)
    wire = socket.create_connection((parts.hostname, parts.port), timeout=10)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(uuid.uuid4().bytes).decode()
    lines = [
        f"GET {parts.path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        piece = wire.recv(1)
        if not piece:
            raise SystemExit("the media socket was refused")
        answer += piece
    if b" 101 " not in answer.split(b"\r\n", 1)[0]:
        raise SystemExit("the media socket was refused")
    return wire


def let_in(environ: Mapping[str, str], call_sid: str, pin: str) -> tuple[str, str]:
    """Enter the PIN at the webhook; returns the socket's address and the token that opens it."""
    url = f"{environ['PUBLIC_BASE_URL']}/telephony/pin?try=1"
    form = {
        "CallSid": call_sid,
        "AccountSid": environ["TWILIO_ACCOUNT_SID"],
        "From": "+15550100177",
        "To": environ["PHONE_NUMBER"],
        "Direction": "inbound",
        "Digits": pin,
    }
    headers = {signature.SIGNATURE_HEADER: signature.sign(environ["TWILIO_AUTH_TOKEN"], url, form)}
    with urlopen(Request(url, urlencode(form).encode(), headers), timeout=10) as answer:
        stream = ElementTree.fromstring(answer.read()).find("./Connect/Stream")
    if stream is None:
        raise SystemExit("the webhook did not connect the call")
    token = next(each.get("value", "") for each in stream.iter("Parameter") if each.get("name") == "token")
    return stream.get("url", ""), token
