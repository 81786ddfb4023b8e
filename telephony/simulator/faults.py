"""A bad line on purpose: noise under the caller's voice, and frames that are late, bunched or lost. Repeatable."""

import random
from collections import deque

import numpy as np
from numpy.typing import NDArray

from engine.audio import mulaw
from engine.clock import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples
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
        self._babble: NDArray[np.float64] | None = None
        self._held: deque[tuple[int, str]] = deque()
        self._now_ms = 0
        self._last_due_ms = 0

    def sound(self, frame: bytes, from_agent: bytes = b"") -> bytes:
        """One frame of the caller as the microphone and the wire deliver it.

        from_agent: the frame of the agent that comes back as an echo just now.
        """
        faults = self._faults
        frame = with_level(frame, faults.level_db)
        added = np.zeros(FRAME_SAMPLES)
        if faults.noise_dbfs is not None:
            added += self._noise.normal(0, _FULL_SCALE * 10 ** (faults.noise_dbfs / 20), FRAME_SAMPLES)
        if faults.babble_dbfs is not None:
            added += self._next_babble(faults.babble_dbfs)
        if faults.echo_db is not None and from_agent:
            added += _samples(from_agent) * 10 ** (faults.echo_db / 20)
        if not added.any():
            return frame
        return mulaw.encode(np.clip(_samples(frame) + added, -32768, 32767).astype("<i2").tobytes())

    @property
    def echo_samples(self) -> int | None:
        """How long ago the agent said what comes back now; None where nothing does."""
        return None if self._faults.echo_db is None else ms_to_samples(self._faults.echo_ms)

    def _next_babble(self, level_dbfs: float) -> NDArray[np.float64]:
        if self._babble is None:
            self._babble = babble(self._noise, level_dbfs)
        place = (self._now_ms // FRAME_MS * FRAME_SAMPLES) % (len(self._babble) - FRAME_SAMPLES)
        return self._babble[place : place + FRAME_SAMPLES]

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


def babble(random: np.random.Generator, level_dbfs: float, voices: int = 8) -> NDArray[np.float64]:
    """Ten seconds of many voices at once, so loud on average: hums that rise and fall like syllables, each its own."""
    seconds = np.arange(10 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    mixed = np.zeros(len(seconds))
    for _ in range(voices):
        pitch_hz = random.uniform(90, 260) * (1 + 0.04 * np.sin(2 * np.pi * random.uniform(0.2, 1) * seconds))
        phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
        voice = np.zeros(len(seconds))
        for overtone in range(1, 12):
            voice += np.sin(overtone * phase + random.uniform(0, 6.3)) / overtone
        syllables = np.sin(2 * np.pi * random.uniform(1.5, 3) * seconds + random.uniform(0, 6.3))
        mixed += voice * np.maximum(0.0, syllables)
    wanted = _FULL_SCALE * 10 ** (level_dbfs / 20)
    return np.asarray(mixed * wanted / np.sqrt(np.mean(mixed**2)))


def _samples(frame: bytes) -> NDArray[np.float64]:
    return np.frombuffer(mulaw.decode(frame), dtype="<i2").astype(np.float64)
