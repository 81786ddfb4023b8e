"""Speaks generated turns: pieces from the local voice, bent to the speaker, silences between them, the line's harm.

Every piece is synthesised once and kept in a folder of clips, so that another run with other pauses costs little.
"""

import hashlib
import re
import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from benchmarks.turn_texts import Speaker, TurnText
from engine.adapters.local_hibari import HibariVoice
from engine.audio import mulaw
from engine.clock import SAMPLE_RATE_HZ

CONDITIONS: Final = ("clean", "noise 20 dB", "noise 10 dB", "degraded line")
TAIL_MS: Final = 1500
"""Line audio behind the end of the turn."""
LEAD_MS: Final = 400
_AUDIBLE: Final = 220
"""A 10 ms stretch below this is not heard as speech (about -43 dBFS)."""
_BLOCK: Final = SAMPLE_RATE_HZ // 100

Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    pcm: bytes
    """8 kHz, 16 bit, mono."""
    pauses: tuple[tuple[int, int], ...]
    """Inner pauses, start and end in ms."""
    end_ms: int
    words: tuple[tuple[str, int, int], ...]
    """Text, start and end in ms: within a piece, spread by the length of the words."""


class TurnVoice:
    """One voice, many speakers."""

    def __init__(self, clips: Path) -> None:
        clips.mkdir(parents=True, exist_ok=True)
        self._clips = clips
        self._voice: HibariVoice | None = None

    def speak(self, turn: TurnText, speaker: Speaker, condition: str, rng: np.random.Generator) -> SpokenTurn:
        """The turn as it arrives from the line."""
        parts: list[Samples] = [np.zeros(LEAD_MS * SAMPLE_RATE_HZ // 1000)]
        at = len(parts[0])
        pauses: list[tuple[int, int]] = []
        words: list[tuple[str, int, int]] = []
        end_ms = 0
        for index, piece in enumerate(turn.pieces):
            is_last = index == len(turn.pieces) - 1
            audio = self._piece(piece.text, speaker, is_last=is_last)
            start_ms, end_ms = _ms(at), _ms(at + len(audio))
            words += _spread(piece.text, start_ms, end_ms)
            silence = np.zeros((TAIL_MS if is_last else piece.pause_ms) * SAMPLE_RATE_HZ // 1000)
            parts += [audio, silence]
            at += len(audio) + len(silence)
            if not is_last:
                pauses.append((end_ms, _ms(at)))
        pcm = _through_the_line(np.concatenate(parts), condition, rng)
        return SpokenTurn(pcm, tuple(pauses), end_ms, tuple(words))

    def _piece(self, text: str, speaker: Speaker, *, is_last: bool) -> Samples:
        """Trimmed to what is heard; only the last piece of a turn is spoken with the fall of an end."""
        said = text + "." if is_last else text + ","
        key = hashlib.sha256(f"2|{said}|{speaker.pitch}|{speaker.speed}".encode()).hexdigest()[:24]
        path = self._clips / f"{key}.npy"
        if path.is_file():
            return np.load(path).astype(np.float64)
        self._voice = self._voice or HibariVoice()
        speed = max(0.5, min(2.0, speaker.speed / speaker.pitch))
        line = b"".join(self._voice.synthesise(said, speed=speed))
        samples = np.frombuffer(mulaw.decode(line), dtype="<i2").astype(np.float64)
        bend = Fraction(1 / speaker.pitch).limit_denominator(50)
        audio = _trimmed(resample_poly(samples, bend.numerator, bend.denominator))
        np.save(path, audio.astype(np.int16))
        return audio


def _trimmed(samples: Samples) -> Samples:
    blocks = samples[: len(samples) - len(samples) % _BLOCK].reshape(-1, _BLOCK)
    heard = np.flatnonzero(np.sqrt(np.mean(blocks**2, axis=1)) > _AUDIBLE)
    return samples[heard[0] * _BLOCK : (heard[-1] + 1) * _BLOCK] if len(heard) else samples[:_BLOCK]


def _through_the_line(samples: Samples, condition: str, rng: np.random.Generator) -> bytes:
    if condition.startswith("noise"):
        level_db = float(condition.split()[1])
        loudness = np.sqrt(np.mean(samples[np.abs(samples) > _AUDIBLE] ** 2))
        samples = samples + _murmur(len(samples), rng) * loudness * 10 ** (-level_db / 20)
    elif condition == "degraded line":
        spectrum = np.fft.rfft(samples)
        hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
        spectrum[(hertz < 350) | (hertz > 3000)] *= 0.05
        samples = np.fft.irfft(spectrum, len(samples)) * 0.5 + rng.normal(0, 12, len(samples))
        for start in range(0, len(samples), 160):
            if rng.random() < 0.02:
                samples[start : start + 160] = 0
        samples = np.frombuffer(mulaw.decode(mulaw.encode(_pcm(samples))), dtype="<i2").astype(np.float64) * 0.9
    else:
        samples = samples + rng.normal(0, 8, len(samples))
    return mulaw.decode(mulaw.encode(_pcm(samples)))


def _murmur(length: int, rng: np.random.Generator) -> Samples:
    """Pink noise whose loudness wanders, of mean power 1."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.sqrt(np.maximum(1.0, np.arange(len(spectrum)) * SAMPLE_RATE_HZ / length / 60))
    noise = np.fft.irfft(spectrum, length)
    steps = np.exp(rng.normal(0, 0.2, length // 4000 + 2))
    noise *= np.interp(np.arange(length) / 4000, np.arange(len(steps)), steps)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def _pcm(samples: Samples) -> bytes:
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


def _spread(text: str, start_ms: int, end_ms: int) -> list[tuple[str, int, int]]:
    words = re.findall(r"\S+", text)
    lengths = np.cumsum([0, *(len(word) + 1 for word in words)])
    edges = start_ms + (end_ms - start_ms) * lengths / lengths[-1]
    return [(word, round(edges[index]), round(edges[index + 1])) for index, word in enumerate(words)]


def _ms(samples: int) -> int:
    return round(samples * 1000 / SAMPLE_RATE_HZ)


def write_wav(path: Path, pcm: bytes) -> None:
    """8 kHz, mono, 16 bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm)
