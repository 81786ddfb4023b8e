"""Callers for the media benchmark: many at once from one asyncio loop, each as Twilio would be on the wire."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from xml.etree import ElementTree

from sqlalchemy.orm import Session, sessionmaker
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from engine.clock import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ
from engine.store.interviews import NewInterview
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Level, Topic
from telephony import signature
from telephony.simulator.voices import read_wav

RECORDINGS = Path(__file__).parents[1] / "telephony" / "simulator" / "recordings"
SPEECH_S = 6
SILENCE_S = 6
"""Each caller speaks for so long, then is silent for so long, over and over."""


def booked_interviews(sessions: sessionmaker[Session], count: int, now: datetime) -> list[str]:
    """Book as many interviews; returns their PINs."""
    with UnitOfWork(sessions) as work:
        user = work.users.add(NewUser("bench@vivavoce.example", "-", "Bench", "Mark", "1", now))
        new = NewInterview(
            title="Benchmark",
            role="Backend Engineer",
            level=Level.MID,
            topics=(Topic.PYTHON, Topic.DATABASES),
            question_count=10,
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


def speech_frames() -> list[str]:
    """One round of speech and silence as base64 payloads of 20 ms."""
    speech = b"".join(read_wav(path) for path in sorted(RECORDINGS.glob("*.wav"))[:2])
    if not speech:
        raise SystemExit(f"{RECORDINGS} holds no recordings to call with")
    speech = (speech * (SPEECH_S * SAMPLE_RATE_HZ // len(speech) + 1))[: SPEECH_S * SAMPLE_RATE_HZ]
    audio = speech + b"\xff" * (SILENCE_S * SAMPLE_RATE_HZ)
    return [
        base64.b64encode(audio[start : start + FRAME_SAMPLES]).decode() for start in range(0, len(audio), FRAME_SAMPLES)
    ]


class Caller:
    """One phone leg: sends a frame every 20 ms on an absolute grid, and returns marks when their audio was played."""

    def __init__(self, socket: ClientConnection, call_sid: str, token: str, frames: list[str], offset: int) -> None:
        self._socket = socket
        self._call_sid = call_sid
        self._stream_sid = "MZ" + uuid.uuid4().hex
        self._token = token
        self._frames = frames
        self._offset = offset
        self._sequence = 1
        self._played_until_s = 0.0
        self._marks: list[tuple[float, str]] = []
        self._is_leaving = False
        self.frames_sent = 0
        self.messages_received = 0
        self.is_up = True
        self.send_lags_ms: list[float] = []

    async def talk(self) -> None:
        """Call until hung up, or until the server closes."""
        listening = asyncio.create_task(self._listen())
        try:
            await self._send_start()
            await self._send_frames()
        except ConnectionClosed:
            self.is_up = self._is_leaving
        finally:
            await self._socket.close()
            await listening

    async def hang_up(self) -> None:
        self._is_leaving = True

    async def _send_start(self) -> None:
        await self._socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        start = {
            "accountSid": "AC" + "0" * 32,
            "streamSid": self._stream_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "customParameters": {"token": self._token},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": SAMPLE_RATE_HZ, "channels": 1},
        }
        await self._socket.send(
            json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": self._stream_sid, "start": start})
        )

    async def _send_frames(self) -> None:
        began_s = time.monotonic()
        while not self._is_leaving:
            number = self.frames_sent
            due_s = began_s + number * FRAME_MS / 1000
            delay_s = due_s - time.monotonic()
            if delay_s > 0:
                await asyncio.sleep(delay_s)
            self.send_lags_ms.append((time.monotonic() - due_s) * 1000)
            self._sequence += 1
            payload = self._frames[(number + self._offset) % len(self._frames)]
            await self._socket.send(
                f'{{"event":"media","sequenceNumber":"{self._sequence}","streamSid":"{self._stream_sid}",'
                f'"media":{{"track":"inbound","chunk":"{number + 1}","timestamp":"{number * FRAME_MS}",'
                f'"payload":"{payload}"}}}}'
            )
            self.frames_sent += 1
            await self._return_marks()
        self._sequence += 1
        stop = {"accountSid": "AC" + "0" * 32, "callSid": self._call_sid}
        await self._socket.send(
            json.dumps(
                {"event": "stop", "sequenceNumber": str(self._sequence), "streamSid": self._stream_sid, "stop": stop}
            )
        )

    async def _return_marks(self) -> None:
        now_s = time.monotonic()
        while self._marks and self._marks[0][0] <= now_s:
            _, name = self._marks.pop(0)
            self._sequence += 1
            mark = {"event": "mark", "sequenceNumber": str(self._sequence), "streamSid": self._stream_sid}
            await self._socket.send(json.dumps({**mark, "mark": {"name": name}}))

    async def _listen(self) -> None:
        try:
            async for text in self._socket:
                self.messages_received += 1
                self._obey(json.loads(text))
        except ConnectionClosed:
            pass
        if not self._is_leaving:
            self.is_up = False
            self._is_leaving = True

    def _obey(self, message: Mapping[str, Any]) -> None:
        now_s = time.monotonic()
        match message["event"]:
            case "media":
                played_s = len(base64.b64decode(message["media"]["payload"])) / SAMPLE_RATE_HZ
                self._played_until_s = max(now_s, self._played_until_s) + played_s
            case "mark":
                self._marks.append((self._played_until_s, message["mark"]["name"]))
            case "clear":
                self._played_until_s = now_s
                self._marks = [(now_s, name) for _, name in self._marks]


GOLDEN_SHARE = 0.618
"""Callers are spread over the round of speech and silence by multiples of this, so that they do not speak in unison."""
CALLS_A_SECOND = 2
"""How fast calls come in: twice as fast as Twilio places them unless asked for more."""


async def call_one_after_the_other(pins: list[str], environ: Mapping[str, str]) -> AsyncIterator[Caller]:
    """Go through the webhooks and open a socket for every PIN, at the stated rate."""
    frames = speech_frames()
    began_s = time.monotonic()
    for number, pin in enumerate(pins):
        await asyncio.sleep(max(0.0, began_s + number / CALLS_A_SECOND - time.monotonic()))
        call_sid = "CA" + uuid.uuid4().hex
        address, token = await asyncio.to_thread(_let_in, environ, call_sid, pin)
        headers = {
            signature.SIGNATURE_HEADER: signature.sign(environ["TWILIO_AUTH_TOKEN"], address, {}),
        }
        socket = await connect(
            address, additional_headers=headers, compression=None, max_queue=None, ping_interval=None
        )
        yield Caller(socket, call_sid, token, frames, int(number * GOLDEN_SHARE % 1 * len(frames)))


def _let_in(environ: Mapping[str, str], call_sid: str, pin: str) -> tuple[str, str]:
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
