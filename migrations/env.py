"""Runs migrations against the address given by the caller, else DATABASE_URL. Our tables only: jobs have their own."""

import os

from alembic import context
from sqlalchemy import create_engine, pool
from sqlalchemy.schema import SchemaItem

from engine.store import schedule_models  # noqa: F401  # so that its tables are known
from engine.store.models import Base


def _is_ours(_item: SchemaItem, name: str | None, _kind: str, _reflected: bool, _compare_to: SchemaItem | None) -> bool:
    return "procrastinate_" not in (name or "")


def _run(url: str) -> None:
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=_is_ours,
            compare_type=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            context.run_migrations()


_run(context.config.attributes.get("url") or os.environ["DATABASE_URL"])
