"""The event logs of calls as they stand in PostgreSQL: shipped here once, projected, read by pages."""

import json
import logging
import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.ports import EventRecord
from engine.store.json_values import storable
from engine.store.models import Call, CallEvent, Interview
from engine.store.notifications import EVENTS, notify
from engine.store.projection import project

logger = logging.getLogger(__name__)

# One parameter for all rows: a statement that names each row would be compiled anew for every number of them.
_APPEND = text(
    "insert into call_events (call_id, sequence, at_ms, kind, name, data) "
    "select :call_id, r.sequence, r.at_ms, r.kind, r.name, r.data from jsonb_to_recordset(cast(:rows as jsonb)) "
    "as r(sequence integer, at_ms integer, kind text, name text, data jsonb) "
    "on conflict (call_id, sequence) do nothing returning sequence"
)


def _is_news(record: EventRecord) -> bool:
    """Whether somebody who watches would see a difference. Marks and timers come many times a second."""
    return record.kind == "fact" or record.name in ("PartialReceived", "FinalReceived")


class EventRepository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def ship(self, call_id: uuid.UUID, records: Sequence[EventRecord]) -> int:
        """Append the records that are not here yet and project their facts into the tables; returns how many were new.

        Shipping the same records again changes nothing. A fact that cannot be projected stays in the log, is reported
        in our own log, and stops nothing. Raises NotFound when there is no such call.
        """
        call = self._session.scalar(select(Call).where(Call.id == call_id))
        if call is None:
            raise NotFound(f"There is no call {call_id}.")
        # One writer at a time for all legs of an interview: the projection looks at the other legs too.
        self._session.execute(select(Interview.id).where(Interview.id == call.interview_id).with_for_update())
        new = self._append(call_id, records)
        if any(record.sequence in new and _is_news(record) for record in records):
            notify(self._session, EVENTS, str(call.interview_id))
        for record in sorted(records, key=lambda record: record.sequence):
            if record.sequence in new and record.kind == "fact":
                self._project(call, record)
        return len(new)

    def _append(self, call_id: uuid.UUID, records: Sequence[EventRecord]) -> set[int]:
        if not records:
            return set()
        rows = [
            {
                "sequence": record.sequence,
                "at_ms": record.at_ms,
                "kind": record.kind,
                "name": record.name,
                "data": storable(record.data),
            }
            for record in records
        ]
        return set(self._session.scalars(_APPEND, {"call_id": call_id, "rows": json.dumps(rows)}))

    def _project(self, call: Call, record: EventRecord) -> None:
        try:
            with self._session.begin_nested():
                project(self._session, call, record.sequence, record.at_ms, record.name, storable(record.data))
        except (KeyError, TypeError, ValueError, DataError, IntegrityError):
            logger.exception(
                "a fact of a call cannot be projected and stays in the log only: %s",
                record.name,
                extra={"call_id": call.id},
            )

    def of_call(self, call_id: uuid.UUID) -> list[EventRecord]:
        """Everything that the log of one leg has brought here, in order."""
        rows = self._session.scalars(select(CallEvent).where(CallEvent.call_id == call_id).order_by(CallEvent.sequence))
        return [EventRecord(row.sequence, row.at_ms, row.kind, row.name, row.data) for row in rows]

    def after(self, interview_id: uuid.UUID, after_id: int = 0, limit: int = 500) -> list[CallEvent]:
        """The events of all legs of an interview that came in after the event with this id, oldest first."""
        return list(
            self._session.scalars(
                select(CallEvent)
                .join(Call, Call.id == CallEvent.call_id)
                .where(Call.interview_id == interview_id, CallEvent.id > after_id)
                .order_by(CallEvent.id)
                .limit(limit)
            )
        )

    def latest_fact(self, interview_id: uuid.UUID, name: str) -> CallEvent | None:
        """The last fact of this name that any leg of the interview reported."""
        return self._session.scalar(
            select(CallEvent)
            .join(Call, Call.id == CallEvent.call_id)
            .where(Call.interview_id == interview_id, CallEvent.kind == "fact", CallEvent.name == name)
            .order_by(Call.created_at.desc(), CallEvent.sequence.desc())
            .limit(1)
        )

    def facts(self, interview_id: uuid.UUID, name: str) -> list[CallEvent]:
        """The facts of this name that the legs of the interview reported, the first leg's first."""
        return list(
            self._session.scalars(
                select(CallEvent)
                .join(Call, Call.id == CallEvent.call_id)
                .where(Call.interview_id == interview_id, CallEvent.kind == "fact", CallEvent.name == name)
                .order_by(Call.created_at, CallEvent.sequence)
            )
        )

    def next_sequence(self, call_id: uuid.UUID) -> int:
        """The number that the call's next record must carry when its log on disk is gone."""
        last = self._session.scalar(select(func.max(CallEvent.sequence)).where(CallEvent.call_id == call_id))
        return 0 if last is None else last + 1
