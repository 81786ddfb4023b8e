"""The same request twice does the same thing once: keys of programs, and forms that were sent twice.

A request under a key runs inside a transaction of this module's own; what its view commits becomes final together with
the answer that is kept. Whoever repeats the key gets that answer, and nothing runs again. docs/api.md tells the rules.
"""

import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from flask import Flask, Response, g, make_response, redirect, request
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from dashboard.access import signed_in_user
from dashboard.csrf import FIELD, UNSAFE_METHODS
from dashboard.database import Database
from dashboard.errors import answer
from dashboard.validation import FORM_KEY
from engine.store.idempotency import IdempotencyRepository, KeptAnswer, digest

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
WITHOUT_KEYS: Final = frozenset({"api_auth", "api_bench"})
"""Blueprints that keep nothing: tokens must not lie about, and the test bench creates nothing."""
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_FORM_KEY: Final = re.compile(r"[A-Za-z0-9_-]{20,64}")
_REFUSALS_KEPT: Final = (404, 409)
"""The view had begun to act, and this was the outcome. Faults of the request itself may be put right under its key."""


@dataclass(frozen=True, slots=True)
class _Offered:
    key_hash: str
    fingerprint: str
    is_form: bool


@dataclass(frozen=True, slots=True)
class _Held:
    """A request that runs under a key."""

    owner_id: uuid.UUID
    offered: _Offered
    connection: Connection
    """In a transaction that ends with the request."""


class Keys:
    """What happens around each request; `install` puts it there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self) -> Response | None:
        """The answer to a repetition; None lets the request run."""
        user = signed_in_user()
        if user is None or request.method not in UNSAFE_METHODS or request.blueprint in WITHOUT_KEYS:
            return None
        is_program = request.path.startswith("/api/")
        given = request.headers.get(HEADER) if is_program else request.form.get(FORM_KEY)
        if given is None:
            return None
        if not (_KEY if is_program else _FORM_KEY).fullmatch(given):
            said = f"{HEADER} takes 1 to 255 visible ASCII characters, such as a UUID."
            return answer(400, said if is_program else None, code="IDEMPOTENCY_KEY_INVALID")
        return self._first_or_kept(user.id, _of_program(given) if is_program else _of_form(given))

    def end(self, response: Response) -> Response:
        """Make what the request did final, with its answer; or undo it, where the fault was ours."""
        held: _Held | None = g.pop("idempotency", None)
        if held is None:
            return response
        self._database.session.remove()  # what the view did not commit is rolled back, here as anywhere
        try:
            with held.connection as connection:
                if response.status_code < 500:
                    _keep(held, response)
                    connection.commit()
        except (OperationalError, InterfaceError):
            return answer(503, headers=[("Retry-After", "5")])
        return response

    def give_up(self, _error: BaseException | None) -> None:
        """Nothing stays of a request that never came to an answer."""
        held: _Held | None = g.pop("idempotency", None)
        if held is not None:
            self._database.session.remove()
            held.connection.close()

    def _first_or_kept(self, owner_id: uuid.UUID, offered: _Offered) -> Response | None:
        session = self._database.session
        session.remove()
        connection = self._database.engine.connect()
        connection.begin()
        held = _Held(owner_id, offered, connection)
        repeated: Response | None = None
        try:
            repeated = _repeated(held)
            if repeated is None:
                g.idempotency = held
        finally:
            if "idempotency" not in g:
                connection.close()
        if repeated is None:
            # The view's commits and rollbacks are those of savepoints: its work stands or falls with the answer.
            inner = Session(bind=connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
            session.registry.set(inner)  # type: ignore[arg-type]  # typed for Flask-SQLAlchemy's own class
        return repeated


def install(app: Flask, database: Database) -> None:
    """Must be installed after `access`: keys belong to signed-in people."""
    keys = Keys(database)
    app.before_request(keys.begin)
    app.after_request(keys.end)
    app.teardown_request(keys.give_up)
    app.add_template_global(lambda: secrets.token_urlsafe(24), FORM_KEY)


def _of_program(key: str) -> _Offered:
    asked = digest(request.method.encode(), request.full_path.encode(), request.get_data())
    return _Offered(digest(key.encode()), asked, is_form=False)


def _of_form(key: str) -> _Offered:
    """A form that was changed and sent again is a new wish, so its content is part of its key."""
    fields = [
        part.encode()
        for name, values in sorted(request.form.lists())
        if name not in (FIELD, FORM_KEY)
        for part in (name, *values)
    ]
    asked = digest(request.full_path.encode(), *fields)
    return _Offered(digest(b"form", key.encode(), asked.encode()), asked, is_form=True)


def _repeated(held: _Held) -> Response | None:
    offered, kept = held.offered, IdempotencyRepository(held.connection)
    # A person who clicked twice waits for the first click's outcome; a program is told to come back.
    if not kept.lock(held.owner_id, offered.key_hash, wait=offered.is_form):
        said = f"A request with this {HEADER} is still running. Send it again in a moment."
        return answer(409, said, code="IDEMPOTENCY_KEY_IN_USE", headers=[("Retry-After", "1")])
    known = kept.find(held.owner_id, offered.key_hash, datetime.now(UTC))
    if known is None:
        return None
    if known.fingerprint != offered.fingerprint:
        said = f"This {HEADER} belongs to another request. Use a new key for each request."
        return answer(422, said, code="IDEMPOTENCY_KEY_REUSED")
    response = _again(known)
    response.headers[REPLAYED] = "true"
    return response


def _again(known: KeptAnswer) -> Response:
    if known.location is None:
        return make_response(known.body, known.status, {"Content-Type": "application/json"})
    return make_response(redirect(known.location, known.status))


def _keep(held: _Held, response: Response) -> None:
    """Write the answer down, if it is the outcome of an action."""
    status, location = response.status_code, response.headers.get("Location")
    is_outcome = status < 400 or status in _REFUSALS_KEPT
    if held.offered.is_form:
        is_outcome = location is not None and status in (302, 303)
    if not is_outcome:
        return
    body = "" if held.offered.is_form else response.get_data(as_text=True)
    kept = KeptAnswer(held.offered.fingerprint, status, body, location if held.offered.is_form else None)
    IdempotencyRepository(held.connection).keep(held.owner_id, held.offered.key_hash, kept, datetime.now(UTC))
