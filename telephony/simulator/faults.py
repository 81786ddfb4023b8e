"""A bad line on purpose: noise under the caller's voice, and frames that are late, bunched or lost. Repeatable."""

import random
from collections import deque

import numpy as np

from engine.audio import mulaw
from engine.clock import FRAME_MS, FRAME_SAMPLES
from telephony.simulator.scenario import LineFaults
from telephony.simulator.voices import with_level

_FULL_SCALE = 32768
_MEDIA = '{"event": "media"'


class FaultyPath:
    """The way from the caller's mouth to the server's socket."""

    def __init__(self, faults: LineFaults) -> None:
        self._faults = faults
        self._chance = random.Random(faults.seed)  # noqa: S311  # weather, not a secret
        self._noise = np.random.default_rng(faults.seed)
        self._held: deque[tuple[int, str]] = deque()
        self._now_ms = 0
        self._last_due_ms = 0

    def sound(self, frame: bytes) -> bytes:
        """One frame of the caller as the microphone and the wire deliver it."""
        faults = self._faults
        frame = with_level(frame, faults.level_db)
        if faults.noise_dbfs is None:
            return frame
        amplitude = _FULL_SCALE * 10 ** (faults.noise_dbfs / 20)
        noisy = np.frombuffer(mulaw.decode(frame), dtype="<i2") + self._noise.normal(0, amplitude, FRAME_SAMPLES)
        return mulaw.encode(np.clip(noisy, -32768, 32767).astype("<i2").tobytes())

    def frame(self, messages: list[str]) -> list[str]:
        """Send off the messages of the next 20 ms; those that arrive now, in the order in which they were sent."""
        self._now_ms += FRAME_MS
        for message in messages:
            if self._faults.loss and message.startswith(_MEDIA) and self._chance.random() < self._faults.loss:
                continue
            self._last_due_ms = max(self._due_ms(), self._last_due_ms)
            self._held.append((self._last_due_ms, message))
        return self._arrived()

    def behind(self, messages: list[str]) -> list[str]:
        """Send off messages between two frames. They arrive now, or behind what is held back: nothing overtakes."""
        if not self._held:
            return messages
        self._held.extend((self._last_due_ms, message) for message in messages)
        return []

    def rest(self) -> list[str]:
        """Everything still on its way."""
        messages = [message for _, message in self._held]
        self._held.clear()
        return messages

    def _due_ms(self) -> int:
        faults = self._faults
        late_ms = self._chance.randint(0, faults.jitter_ms) if faults.jitter_ms else 0
        if faults.stall_every_ms and faults.stall_ms:
            into_ms = self._now_ms % (faults.stall_every_ms + faults.stall_ms)
            if into_ms >= faults.stall_every_ms:
                late_ms = max(late_ms, faults.stall_every_ms + faults.stall_ms - into_ms)
        return self._now_ms + late_ms

    def _arrived(self) -> list[str]:
        arrived = []
        while self._held and self._held[0][0] <= self._now_ms:
            arrived.append(self._held.popleft()[1])
        return arrived
