"""The request's database session: Flask-SQLAlchemy over the engine that every other process uses too."""

from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from engine.store.base import Base
from engine.store.database import make_engine, make_sessions


class _SameTables(DeclarativeBase):
    # Flask-SQLAlchemy copies the base class that it is given, and SQLAlchemy refuses a copy of one with a type map.
    # So it gets a base with nothing but our tables; the models themselves are those of the engine.
    metadata = Base.metadata


class Database(SQLAlchemy):
    """One session a request, closed at its end. Repositories are built on it."""

    def __init__(self) -> None:
        super().__init__(model_class=_SameTables, session_options={"expire_on_commit": False})

    def current(self) -> Session:
        """The session of the request in hand."""
        return self.session()

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        return make_engine(str(app.config["SQLALCHEMY_DATABASE_URI"]))


def install(app: Flask) -> Database:
    """Bind the application to its database. app.extensions["sessions"] makes sessions outside of requests."""
    database = Database()
    database.init_app(app)
    app.extensions["sessions"] = sessions_of(app, database)
    return database


def sessions_of(app: Flask, database: Database) -> sessionmaker[Session]:
    with app.app_context():
        return make_sessions(database.engine)
