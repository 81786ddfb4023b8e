"""The book of spoken phrases: what a process counted goes into the table now and then, and old phrases go away."""

import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.speech_cache import SUFFIX, CachedTextToSpeech, CacheLimits
from engine.store.phrases import PhraseNews, PhraseRepository

logger = logging.getLogger(__name__)

FLUSH_EVERY_S = 30.0


class PhraseBook:
    """Writes down what one voice's cache counted, in the background. Losing the last counts harms nobody."""

    def __init__(
        self, sessions: sessionmaker[Session], voice: CachedTextToSpeech, limits: CacheLimits | None = None
    ) -> None:
        self._sessions = sessions
        self._voice = voice
        self._lifetime = timedelta(seconds=(limits or CacheLimits()).lifetime_s)
        self._stopping = threading.Event()
        self._unwritten: list[PhraseNews] = []

    def start(self) -> None:
        """Write every half minute until `stop`."""
        threading.Thread(target=self._run, name="phrase-book", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def flush(self) -> int:
        """Write what was counted since the last time; returns how many phrases that concerned.

        While the database is away the counts wait for the next time.
        """
        self._unwritten += [
            PhraseNews(
                use.key,
                use.voice,
                use.size_bytes,
                use.hits,
                _moment(use.last_used_at_s),
                None if use.made_at_s is None else _moment(use.made_at_s),
            )
            for use in self._voice.take_uses()
        ]
        if not self._unwritten:
            return 0
        try:
            with self._sessions.begin() as session:
                PhraseRepository(session).note(self._unwritten, self._lifetime)
        except SQLAlchemyError as error:
            logger.warning("counts of spoken phrases wait for the database: %s", type(error).__name__)
            return 0
        count = len(self._unwritten)
        self._unwritten = []
        return count

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_EVERY_S):
            self.flush()
        self.flush()


def tidy_phrases(
    sessions: sessionmaker[Session], folder: Path, now: datetime, limits: CacheLimits | None = None
) -> int:
    """Delete phrases whose time is over, and the longest unused ones while all are too big; returns how many."""
    allowed_bytes = (limits or CacheLimits()).disk_bytes
    with sessions.begin() as session:
        phrases = PhraseRepository(session)
        kept = phrases.oldest_use_first()
        size = sum(phrase.bytes for phrase in kept if phrase.expires_at > now)
        gone = []
        for phrase in kept:
            path = folder / f"{phrase.key}{SUFFIX}"
            is_over = phrase.expires_at <= now
            if is_over or size > allowed_bytes or not path.exists():
                size -= 0 if is_over else phrase.bytes
                path.unlink(missing_ok=True)
                gone.append(phrase.key)
        if gone:
            phrases.forget(gone)
    return len(gone)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
