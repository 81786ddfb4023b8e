"""The speaking side of the false Deepgram over sockets: texts come in on one thread, audio goes out on another."""

import json
import queue
import threading
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

    flush_window_s = FLUSH_WINDOW_S
    first_byte_s = 0.0
    """How long the first audio of each text takes."""

    def __init__(
        self,
        connection: ServerConnection,
        wire: FaultyWire,
        speak: Callable[[str], bytes],
        protest: Callable[[str], None],
        bill: Callable[[int], None],
    ) -> None:
        """bill: told of the characters of each text that came in."""
        self.connection = connection
        self.wire = wire
        self.speak = speak
        self.protest = protest
        self.characters = 0
        self._bill = bill
        self._texts: list[str] = []
        self._flushes: deque[float] = deque()
        self._sequence = 0
        self._wanted: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._cleared = threading.Event()
        """What is being spoken now was given up."""

    def run(self) -> None:
        """Serve the connection to its end."""
        speaker = threading.Thread(target=self._speak_all, name="deepgram-voice")
        speaker.start()
        try:
            for message in self.connection:
                if isinstance(message, bytes):
                    self.protest("binary where text belongs")
                    self.connection.close(1003, "DATA-0000")
                    break
                if not self._control(json.loads(message)):
                    break
        except (Cut, ConnectionClosed):
            pass
        finally:
            self._wanted.put(None)
            self._cleared.set()
            speaker.join()

    def begin(self) -> None:
        self.tell({"type": "Metadata", "request_id": "0", "model_name": "aura-2", "model_version": "1"})

    def _control(self, data: dict[str, Any]) -> bool:
        match data.get("type"):
            case "Speak" if isinstance(data.get("text"), str) and 0 < len(data["text"]) <= LONGEST_TEXT:
                self._texts.append(data["text"])
                self.characters += len(data["text"])
                self._bill(len(data["text"]))
            case "Flush" if self._may_flush():
                text = " ".join(self._texts).strip()
                self._texts.clear()
                self._cleared.clear()
                self._wanted.put(text)
            case "Flush":
                self.protest("more than 20 flushes in 60 s")
                self.tell({"type": "Warning", "description": "Too many flushes", "code": "EXCESSIVE_FLUSH"})
            case "Clear":
                self._clear()
            case "Close":
                self.closing()
                self.connection.close(1000)
                return False
            case kind:
                self.protest(f"a message of the type {kind!r}")
                self.tell({"type": "Error", "description": "Could not parse the message", "code": "DATA-0000"})
        return True

    def _may_flush(self) -> bool:
        now = time.monotonic()
        self._flushes.append(now)
        while self._flushes[0] < now - self.flush_window_s:
            self._flushes.popleft()
        return len(self._flushes) <= MOST_FLUSHES

    def _speak_all(self) -> None:
        try:
            self.begin()
            while (text := self._wanted.get()) is not None:
                self._speak(text)
        except (Cut, ConnectionClosed):
            self.connection.close()

    def _speak(self, text: str) -> None:
        fault = self.wire.fault
        audio = self.speak(text) if text and not (fault is not None and fault.act == "empty") else b""
        self.started()
        self._cleared.wait(self.first_byte_s)
        for start in range(0, len(audio), PIECE):
            if self._cleared.is_set():
                return
            self.wire.send(audio[start : start + PIECE], is_within=start > 0)
        if not self._cleared.is_set():
            self.ended(text, audio)

    def started(self) -> None:
        """Speak v1 does not tell."""

    def ended(self, text: str, audio: bytes) -> None:
        self.tell({"type": "Flushed", "sequence_id": self._sequence}, answers_finish=True)
        self._sequence += 1

    def closing(self) -> None:
        """Speak v1 says nothing more."""

    def _clear(self) -> None:
        self._texts.clear()
        self._cleared.set()
        if self.wire.fault is not None and self.wire.fault.act == "late_audio":
            self.connection.send(b"\x00" * PIECE)
        self.tell({"type": "Cleared", "sequence_id": self._sequence})

    def tell(self, body: dict[str, Any], *, answers_finish: bool = False) -> None:
        self.wire.send(json.dumps(body), answers_finish=answers_finish)


class FluxVoiceConnection(VoiceConnection):
    """speak v2: as the first, with turns that are numbered, confirmed, counted, and may be interrupted."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._is_speaking = self._has_spoken = False
        self._audio_ms = 0

    def begin(self) -> None:
        self.tell(
            {
                "type": "Connected",
                "request_id": "0",
                "model_name": "flux",
                "model_version": "1",
                "model_uuids": ["0"],
            }
        )

    def _control(self, data: dict[str, Any]) -> bool:
        match data.get("type"):
            case "Clear":
                self.protest("Clear is not known here")
                self.tell({"type": "Error", "description": "Could not parse the message", "code": "MESSAGE-0000"})
                return True
            case "Interrupt":
                self._interrupt()
                return True
            case "Flush":
                self.tell({"type": "Flushed", "speech_id": self._speech_id})
        return super()._control(data)

    def _may_flush(self) -> bool:
        return True

    @property
    def _speech_id(self) -> str:
        return f"dg_sp_{self._sequence:012x}"

    def started(self) -> None:
        self._is_speaking = True
        self.tell({"type": "SpeechStarted", "speech_id": self._speech_id})

    def ended(self, text: str, audio: bytes) -> None:
        if not audio:
            self.tell({"type": "Warning", "code": "NO_SYNTHESIZABLE_TEXT", "description": "Nothing to say"})
        self.tell({"type": "SpeechMetadata", **self._metadata(text, len(audio) // 8)}, answers_finish=True)
        self._audio_ms += len(audio) // 8
        self._sequence += 1
        self._is_speaking = False

    def _metadata(self, text: str, audio_ms: int) -> dict[str, Any]:
        return {
            "speech_id": self._speech_id,
            "audio_duration_ms": audio_ms,
            "input_character_count": len(text),
            "billable_character_count": len(text),
            "controls_applied": {"pronunciations_applied": 0, "breaks_applied": 0, "pronunciation_warnings": 0},
        }

    def _interrupt(self) -> None:
        self._texts.clear()
        if not self._is_speaking:
            self.tell({"type": "Warning", "code": "NO_ACTIVE_SPEECH", "description": "Nothing is being said"})
            return
        self._cleared.set()
        if self.wire.fault is not None and self.wire.fault.act == "late_audio":
            self.connection.send(b"\x00" * PIECE)
        metadata = self._metadata("", 0)
        self.tell({"type": "SpeechInterrupted", "audio_played_ms": self._audio_ms, "metadata": metadata})
        self._sequence += 1
        self._is_speaking = False

    def closing(self) -> None:
        self.tell(
            {
                "type": "SessionMetadata",
                "total_audio_duration_ms": self._audio_ms,
                "total_input_character_count": self.characters,
                "total_billable_character_count": self.characters,
            }
        )
