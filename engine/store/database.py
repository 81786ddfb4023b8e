"""How the product talks to PostgreSQL: one engine a process, sessions made from it."""

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

CONNECTIONS_KEPT = 2
CONNECTIONS_AT_MOST = 10
CONNECT_TIMEOUT_S = 30
STATEMENT_TIMEOUT_MS = 10_000
IDLE_S = 600


def make_engine(url: str) -> Engine:
    """An engine for one process: 2 to 10 connections, none older than ten minutes, no statement longer than 10 s.

    url: begins with postgresql+psycopg://. Nothing is connected yet.
    """
    return create_engine(
        url,
        pool_size=CONNECTIONS_KEPT,
        max_overflow=CONNECTIONS_AT_MOST - CONNECTIONS_KEPT,
        pool_timeout=CONNECT_TIMEOUT_S,
        pool_recycle=IDLE_S,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
        },
    )


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose rows stay readable after commit, so that they can be handed on as values."""
    return sessionmaker(engine, expire_on_commit=False)
