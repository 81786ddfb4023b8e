from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.adapters.speech_cache import SUFFIX, CachedTextToSpeech, CacheLimits
from engine.store.database import make_engine, make_sessions
from engine.store.phrases import PhraseRepository
from engine.store.provider_health import FORGOTTEN_AFTER, ProviderHealthRepository
from engine.work.health_reporting import HealthReporter
from engine.work.phrases import PhraseBook, tidy_phrases

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.seconds = NOW.timestamp()

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def voice(tmp_path: Path, clock: Clock) -> CachedTextToSpeech:
    cache = CachedTextToSpeech(ScriptedTextToSpeech(), tmp_path, version="1", now=clock)
    cache.declare_fixed(["one moment please", "goodbye now"])
    return cache


@pytest.fixture
def nowhere() -> Iterator[sessionmaker[Session]]:
    engine = make_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    yield make_sessions(engine)
    engine.dispose()


def say(voice: CachedTextToSpeech, text: str) -> None:
    assert b"".join(voice.synthesise(text))


def test_hits_of_phrases_on_disk_are_added_up_and_texts_that_name_somebody_leave_no_trace(
    sessions: sessionmaker[Session], voice: CachedTextToSpeech, clock: Clock
) -> None:
    book = PhraseBook(sessions, voice)
    for text in ("one moment please", "one moment please", "Hello Ada", "Hello Ada", "goodbye now"):
        say(voice, text)
    assert book.flush() == 2
    clock.seconds += 60
    say(voice, "one moment please")
    assert book.flush() == 1
    assert book.flush() == 0

    with sessions() as session:
        rows = PhraseRepository(session).oldest_use_first()
        assert [(row.hits, row.text_kind, row.voice) for row in rows] == [
            (0, "fixed", "scripted 1"),
            (2, "fixed", "scripted 1"),
        ]
        assert rows[1].created_at == NOW and rows[1].last_used_at == NOW + timedelta(seconds=60)
        assert rows[1].expires_at == NOW + timedelta(days=30)
        figures = PhraseRepository(session).figures()
        assert figures.size_bytes == sum(row.bytes for row in rows) and figures.hit_rate == 0.5


def test_counts_wait_while_the_database_is_away(
    sessions: sessionmaker[Session], nowhere: sessionmaker[Session], voice: CachedTextToSpeech
) -> None:
    book = PhraseBook(nowhere, voice)
    say(voice, "goodbye now")
    assert book.flush() == 0
    book._sessions = sessions
    assert book.flush() == 1


def test_phrases_go_when_their_time_is_over_and_the_longest_unused_when_there_is_no_room(
    sessions: sessionmaker[Session], voice: CachedTextToSpeech, clock: Clock, tmp_path: Path
) -> None:
    book = PhraseBook(sessions, voice)
    say(voice, "goodbye now")
    clock.seconds += 60
    say(voice, "one moment please")
    book.flush()
    held = {path.stem: path.stat().st_size for path in tmp_path.glob(f"*{SUFFIX}")}
    assert tidy_phrases(sessions, tmp_path, NOW) == 0

    assert tidy_phrases(sessions, tmp_path, NOW, CacheLimits(disk_bytes=sum(held.values()) - 1)) == 1
    [left] = tmp_path.glob(f"*{SUFFIX}")
    with sessions() as session:
        assert [row.key for row in PhraseRepository(session).oldest_use_first()] == [left.stem]

    assert tidy_phrases(sessions, tmp_path, NOW + timedelta(days=31)) == 1
    assert list(tmp_path.glob(f"*{SUFFIX}")) == []


@dataclass(frozen=True)
class Engine:
    name: str = "speech_to_text/deepgram-nova"
    state: str = "closed"
    consecutive_failures: int = 0
    last_error: str | None = None
    last_error_at_s: float | None = None
    last_success_at_s: float | None = None


class Board:
    def __init__(self, *engines: Engine) -> None:
        self.engines = list(engines)

    def snapshots(self) -> list[Engine]:
        return self.engines


def test_every_process_sees_how_the_engines_of_the_others_are_doing(sessions: sessionmaker[Session]) -> None:
    well = Engine(last_success_at_s=NOW.timestamp())
    ill = replace(well, state="open", consecutive_failures=5, last_error="late " * 100, last_error_at_s=1.0)
    first, second = Board(well, replace(well, name="text_to_speech/openai")), Board(well)
    reporters = [HealthReporter(sessions, first, "web-1"), HealthReporter(sessions, second, "web-2")]
    assert [reporter.report(NOW) for reporter in reporters] == [2, 1]
    second.engines[0] = ill
    assert [reporter.report(NOW) for reporter in reporters] == [0, 1]

    with sessions() as session:
        rows = ProviderHealthRepository(session).latest(NOW)
        assert [(row.process, row.port, row.provider, row.state, row.failures) for row in rows] == [
            ("web-2", "speech_to_text", "deepgram-nova", "open", 5),
            ("web-1", "speech_to_text", "deepgram-nova", "closed", 0),
            ("web-1", "text_to_speech", "openai", "closed", 0),
        ]
        assert rows[0].last_error is not None and len(rows[0].last_error) == 300
        assert ProviderHealthRepository(session).latest(NOW + timedelta(days=8)) == []


def test_success_after_success_is_not_written_every_second_and_the_dead_are_forgotten(
    sessions: sessionmaker[Session], nowhere: sessionmaker[Session]
) -> None:
    board = Board(Engine(last_success_at_s=0.0))
    reporter = HealthReporter(sessions, board, "web-1")
    written = []
    for second in range(0, 180, 30):
        board.engines[0] = Engine(last_success_at_s=float(second))
        written.append(reporter.report(NOW))
    assert written == [1, 0, 0, 1, 0, 0]
    assert HealthReporter(nowhere, board, "web-9").report(NOW) == 0

    HealthReporter(sessions, board, "web-2").report(NOW + FORGOTTEN_AFTER + timedelta(days=1))
    with sessions() as session:
        assert [row.process for row in ProviderHealthRepository(session).latest(NOW)] == ["web-2"]
