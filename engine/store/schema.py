"""The schema's versions: up to the newest, down to nothing."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from dotenv import dotenv_values
from sqlalchemy import make_url

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at this address to a revision, the newest by default."""
    command.upgrade(configuration(url), revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Take the database back to a revision, to no tables at all by default."""
    command.downgrade(configuration(url), revision)


def configuration(url: str) -> Config:
    """Alembic's settings with absolute paths, so that the working folder does not matter."""
    config = Config(str(_MIGRATIONS / "alembic.ini"))
    config.attributes["url"] = url
    return config


def main(arguments: Sequence[str]) -> int:
    """python -m engine.store.schema upgrade|downgrade [REVISION], on the database that DATABASE_URL names."""
    given = os.environ.get("DATABASE_URL") or dotenv_values(".env").get("DATABASE_URL")
    if not given or not arguments or arguments[0] not in ("upgrade", "downgrade"):
        print("Usage: DATABASE_URL=... python -m engine.store.schema upgrade|downgrade [REVISION]", file=sys.stderr)
        return 2
    url = make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    (upgrade if arguments[0] == "upgrade" else downgrade)(url, *arguments[1:2])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
