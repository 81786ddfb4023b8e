"""Speech by Deepgram's Aura voices, over REST: mu-law at 8 kHz without a container, streamed as it is made.

Not over their websocket, since the port asks for one clause at a time: here a clause that is given up ends with its
request, so that nothing stale can come after it, no limit on flushes applies, failures have a status of their own, and
connections are kept open between requests all the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.adapters.deadline_reading import DeadlineReader, Reading, ReadingLimits
from engine.adapters.deepgram_client import Deepgram
from engine.clock import samples_to_ms
from engine.dialogue.speakable import clauses, speakable
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account
from engine.usage import Usage

LONGEST_TEXT_CHARACTERS: Final = 1900
"""Deepgram takes 2000 in one request."""
LIMITS: Final = ReadingLimits(first_s=3.0, next_s=2.0, whole_s=60.0)
SLOWEST, FASTEST = 0.7, 1.5


@dataclass(frozen=True, slots=True)
class AuraVoice:
    model: str = "aura-2-thalia-en"


class DeepgramTextToSpeech:
    """engine.ports.TextToSpeech on speak v1. Threads may share it."""

    name = "deepgram-aura"

    def __init__(
        self,
        deepgram: Deepgram,
        voice: AuraVoice | None = None,
        *,
        limits: ReadingLimits = LIMITS,
        workers: int = 16,
    ) -> None:
        """deepgram: shared with others and closed by whoever built it. workers: texts spoken at the same time."""
        self._deepgram = deepgram
        self._voice = voice or AuraVoice()
        self._limits = limits
        self._reader = DeadlineReader("Deepgram's voice", workers)

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        for part in clauses(speakable(text), LONGEST_TEXT_CHARACTERS):
            yield from self._spoken(part, speed, account)

    def close(self) -> None:
        """Let the reading threads go."""
        self._reader.close()

    def _spoken(self, text: str, speed: float, account: Account) -> Iterator[bytes]:
        given = 0
        is_whole = False
        try:
            for chunk in self._reader.read(lambda reading: self._chunks(reading, text, speed), self._limits):
                given += len(chunk)
                yield chunk
            if not given:
                raise UpstreamUnavailable("Deepgram's voice said nothing.")
            is_whole = True
        finally:
            if given:
                account.spent(self._usage(text, given, is_whole=is_whole))

    def _chunks(self, reading: Reading, text: str, speed: float) -> Iterator[bytes]:
        """The audio of one request; runs on a worker."""
        options: dict[str, object] = {"model": self._voice.model}
        if speed != 1.0:
            options["speed"] = min(FASTEST, max(SLOWEST, speed))
        with self._deepgram.speak(text, options, reading.cut_with) as chunks:
            yield from (chunk for chunk in chunks if chunk)

    def _usage(self, text: str, given: int, *, is_whole: bool) -> Usage:
        return Usage(
            "deepgram",
            self._voice.model,
            "text_to_speech",
            audio_ms=samples_to_ms(given),
            characters=len(text),
            is_estimated=not is_whole,
        )
