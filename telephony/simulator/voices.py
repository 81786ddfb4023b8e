"""The caller's voice: audio files brought to the line's format, and texts spoken by a synthesiser."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from engine.audio import mulaw, resample
from engine.clock import SAMPLE_RATE_HZ, ms_to_samples
from telephony.simulator.scenario import Reply, Scenario
from telephony.simulator.scenario_table import ScenarioError

Voice = Callable[[str, float], bytes]
"""Speaks a text at a pitch (1.0 is the voice's own) as mu-law, 8 kHz."""

_PCM: Final = 1
_MULAW: Final = 7


def read_wav(path: Path) -> bytes:
    """A mono WAV file, 16-bit PCM or mu-law at any rate, as mu-law at 8 kHz. Raises ScenarioError naming the file."""
    chunks = dict(_chunks(path.read_bytes(), path))
    if b"fmt " not in chunks or b"data" not in chunks or len(chunks[b"fmt "]) < 16:
        raise ScenarioError(f"{path}: this is no complete WAV file")
    coding, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    data = chunks[b"data"]
    if channels != 1:
        raise ScenarioError(f"{path}: has {channels} channels; a caller needs one")
    if (coding, bits) == (_MULAW, 8):
        pcm = mulaw.decode(data)
    elif (coding, bits) == (_PCM, 16):
        pcm = data[: len(data) // 2 * 2]
    else:
        raise ScenarioError(f"{path}: must be 16-bit PCM or 8-bit mu-law, not coding {coding} with {bits} bits")
    return mulaw.encode(_at_line_rate(pcm, rate_hz))


class Synthesise(Protocol):
    """Speaks a text as mu-law, 8 kHz, in chunks; TextToSpeech.synthesise is one."""

    def __call__(self, text: str, *, speed: float = 1.0) -> Iterator[bytes]:
        """The chunks, as they become ready."""


def spoken_by(synthesise: Synthesise) -> Voice:
    """A voice made of a synthesiser. Another pitch is had by speaking slower or faster, and playing back otherwise."""

    def speak(text: str, pitch: float) -> bytes:
        audio = b"".join(synthesise(text, speed=min(1.5, max(0.75, 1 / pitch))))
        if pitch == 1.0:
            return audio
        return mulaw.encode(_at_line_rate(mulaw.decode(audio), round(SAMPLE_RATE_HZ * pitch / 100) * 100))

    return speak


def prepare(scenario: Scenario, voice: Voice | None) -> dict[Reply, bytes]:
    """The audio of every reply, pauses included, mu-law at 8 kHz.

    Raises ScenarioError for an unusable file, and for a text without audio where there is no voice to speak it.
    """
    replies = (*scenario.replies, *((scenario.default,) if scenario.default else ()))
    return {reply: _audio(reply, voice) for reply in replies}


def _audio(reply: Reply, voice: Voice | None) -> bytes:
    whole = b""
    for part, pause_ms in zip(reply.parts, (*reply.pauses_ms, 0), strict=False):
        if part.audio is not None:
            whole += read_wav(part.audio)
        elif voice is not None:
            whole += voice(part.text, reply.pitch)
        else:
            raise ScenarioError(f"the reply to {reply.on!r} has a text but no audio file, and no voice is at hand")
        whole += mulaw.silence(ms_to_samples(pause_ms))
    return whole


def with_level(audio: bytes, level_db: float) -> bytes:
    """The audio made louder or quieter, clipped where it must be."""
    if level_db == 0.0:
        return audio
    samples = np.frombuffer(mulaw.decode(audio), dtype="<i2") * 10 ** (level_db / 20)
    return mulaw.encode(np.clip(samples, -32768, 32767).astype("<i2").tobytes())


def _at_line_rate(pcm: bytes, rate_hz: int) -> bytes:
    return resample.resample(pcm, rate_hz, SAMPLE_RATE_HZ)


def _chunks(content: bytes, path: Path) -> Iterator[tuple[bytes, bytes]]:
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ScenarioError(f"{path}: this is no WAV file")
    position = 12
    while position + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, position)
        yield name, content[position + 8 : position + 8 + size]
        position += 8 + size + (size & 1)
