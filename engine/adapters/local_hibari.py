"""The hibari voice on this machine. Runs in the speech process only."""

import re
from collections.abc import Iterator

import numpy as np
from hibari import SAMPLE_RATE, Hibari
from numpy.typing import NDArray

from engine.audio import mulaw
from engine.audio.resample import Resampler
from engine.clock import SAMPLE_RATE_HZ

VOICE = "heart"
"""The only voice inside the package; the others would be downloaded."""
_LONG_CHARACTERS = 90
"""Up to this length a sentence is spoken in one piece, which sounds best and is ready in a tenth of a second."""
_SHORTEST_CLAUSE_CHARACTERS = 24
_GAIN = 1.8
"""Brings the voice to about -22 dBFS, as loud as people on the telephone; its peaks stay 4 dB below full scale."""
_AUDIBLE = 0.004
"""What is quieter at the edges of a clause is trimmed: the voice starts 0.3 s late and goes on 0.5 s too long."""
_LEAD_S = 0.02
_PAUSE_S = 0.25
_BREATH_S = 0.12
"""Silence left before a clause, after a sentence, and after a clause within one."""
_CHUNK_BYTES = 4800
"""0.6 s of line audio."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_CLAUSE_END = re.compile(r"(?<=[,;:])\s+")


class HibariVoice:
    """One voice, one thread. Not thread-safe."""

    def __init__(self) -> None:
        self._hibari = Hibari(voice=VOICE, threads=1)
        # The pronunciation rules are read at the first use, which must not fall into a call.
        self._hibari("Ready.", seed=0)

    def synthesise(self, text: str, *, speed: float = 1.0) -> Iterator[bytes]:
        """mu-law 8 kHz audio, clause by clause. The same text gives the same bytes."""
        resampler = Resampler(SAMPLE_RATE, SAMPLE_RATE_HZ)
        for clause in clauses(text):
            wave = _trimmed(self._hibari(clause, speed=speed, seed=0), is_sentence=clause[-1] in ".!?")
            pcm = np.clip(wave * (_GAIN * 32767), -32768, 32767).astype("<i2").tobytes()
            spoken = mulaw.encode(resampler.push(pcm))
            for start in range(0, len(spoken), _CHUNK_BYTES):
                yield spoken[start : start + _CHUNK_BYTES]
        rest = mulaw.encode(resampler.flush())
        if rest:
            yield rest


def _trimmed(wave: NDArray[np.float32], *, is_sentence: bool) -> NDArray[np.float32]:
    audible = np.flatnonzero(np.abs(wave) > _AUDIBLE)
    if not len(audible):
        return wave[:0]
    first = max(0, int(audible[0]) - int(_LEAD_S * SAMPLE_RATE))
    last = int(audible[-1]) + int((_PAUSE_S if is_sentence else _BREATH_S) * SAMPLE_RATE)
    spoken = wave[first : last + 1]
    return np.concatenate((spoken, np.zeros(max(0, last + 1 - len(wave)), dtype=np.float32)))


def clauses(text: str) -> list[str]:
    """The text in pieces to be spoken one after another: sentences, the long ones cut at commas and the like."""
    pieces: list[str] = []
    for sentence in _SENTENCE_END.split(text.strip()):
        if len(sentence) <= _LONG_CHARACTERS:
            pieces.append(sentence)
            continue
        begun = ""
        for part in _CLAUSE_END.split(sentence):
            begun = f"{begun} {part}".strip()
            if len(begun) >= _SHORTEST_CLAUSE_CHARACTERS:
                pieces.append(begun)
                begun = ""
        if begun:
            pieces.append(begun)
    return [piece for piece in pieces if piece]
