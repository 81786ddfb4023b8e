"""A voice behind sockets: as many connections as texts are spoken at once, kept from text to text."""

import threading
from collections.abc import Callable, Iterator
from typing import Final

from engine.adapters.deadline_reading import ReadingLimits
from engine.adapters.speak_dialect import SpeakDialect, SpeechEnded
from engine.adapters.voice_connection import KeepingLimits, StaleConnection, VoiceConnection
from engine.clock import samples_to_ms
from engine.dialogue.speakable import clauses, speakable
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account
from engine.usage import Usage

LIMITS: Final = ReadingLimits(first_s=3.0, next_s=2.0, whole_s=60.0)


class SocketTextToSpeech:
    """engine.ports.TextToSpeech. Threads may share it."""

    def __init__(
        self,
        name: str,
        provider: str,
        dialect: SpeakDialect,
        *,
        limits: ReadingLimits = LIMITS,
        keeping: KeepingLimits | None = None,
    ) -> None:
        """provider: whom usage is owed to."""
        self.name = name
        self._provider = provider
        self._dialect = dialect
        self._limits = limits
        self._keeping = keeping or KeepingLimits()
        self._lock = threading.Lock()
        self._connections: list[VoiceConnection] = []

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        for part in clauses(speakable(text), self._dialect.longest_text):
            yield from self._spoken(part, speed, account)

    def connect_ahead(self) -> None:
        """Have a connection ready for what will be said soon; the waiting is done elsewhere."""
        self._taken(1.0).release()

    def close(self) -> None:
        """Let all connections go."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    def _spoken(self, text: str, speed: float, account: Account) -> Iterator[bytes]:
        given, sent, characters = 0, 0, None
        is_whole = False

        def count() -> None:
            nonlocal sent
            sent = len(text)

        try:
            for arrival in self._arrivals(text, speed, count):
                if isinstance(arrival, SpeechEnded):
                    is_whole, characters = given > 0, arrival.characters
                else:
                    given += len(arrival)
                    yield arrival
            if not given:
                raise UpstreamUnavailable(f"{self.name} said nothing.")
        finally:
            if sent:
                charged = sent if characters is None else characters
                account.spent(self._usage(given, charged, is_whole=is_whole))

    def _arrivals(self, text: str, speed: float, count: Callable[[], None]) -> Iterator[bytes | SpeechEnded]:
        try:
            yield from self._taken(speed).say(text, self._limits, count)
        except StaleConnection:
            yield from self._new(speed).say(text, self._limits, count)

    def _taken(self, speed: float) -> VoiceConnection:
        """A free connection, the longest-serving one first, so that those that are too many are used no more."""
        with self._lock:
            free = [connection for connection in self._connections if connection.speed == speed]
        for connection in free:
            if connection.reserve():
                return connection
        return self._new(speed)

    def _new(self, speed: float) -> VoiceConnection:
        connection = VoiceConnection(self._dialect, speed, self._keeping, self._forget)
        with self._lock:
            self._connections.append(connection)
        return connection

    def _forget(self, connection: VoiceConnection) -> None:
        with self._lock:
            if connection in self._connections:
                self._connections.remove(connection)

    def _usage(self, given: int, characters: int, *, is_whole: bool) -> Usage:
        return Usage(
            self._provider,
            self._dialect.model,
            "text_to_speech",
            audio_ms=samples_to_ms(given),
            characters=characters,
            is_estimated=not is_whole,
        )
