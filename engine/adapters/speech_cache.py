"""Speech kept for the next time it is needed, and the phrases that need no engine at all.

Everything spoken stays for a while in this process's memory. Only phrases declared as fixed go to disk, since other
texts may name a person.
"""

import hashlib
import json
import logging
import os
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, Account, TextToSpeech

logger = logging.getLogger(__name__)

SUFFIX: Final = ".ulaw"
_BUNDLED_DIR: Final = Path(__file__).parent / "data"
BUNDLED_PHRASES: Final = {
    "apology": (
        "I am sorry, we have a technical problem. Please call again with the same PIN. Nothing that you said is lost."
    ),
    "one_moment": "One moment, please.",
}
"""What the recorded phrases say; record_phrases makes them."""


@lru_cache(maxsize=8)
def bundled_phrase(name: str) -> bytes:
    """A recorded phrase, mu-law 8 kHz, for when no voice answers. name: a key of BUNDLED_PHRASES, else KeyError."""
    if name not in BUNDLED_PHRASES:
        raise KeyError(name)
    return (_BUNDLED_DIR / f"{name}{SUFFIX}").read_bytes()


@dataclass(frozen=True, slots=True)
class CacheLimits:
    disk_bytes: int = 64 << 20
    memory_bytes: int = 16 << 20
    lifetime_s: float = 30 * 86_400
    """How long a phrase stays on disk after it was made."""


@dataclass(frozen=True, slots=True)
class PhraseUse:
    """What happened to a phrase on disk since it was last told. Times are seconds since the epoch."""

    key: str
    voice: str
    size_bytes: int
    hits: int
    last_used_at_s: float
    made_at_s: float | None
    """None where it was there before."""


class _Shelf:
    """A folder of phrases with a limit on size and age. Files appear whole or not at all."""

    def __init__(self, folder: Path, limits: CacheLimits, now: Callable[[], float]) -> None:
        self._folder = folder
        self._limits = limits
        self._now = now
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, key: str) -> bytes | None:
        path = self._folder / f"{key}{SUFFIX}"
        try:
            made_at = path.stat().st_mtime
            if self._now() - made_at > self._limits.lifetime_s:
                path.unlink(missing_ok=True)
                return None
            audio = path.read_bytes()
            os.utime(path, (self._now(), made_at))
        except FileNotFoundError:
            return None
        return audio

    def put(self, key: str, audio: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(audio)
            os.utime(temporary, (self._now(), self._now()))
            Path(temporary).replace(self._folder / f"{key}{SUFFIX}")
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        self._make_room()

    def _make_room(self) -> None:
        """Throw away what has not been used for longest, until the rest fits."""
        found = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            try:
                found.append((path.stat(), path))
            except FileNotFoundError:
                continue  # another process made room at the same time
        size = sum(status.st_size for status, _ in found)
        for status, path in sorted(found, key=lambda item: item[0].st_atime):
            if size <= self._limits.disk_bytes:
                return
            path.unlink(missing_ok=True)
            size -= status.st_size


class CachedTextToSpeech:
    """engine.ports.TextToSpeech that asks another one only for what it does not hold. Thread-safe."""

    def __init__(
        self,
        inner: TextToSpeech,
        folder: Path,
        *,
        version: str,
        limits: CacheLimits | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """version: of the voice; what another version spoke is not used. now: seconds since the epoch."""
        self.name = inner.name
        self.hits = 0
        self.misses = 0
        self._inner = inner
        self._version = version
        self.voice = f"{inner.name} {version}"
        limits = limits or CacheLimits()
        self._shelf = _Shelf(folder, limits, now)
        self._lock = threading.Lock()
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._memory_bytes = 0
        self._memory_limit_bytes = limits.memory_bytes
        self._fixed: set[str] = set()
        self._now = now
        self._uses: dict[str, PhraseUse] = {}

    def synthesise(self, text: str, *, speed: float = 1.0, account: Account = UNLIMITED) -> Iterator[bytes]:
        """As the port says; a phrase that is held comes at once, in one chunk, and costs nothing."""
        key = self._key(text, speed)
        held = self._held(key, text)
        if held is not None:
            self.hits += 1
            if text in self._fixed:
                self._used(key, held, is_new=False)
            yield held
            return
        self.misses += 1
        spoken = bytearray()
        for chunk in self._inner.synthesise(text, speed=speed, account=account):
            spoken += chunk
            yield chunk
        self._hold(key, text, bytes(spoken))

    def declare_fixed(self, texts: Iterable[str]) -> None:
        """These texts name nobody: they may be kept on disk."""
        self._fixed.update(texts)

    def warm(self, texts: Iterable[str], *, should_stop: Callable[[], bool] = lambda: False) -> int:
        """Declare texts as fixed and speak those that are not held yet; returns how many are held in the end.

        Stops at the first failure of the voice: it will be asked again when a text is needed.
        """
        wanted = list(dict.fromkeys(texts))
        self.declare_fixed(wanted)
        for count, text in enumerate(wanted):
            if should_stop():
                return count
            try:
                for _ in self.synthesise(text):
                    pass
            except UpstreamUnavailable:
                logger.warning("fixed phrases could not all be spoken ahead", extra={"missing": len(wanted) - count})
                return count
        return len(wanted)

    def close(self) -> None:
        self._inner.close()

    def _key(self, text: str, speed: float) -> str:
        parts = json.dumps([self._inner.name, self._version, round(speed, 3), text])
        return hashlib.sha256(parts.encode()).hexdigest()

    def _held(self, key: str, text: str) -> bytes | None:
        with self._lock:
            if key in self._memory:
                self._memory.move_to_end(key)
                return self._memory[key]
        audio = self._shelf.take(key) if text in self._fixed else None
        if audio is not None:
            self._remember(key, audio)
        return audio

    def _hold(self, key: str, text: str, audio: bytes) -> None:
        self._remember(key, audio)
        if text not in self._fixed:
            return
        try:
            self._shelf.put(key, audio)
        except OSError as error:
            logger.warning("a spoken phrase could not be kept on disk", extra={"reason": error.strerror})
        else:
            self._used(key, audio, is_new=True)

    def take_uses(self) -> list[PhraseUse]:
        """What happened to phrases on disk since this was asked last; counted in memory, so that no call waits."""
        with self._lock:
            uses, self._uses = self._uses, {}
        return list(uses.values())

    def _used(self, key: str, audio: bytes, *, is_new: bool) -> None:
        now_s = self._now()
        with self._lock:
            before = self._uses.get(key)
            hits = (before.hits if before else 0) + (0 if is_new else 1)
            made_at_s = now_s if is_new else before.made_at_s if before else None
            self._uses[key] = PhraseUse(key, self.voice, len(audio), hits, now_s, made_at_s)

    def _remember(self, key: str, audio: bytes) -> None:
        with self._lock:
            self._memory_bytes += len(audio) - len(self._memory.pop(key, b""))
            self._memory[key] = audio
            while self._memory_bytes > self._memory_limit_bytes:
                _, dropped = self._memory.popitem(last=False)
                self._memory_bytes -= len(dropped)
