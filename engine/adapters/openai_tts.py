"""engine.ports.TextToSpeech over OpenAI's speech endpoint: 24 kHz samples in, the line's mu-law out, as they come."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.adapters.deadline_reading import DeadlineReader, Reading, ReadingLimits
from engine.adapters.openai_client import Client, cut, our_errors, request_timeout
from engine.audio import mulaw
from engine.audio.resample import Resampler
from engine.clock import SAMPLE_RATE_HZ, samples_to_ms
from engine.dialogue.speakable import clauses, speakable
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account
from engine.usage import Usage

MODEL_RATE_HZ: Final = 24_000
"""Of the format "pcm": 16-bit little-endian mono without a header."""
LONGEST_TEXT_CHARACTERS: Final = 4096
LIMITS: Final = ReadingLimits(first_s=3.0, next_s=2.0, whole_s=60.0)


@dataclass(frozen=True, slots=True)
class OpenAIVoice:
    """Who speaks, and how."""

    model: str = "gpt-4o-mini-tts"
    voice: str = "coral"
    instructions: str = "Speak calmly, clearly and in a friendly way, as an interviewer on the telephone."
    """Left out for models that take none (tts-1 and tts-1-hd)."""


class OpenAITextToSpeech:
    """One voice at one address. Threads may share it; the client belongs to whoever made it."""

    def __init__(
        self,
        client: Client,
        voice: OpenAIVoice,
        *,
        provider: str = "openai",
        limits: ReadingLimits = LIMITS,
        workers: int = 16,
    ) -> None:
        self.name = provider
        self._client = client
        self._voice = voice
        self._limits = limits
        self._reader = DeadlineReader(provider, workers)

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        for part in clauses(speakable(text), LONGEST_TEXT_CHARACTERS):
            yield from self._spoken(part, speed, account)

    def close(self) -> None:
        self._reader.close()

    def _spoken(self, text: str, speed: float, account: Account) -> Iterator[bytes]:
        resampler = Resampler(MODEL_RATE_HZ, SAMPLE_RATE_HZ)
        half_sample = b""
        given_bytes = 0
        is_whole = False
        try:
            for chunk in self._reader.read(lambda reading: self._samples(reading, text, speed), self._limits):
                pcm = half_sample + chunk
                half_sample = pcm[len(pcm) & ~1 :]
                audio = mulaw.encode(resampler.push(pcm[: len(pcm) & ~1]))
                given_bytes += len(audio)
                if audio:
                    yield audio
            if half_sample or not given_bytes:
                raise UpstreamUnavailable(f"{self.name} broke off before its speech was whole.")
            rest = mulaw.encode(resampler.flush())
            given_bytes += len(rest)
            is_whole = True
            if rest:
                yield rest
        finally:
            if given_bytes:
                account.spent(self._usage(text, given_bytes, is_whole=is_whole))

    def _samples(self, reading: Reading, text: str, speed: float) -> Iterator[bytes]:
        """The bytes of one reply, cut anywhere; runs on a worker."""
        voice = self._voice
        style = {} if voice.model.startswith("tts-1") else {"instructions": voice.instructions}
        endpoint = self._client.audio.speech.with_streaming_response
        with (
            our_errors(self.name, voice.model),
            endpoint.create(
                model=voice.model,
                voice=voice.voice,
                input=text,
                response_format="pcm",
                speed=speed,
                timeout=request_timeout(self._limits.first_s),
                **style,  # type: ignore[arg-type]  # the package types each field apart
            ) as reply,
        ):
            reading.cut_with(lambda: cut(reply.http_response))
            kind = reply.headers.get("content-type", "")
            if kind.startswith(("application/json", "text/")):
                raise UpstreamUnavailable(f"{self.name} sent something that is not audio.")
            yield from reply.iter_bytes()

    def _usage(self, text: str, given_bytes: int, *, is_whole: bool) -> Usage:
        return Usage(
            provider=self.name,
            model=self._voice.model,
            kind="text_to_speech",
            audio_ms=samples_to_ms(given_bytes),
            characters=len(text),
            is_estimated=not is_whole,
        )
