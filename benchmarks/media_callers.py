"""Callers for the media benchmark: many at once from one thread, each as Twilio would be on the wire.

The callers must not be what is measured: one loop sends every frame at its moment and reads what has come in between,
and frames are put together from parts made beforehand. So a hundred callers take a tenth of a core.
"""

import base64
import heapq
import json
import selectors
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.clock import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ
from telephony.simulator.voices import read_wav

RECORDINGS = Path(__file__).parents[1] / "telephony" / "simulator" / "recordings"
SPEECH_S = 6
SILENCE_S = 6
"""Each caller speaks for so long, then is silent for so long, over and over."""


def speech_frames() -> list[bytes]:
    """One round of speech and silence: base64 payloads of 20 ms, with the end of their message."""
    speech = b"".join(read_wav(path) for path in sorted(RECORDINGS.glob("*.wav"))[:2])
    if not speech:
        raise SystemExit(f"{RECORDINGS} holds no recordings to call with")
    speech = (speech * (SPEECH_S * SAMPLE_RATE_HZ // len(speech) + 1))[: SPEECH_S * SAMPLE_RATE_HZ]
    audio = speech + b"\xff" * (SILENCE_S * SAMPLE_RATE_HZ)
    return [
        base64.b64encode(audio[start : start + FRAME_SAMPLES]) + b'"}}' for start in range(0, len(audio), FRAME_SAMPLES)
    ]


GOLDEN_SHARE = 0.618
"""Callers are spread over the round of speech and silence by multiples of this, so that they do not speak in unison."""
CALLS_A_SECOND = 2
"""How fast calls come in: twice as fast as Twilio places them unless asked for more."""
_NO_MASK = bytes(4)
"""A client must mask its frames; a mask of zeros is one, and leaves them as they are."""
_CLOSING_S = 3.0


def _frame(text: bytes, opcode: int = 0x81) -> bytes:
    length = len(text)
    if length < 126:
        return bytes((opcode, 0x80 | length)) + _NO_MASK + text
    return bytes((opcode, 0x80 | 126)) + length.to_bytes(2, "big") + _NO_MASK + text


class Caller:
    """One phone leg: knows what it sends next, and returns marks when their audio was played."""

    def __init__(self, line: socket.socket, call_sid: str, token: str, frames: list[bytes], offset: int) -> None:
        self.line = line
        self._stream_sid = "MZ" + uuid.uuid4().hex
        self._call_sid = call_sid
        self._frames = frames
        self._offset = offset
        self._sequence = 1
        self._received = b""
        self._played_until_s = 0.0
        self._marks: deque[tuple[float, str]] = deque()
        self.began_s = 0.0
        self.frames_sent = 0
        self.messages_received = 0
        self.is_up = True
        self.send_lags_ms: list[float] = []
        self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "accountSid": "AC" + "0" * 32,
            "streamSid": self._stream_sid,
            "callSid": call_sid,
            "tracks": ["inbound"],
            "customParameters": {"token": token},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": SAMPLE_RATE_HZ, "channels": 1},
        }
        self._send({"event": "start", "sequenceNumber": "1", "streamSid": self._stream_sid, "start": start})
        self._middle = f'","streamSid":"{self._stream_sid}","media":{{"track":"inbound","chunk":"'

    @property
    def due_s(self) -> float:
        """When the next frame is to leave: on an absolute grid."""
        return self.began_s + self.frames_sent * FRAME_MS / 1000

    def send_frame(self, now_s: float) -> None:
        self.send_lags_ms.append((now_s - self.due_s) * 1000)
        number = self.frames_sent
        self._sequence += 1
        head = f'{{"event":"media","sequenceNumber":"{self._sequence}{self._middle}{number + 1}'
        head += f'","timestamp":"{number * FRAME_MS}","payload":"'
        payload = self._frames[(number + self._offset) % len(self._frames)]
        self._send_bytes(_frame(head.encode() + payload))
        self.frames_sent += 1
        while self._marks and self._marks[0][0] <= now_s:
            name = self._marks.popleft()[1]
            self._sequence += 1
            mark = {"event": "mark", "sequenceNumber": str(self._sequence), "streamSid": self._stream_sid}
            self._send({**mark, "mark": {"name": name}})

    def hang_up(self) -> None:
        self._sequence += 1
        stop = {"accountSid": "AC" + "0" * 32, "callSid": self._call_sid}
        self._send(
            {"event": "stop", "sequenceNumber": str(self._sequence), "streamSid": self._stream_sid, "stop": stop}
        )

    def read(self, now_s: float) -> None:
        """Take what has come; a server that closes has dropped the call."""
        try:
            data = self.line.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.is_up = False
            return
        self._received += data
        while (message := self._next_message()) is not None:
            self.messages_received += 1
            self._obey(json.loads(message), now_s)

    def _next_message(self) -> bytes | None:
        received = self._received
        if len(received) < 2:
            return None
        length, start = received[1], 2
        if length == 126:
            length, start = int.from_bytes(received[2:4], "big"), 4
        if len(received) < start + length:
            return None
        if received[0] != 0x81:
            self.is_up = False
            return None
        self._received = received[start + length :]
        return received[start : start + length]

    def _obey(self, message: Mapping[str, Any], now_s: float) -> None:
        match message["event"]:
            case "media":
                played_s = len(message["media"]["payload"]) * 3 / 4 / SAMPLE_RATE_HZ
                self._played_until_s = max(now_s, self._played_until_s) + played_s
            case "mark":
                self._marks.append((self._played_until_s, message["mark"]["name"]))
            case "clear":
                self._played_until_s = now_s
                self._marks = deque((now_s, name) for _, name in self._marks)

    def _send(self, message: Mapping[str, Any]) -> None:
        self._send_bytes(_frame(json.dumps(message).encode()))

    def _send_bytes(self, data: bytes) -> None:
        try:
            self.line.sendall(data)
        except OSError:
            self.is_up = False


Connected = tuple[socket.socket, str, str]
"""A media socket on which the handshake is done, the CallSid, and the token that opens the call."""


class Callers:
    """All callers, on a thread of their own from `start` to `stop`; calls come in one after the other."""

    def __init__(self, dial: Sequence[Callable[[], Connected]]) -> None:
        """dial: one way to connect for each caller."""
        self._dial = dial
        self._arriving: deque[Caller] = deque()
        self._is_over = threading.Event()
        self.calls: list[Caller] = []
        self.all_arrived = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._arrive, self._talk)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def frames_sent(self) -> int:
        return sum(caller.frames_sent for caller in self.calls)

    def stop(self) -> list[Caller]:
        """Hang up everywhere; returns the callers that were still connected."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        kept = [caller for caller in self.calls if caller.is_up]
        for caller in kept:
            caller.hang_up()
        deadline_s = time.monotonic() + _CLOSING_S
        for caller in kept:
            caller.line.settimeout(max(0.05, deadline_s - time.monotonic()))
            with suppress(OSError):
                while caller.line.recv(65_536):
                    pass
            caller.line.close()
        return kept

    def _arrive(self) -> None:
        """Connect them all, at the stated rate."""
        frames = speech_frames()
        began_s = time.monotonic()
        for number, dial in enumerate(self._dial):
            if self._is_over.wait(max(0.0, began_s + number / CALLS_A_SECOND - time.monotonic())):
                return
            line, call_sid, token = dial()
            self._arriving.append(Caller(line, call_sid, token, frames, int(number * GOLDEN_SHARE % 1 * len(frames))))
        self.all_arrived.set()

    def _talk(self) -> None:
        due: list[tuple[float, int, Caller]] = []
        with selectors.DefaultSelector() as selector:
            while not self._is_over.is_set():
                while self._arriving:
                    caller = self._arriving.popleft()
                    caller.began_s = time.monotonic()
                    selector.register(caller.line, selectors.EVENT_READ, caller)
                    heapq.heappush(due, (caller.due_s, len(self.calls), caller))
                    self.calls.append(caller)
                wait_s = min(0.01, due[0][0] - time.monotonic()) if due else 0.01
                for key, _ in selector.select(max(0.0, wait_s)):
                    key.data.read(time.monotonic())
                    if not key.data.is_up:
                        selector.unregister(key.fileobj)
                while due and due[0][0] <= (now_s := time.monotonic()):
                    _, number, caller = heapq.heappop(due)
                    if caller.is_up:
                        caller.send_frame(now_s)
                        heapq.heappush(due, (caller.due_s, number, caller))
