import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from engine.store import schema
from engine.store.models import Interview, User


def objects(url: str) -> set[str]:
    """Everything of ours in the database: tables, indexes, functions, types."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.scalars(
            text(
                "select 'r ' || relname from pg_class where relnamespace = 'public'::regnamespace "
                "union select 'f ' || proname from pg_proc where pronamespace = 'public'::regnamespace "
                "union select 't ' || typname from pg_type where typnamespace = 'public'::regnamespace"
            )
        ).all()
    engine.dispose()
    return {name for name in found if "alembic_version" not in name}


def test_the_models_and_the_migrations_describe_the_same_tables(database_url: str) -> None:
    command.check(schema.configuration(database_url))


def test_no_extension_is_needed(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        assert session.scalars(text("select extname from pg_extension")).all() == ["plpgsql"]


def test_down_leaves_nothing_and_up_makes_it_all_again(database_url: str, interview: Interview) -> None:
    whole = objects(database_url)
    assert any("procrastinate_jobs" in name for name in whole)

    schema.downgrade(database_url)
    assert objects(database_url) == set()

    schema.upgrade(database_url)
    assert objects(database_url) == whole


def test_taking_the_job_queue_down_and_up_keeps_our_rows(
    database_url: str, sessions: sessionmaker[Session], interview: Interview
) -> None:
    schema.downgrade(database_url, "0001")
    schema.upgrade(database_url)

    with sessions() as session:
        kept = session.get_one(Interview, interview.id)
        assert kept.pin == interview.pin
        owner = session.get_one(User, kept.owner_id)
        assert owner.verified_at == owner.created_at, "nobody is locked out by a rule that came later"


def test_the_command_line_upgrades_the_database_of_the_environment(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.downgrade(database_url)
    monkeypatch.setenv("DATABASE_URL", database_url.replace("+psycopg", ""))

    assert schema.main(["upgrade"]) == 0
    assert schema.main(["sideways"]) == 2

    plain = database_url.replace("+psycopg", "")
    with psycopg.connect(plain) as connection:
        assert connection.execute("select count(*) from users").fetchone() == (0,)
