"""The speaking side of the false Deepgram over sockets."""

import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.fakes.wire_faults import Cut, FaultyWire

PIECE = 1600
MOST_FLUSHES, FLUSH_WINDOW_S = 20, 60.0
LONGEST_TEXT = 2000


class VoiceConnection:
    """speak v1: text is collected until Flush, then spoken; Clear drops what has not been sent."""

    def __init__(
        self,
        connection: ServerConnection,
        wire: FaultyWire,
        speak: Callable[[str], bytes],
        protest: Callable[[str], None],
    ) -> None:
        self.connection = connection
        self.wire = wire
        self.speak = speak
        self.protest = protest
        self.characters = 0
        self._texts: list[str] = []
        self._flushes: deque[float] = deque()
        self._sequence = 0

    def run(self) -> int:
        """Serve the connection to its end; returns how many characters were spoken."""
        try:
            self.begin()
            for message in self.connection:
                if isinstance(message, bytes):
                    self.protest("binary where text belongs")
                    self.connection.close(1003, "DATA-0000")
                    break
                if not self._control(json.loads(message)):
                    break
        except (Cut, ConnectionClosed):
            pass
        return self.characters

    def begin(self) -> None:
        self.tell({"type": "Metadata", "request_id": "0", "model_name": "aura-2", "model_version": "1"})

    def _control(self, data: dict[str, Any]) -> bool:
        match data.get("type"):
            case "Speak" if isinstance(data.get("text"), str) and len(data["text"]) <= LONGEST_TEXT:
                self._texts.append(data["text"])
                self.characters += len(data["text"])
            case "Flush":
                self._flush()
            case "Clear":
                self._clear()
            case "Close":
                self.connection.close(1000)
                return False
            case kind:
                self.protest(f"a message of the type {kind!r}")
                self.tell({"type": "Error", "description": "Could not parse the message", "code": "DATA-0000"})
        return True

    def _flush(self) -> None:
        now = time.monotonic()
        self._flushes.append(now)
        while self._flushes[0] < now - FLUSH_WINDOW_S:
            self._flushes.popleft()
        if len(self._flushes) > MOST_FLUSHES:
            self.protest("more than 20 flushes in 60 s")
            self.tell({"type": "Warning", "description": "Too many flushes", "code": "EXCESSIVE_FLUSH"})
            return
        text = " ".join(self._texts).strip()
        self._texts.clear()
        audio = self.speak(text) if text else b""
        for start in range(0, len(audio), PIECE):
            self.wire.send(audio[start : start + PIECE])
        self.flushed()

    def flushed(self) -> None:
        self.tell({"type": "Flushed", "sequence_id": self._sequence})
        self._sequence += 1

    def _clear(self) -> None:
        self._texts.clear()
        if self.wire.fault is not None and self.wire.fault.act == "late_audio":
            self.connection.send(b"\x00" * PIECE)
        self.tell({"type": "Cleared", "sequence_id": self._sequence})

    def tell(self, body: dict[str, Any]) -> None:
        self.wire.send(json.dumps(body))


class FluxVoiceConnection(VoiceConnection):
    """speak v2: as the first, with speeches that are numbered and may be interrupted."""

    def begin(self) -> None:
        self.tell({"type": "Connected", "request_id": "0"})

    def _control(self, data: dict[str, Any]) -> bool:
        if data.get("type") == "Clear":
            self.protest("Clear is not known here")
            return True
        if data.get("type") == "Interrupt":
            self._texts.clear()
            self.tell({"type": "SpeechInterrupted", "text_spoken": "", "text_remaining": ""})
            return True
        return super()._control(data)

    def flushed(self) -> None:
        self.tell({"type": "Flushed", "speech_id": str(self._sequence)})
        self._sequence += 1
