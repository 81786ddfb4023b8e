"""The listening side of the false Deepgram: the two kinds of recognition socket."""

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.fakes.deepgram_rules import keyterm_fault
from tests.fakes.deepgram_segments import Hear, Stream, Stretch
from tests.fakes.wire_faults import Cut, FaultyWire

LONGEST_MS = 10_000
EMPTY_AFTER_MS = 5000
INTERIM_EVERY_MS = 500
GLANCE_EVERY_MS = 1500
"""Where interim results take real work, fewer are told."""
TURN_ENDS_AFTER_MS = 600


class ListenConnection:
    """What both kinds have in common: reading messages, and closing when none come."""

    def __init__(
        self,
        connection: ServerConnection,
        wire: FaultyWire,
        query: dict[str, str],
        hear: Hear,
        *,
        idle_s: float,
        protest: Callable[[str], None],
    ) -> None:
        self.connection = connection
        self.wire = wire
        self.query = query
        self.stream = Stream(hear)
        self.request_id = str(uuid.uuid4())
        self.terms: list[str] = []
        self.received: list[str] = []
        """Types of the text messages that came."""
        self._idle_s = idle_s
        self.protest = protest
        self.glance: Hear | None = None
        """See DeepgramServer."""
        self.sending = threading.RLock()
        self._cuts = 0
        self._is_glancing = False

    def run(self) -> None:
        try:
            self.begin()
            while self._one():
                pass
        except (Cut, ConnectionClosed):
            return

    def _one(self) -> bool:
        try:
            message = self.connection.recv(timeout=self._idle_s)
        except TimeoutError:
            self.connection.close(1011, "NET-0001 No audio or message came in time.")
            return False
        if isinstance(message, bytes):
            if not message:
                self.protest("an empty binary message")
                self.connection.close(1000)
                return False
            self.audio(message)
            return True
        try:
            data = json.loads(message)
            kind = data["type"]
        except (ValueError, TypeError, KeyError):
            kind, data = "", {}
        self.received.append(kind)
        return self.control(kind, data)

    def is_time_to_look(self, looked_ms: int) -> bool:
        """Whether an interim result is due. looked_ms: length of the stretch at the last one."""
        if self.glance is None:
            return self.stream.length_ms - looked_ms >= INTERIM_EVERY_MS
        since_ms = max(looked_ms, self.stream.voice_ms)
        return self.stream.silence_ms < 100 and self.stream.length_ms - since_ms >= GLANCE_EVERY_MS

    def cut(self) -> Stretch:
        """What is open, finally; a glance at it that is still under way is not told any more."""
        with self.sending:
            self._cuts += 1
        return self.stream.cut()

    def interim(self, tell: Callable[[Stretch], None]) -> None:
        """Tell what is open so far: at once, or when a glance at it is done, one at a time."""
        if self.glance is None:
            tell(self.stream.look())
        elif not self._is_glancing and self.stream.has_voice:
            self._is_glancing = True
            threading.Thread(target=self._glance, args=(self.glance, tell, self._cuts), daemon=True).start()

    def _glance(self, glance: Hear, tell: Callable[[Stretch], None], cuts: int) -> None:
        audio, start_s, end_s = self.stream.so_far()
        try:
            words = glance(audio)
            placed = [{"word": text, "start": start_s, "end": end_s, "confidence": 0.5} for text, _, _ in words]
            with self.sending:
                if placed and cuts == self._cuts:
                    tell(Stretch(start_s, end_s, placed))
        except (Cut, ConnectionClosed, RuntimeError):
            return  # whoever reads the stream finds out
        finally:
            self._is_glancing = False

    def begin(self) -> None:
        """The connection is open."""

    def audio(self, data: bytes) -> None:
        raise AssertionError

    def control(self, kind: str, data: dict[str, Any]) -> bool:
        raise AssertionError

    def configure(self, data: dict[str, Any], allowed: set[str]) -> None:
        fault = keyterm_fault(self.query["model"], data.get("keyterms", []))
        if set(data) - allowed - {"type"}:
            fault = "CONFIGURE_INVALID"
        if fault is not None:
            self.protest(f"Configure: {fault}")
            self.wire.send(json.dumps({"type": "ConfigureFailure", "code": fault, "description": "not taken"}))
            return
        self.terms = data.get("keyterms", self.terms)
        self.wire.send(json.dumps({"type": "ConfigureSuccess", "keyterms": self.terms}))

    def mistake(self, kind: str) -> None:
        self.protest(f"a message of the type {kind!r}")
        body = {"type": "Error", "variant": "SchemaError", "description": "Could not parse the message"}
        self.wire.send(json.dumps(body))


class NovaConnection(ListenConnection):
    """listen v1: consecutive stretches, made final by silence, length or Finalize."""

    _looked_ms = 0
    _utterance_is_open = False

    def audio(self, data: bytes) -> None:
        for _ in self.stream.frames(data):
            self._frame()

    def _frame(self) -> None:
        stream = self.stream
        endpointing = self.query.get("endpointing", "10")
        if stream.has_voice:
            is_end = endpointing != "false" and stream.silence_ms >= int(endpointing)
            if is_end or (stream.length_ms >= LONGEST_MS and stream.silence_ms >= 40):
                self._final(self.cut(), speech_final=is_end)
            elif self.query.get("interim_results") == "true" and self.is_time_to_look(self._looked_ms):
                self._looked_ms = stream.length_ms
                self.interim(lambda stretch: self._send(stretch, is_final=False))
        elif stream.length_ms >= EMPTY_AFTER_MS:
            self._final(self.cut())
        waits_ms = int(self.query.get("utterance_end_ms", 0))
        if waits_ms and self._utterance_is_open and not stream.has_voice and stream.silence_ms >= waits_ms:
            self._utterance_is_open = False
            self.wire.send(json.dumps({"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": -1}))

    def control(self, kind: str, data: dict[str, Any]) -> bool:
        match kind:
            case "KeepAlive":
                return True
            case "Configure":
                self.configure(data, {"keyterms", "features"})
            case "Finalize":
                if self.stream.length_ms:
                    self._final(self.cut(), from_finalize=True)
            case "CloseStream":
                if self.stream.length_ms:
                    self._final(self.cut())
                duration = self.stream.received / 8000
                self.wire.send(json.dumps({"type": "Metadata", "request_id": self.request_id, "duration": duration}))
                self.connection.close(1000)
                return False
            case _:
                self.mistake(kind)
        return True

    def _final(self, stretch: Stretch, **flags: bool) -> None:
        self._looked_ms = 0
        self._utterance_is_open = self._utterance_is_open or bool(stretch.words)
        self._send(stretch, is_final=True, **flags)

    def _send(
        self, stretch: Stretch, *, is_final: bool, speech_final: bool = False, from_finalize: bool = False
    ) -> None:
        words = [{**word, "punctuated_word": word["word"]} for word in stretch.words]
        confidence = 0.93 if words else 0.0
        body = {
            "type": "Results",
            "channel_index": [0, 1],
            "start": stretch.start_s,
            "duration": stretch.end_s - stretch.start_s,
            "is_final": is_final,
            "speech_final": speech_final,
            "from_finalize": from_finalize,
            "channel": {"alternatives": [{"transcript": stretch.text, "confidence": confidence, "words": words}]},
            "metadata": {"request_id": self.request_id, "model_info": {"name": self.query["model"]}, "model_uuid": "0"},
        }
        self.wire.send(json.dumps(body), answers_finish=from_finalize)


class FluxConnection(ListenConnection):
    """listen v2: turns, whose text grows until they end."""

    _sequence = 0
    _turn = 0
    _is_in_turn = False
    _looked_ms = 0

    def begin(self) -> None:
        self._tell({"type": "Connected"})

    def audio(self, data: bytes) -> None:
        for is_loud in self.stream.frames(data):
            stream = self.stream
            if is_loud and not self._is_in_turn:
                self._is_in_turn = True
                self._event("StartOfTurn", stream.look() if self.glance is None else stream.opening())
            elif self._is_in_turn and stream.silence_ms >= TURN_ENDS_AFTER_MS:
                self._end("model")
            elif self.is_time_to_look(self._looked_ms):
                self._looked_ms = stream.length_ms
                self.interim(lambda stretch: self._event("Update", stretch))

    def control(self, kind: str, data: dict[str, Any]) -> bool:
        match kind:
            case "Configure":
                self.configure(data, {"thresholds", "keyterms", "language_hints", "numerals"})
            case "ForceEndTurn":
                if self._is_in_turn:
                    self._end("manual")
            case "CloseStream":
                if self._is_in_turn:
                    self._event("Update", self.stream.look())
                self.connection.close(1000)
                return False
            case _:
                self.mistake(kind)
        return True

    def _end(self, trigger: str) -> None:
        self._event("EndOfTurn", self.cut(), trigger=trigger)
        self._turn += 1
        self._is_in_turn = False
        self._looked_ms = 0

    def _event(self, event: str, stretch: Stretch, **more: str) -> None:
        body = {
            "type": "TurnInfo",
            "event": event,
            "turn_index": self._turn,
            "audio_window_start": stretch.start_s,
            "audio_window_end": stretch.end_s,
            "transcript": stretch.text,
            "words": stretch.words,
            "end_of_turn_confidence": 0.9 if event == "EndOfTurn" else 0.1,
            **more,
        }
        self._tell(body, answers_finish=more.get("trigger") == "manual")

    def _tell(self, body: dict[str, Any], *, answers_finish: bool = False) -> None:
        with self.sending:
            body |= {"request_id": self.request_id, "sequence_id": self._sequence}
            self._sequence += 1
            self.wire.send(json.dumps(body), answers_finish=answers_finish)
