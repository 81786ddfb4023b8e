"""Events for users' own systems: planned in the transaction that they speak of, followed to their delivery."""

import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.errors import Conflict, NotFound
from engine.store.interviews import Page
from engine.store.jobs import DELIVER_WEBHOOK, enqueue
from engine.store.models import Interview, WebhookDelivery, WebhookEndpoint
from engine.store.schedule_models import Appointment
from engine.vocabulary import AppointmentState, DeliveryState, WebhookEvent

MOST_ENDPOINTS: Final = 10
"""Of one user."""
BY_HAND: Final = "Turned off by hand."
_SECRET_BYTES: Final = 32
_CLOCKS_DIFFER: Final = timedelta(seconds=30)
"""Between the machine of a job and that of the database; less than any pause between two tries."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is to be sent, and the how manieth time it will be."""

    delivery_id: uuid.UUID
    event: str
    url: str
    secret: str
    body: str
    number: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went."""

    is_taken: bool
    status: int | None
    """None: no answer came."""
    answer: str
    """The beginning of the answer, or what went wrong."""


def announce(
    session: Session, event: WebhookEvent, interview_id: uuid.UUID, subject: object, **data: str | int | None
) -> None:
    """Have the endpoints of the interview's user told of an event: if and only if the transaction commits.

    subject: what makes it the same event when it is announced again. data: ids, states and times; nothing personal.
    """
    endpoints = session.scalars(
        select(WebhookEndpoint)
        .join(Interview, Interview.owner_id == WebhookEndpoint.owner_id)
        .where(
            Interview.id == interview_id,
            WebhookEndpoint.disabled_at.is_(None),
            WebhookEndpoint.events.contains([event.value]),
        )
    ).all()
    for endpoint in endpoints:
        _plan(session, endpoint, event, str(subject), {"interview_id": str(interview_id), **data})


def announce_booking(session: Session, appointment: Appointment) -> None:
    """A call was booked, or booked for another hour; one that waits for a pick is not told of."""
    if appointment.state == AppointmentState.BOOKED:
        due_at = appointment.due_at.isoformat() if appointment.due_at else None
        subject = f"{appointment.id} {appointment.edition}"
        told = {"appointment_id": str(appointment.id), "kind": appointment.kind, "due_at": due_at}
        announce(session, WebhookEvent.INTERVIEW_BOOKED, appointment.interview_id, subject, **told)


def announce_miss(session: Session, appointment: Appointment, reason: str) -> None:
    """A booked call of ours was not placed, or reached nobody, for good."""
    subject = f"{appointment.id} {appointment.edition}"
    told = {"appointment_id": str(appointment.id), "reason": reason}
    announce(session, WebhookEvent.CALL_MISSED, appointment.interview_id, subject, **told)


def _plan(
    session: Session,
    endpoint: WebhookEndpoint,
    event: WebhookEvent,
    subject: str,
    data: dict[str, str | int | None],
) -> uuid.UUID | None:
    now, delivery_id = datetime.now(UTC), uuid.uuid4()
    body = {
        "id": str(delivery_id),
        "event": event.value,
        "created_at": now.isoformat(timespec="milliseconds"),
        "data": data,
    }
    planned = session.scalar(
        insert(WebhookDelivery)
        .values(
            id=delivery_id,
            endpoint_id=endpoint.id,
            event=event,
            subject=subject,
            body=json.dumps(body, separators=(",", ":")),
            state=DeliveryState.WAITING,
            due_at=now,
        )
        .on_conflict_do_nothing()
        .returning(WebhookDelivery.id)
    )
    if planned is not None:
        enqueue(session, DELIVER_WEBHOOK, delivery_id=str(planned))
    return planned


class WebhookRepository:
    """Endpoints of one owner at a time; deliveries for jobs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, owner_id: uuid.UUID, url: str, events: Sequence[WebhookEvent]) -> WebhookEndpoint:
        """Keep a new endpoint with a secret of its own. Raises Conflict when the user has too many."""
        if len(self.of_owner(owner_id)) >= MOST_ENDPOINTS:
            raise Conflict(f"There are {MOST_ENDPOINTS} addresses already. Delete one that is not needed any more.")
        endpoint = WebhookEndpoint(
            owner_id=owner_id,
            url=url,
            secret=secrets.token_urlsafe(_SECRET_BYTES),
            events=[event.value for event in events],
        )
        self._session.add(endpoint)
        self._session.flush()
        return endpoint

    def of_owner(self, owner_id: uuid.UUID) -> Sequence[WebhookEndpoint]:
        """The user's endpoints, the oldest first."""
        mine = select(WebhookEndpoint).where(WebhookEndpoint.owner_id == owner_id)
        return self._session.scalars(mine.order_by(WebhookEndpoint.created_at)).all()

    def given_up(self, owner_id: uuid.UUID) -> Sequence[WebhookEndpoint]:
        """Endpoints that were turned off since they failed."""
        return [each for each in self.of_owner(owner_id) if each.disabled_at and each.disabled_reason != BY_HAND]

    def find(self, endpoint_id: uuid.UUID, owner_id: uuid.UUID) -> WebhookEndpoint:
        """The owner's endpoint. Raises NotFound."""
        found = self._session.scalar(
            select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.owner_id == owner_id)
        )
        if found is None:
            raise NotFound("There is no such webhook.")
        return found

    def remove(self, endpoint: WebhookEndpoint) -> None:
        """Delete an endpoint with everything that was sent to it."""
        self._session.delete(endpoint)
        self._session.flush()

    def switch(self, endpoint: WebhookEndpoint, *, is_on: bool, reason: str, now: datetime) -> None:
        """Send to it again, with a clean slate; or send nothing more, and say why."""
        endpoint.disabled_at = None if is_on else endpoint.disabled_at or now
        endpoint.disabled_reason = None if is_on else reason[:255]
        endpoint.failures = 0 if is_on else endpoint.failures
        self._session.flush()

    def send_test(self, endpoint: WebhookEndpoint) -> None:
        """Plan an event that means nothing."""
        _plan(self._session, endpoint, WebhookEvent.TEST, uuid.uuid4().hex, {})

    def send_again(self, delivery_id: uuid.UUID, owner_id: uuid.UUID, now: datetime) -> WebhookEndpoint:
        """Begin anew with one delivery. Raises NotFound, Conflict while its endpoint is off."""
        found = self._session.scalar(
            select(WebhookDelivery)
            .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
            .where(WebhookDelivery.id == delivery_id, WebhookEndpoint.owner_id == owner_id)
        )
        if found is None:
            raise NotFound("There is no such delivery. Deliveries are kept for 30 days.")
        if found.endpoint.disabled_at is not None:
            raise Conflict("This webhook is off. Turn it on first.")
        found.state, found.attempts, found.due_at = DeliveryState.WAITING, 0, now
        self._session.flush()
        enqueue(self._session, DELIVER_WEBHOOK, delivery_id=str(found.id))
        return found.endpoint

    def deliveries(self, endpoint_id: uuid.UUID, page: int, per_page: int = 20) -> Page[WebhookDelivery]:
        """What was sent to an endpoint, the latest first."""
        mine = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
        total = self._session.scalar(select(func.count()).select_from(mine.subquery())) or 0
        page = max(page, 1)
        rows = mine.order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id)
        items = self._session.scalars(rows.offset((page - 1) * per_page).limit(per_page)).all()
        return Page(items, page, max(1, -(-total // per_page)), total)

    def next_attempt(self, delivery_id: uuid.UUID, now: datetime) -> Attempt | None:
        """What is to be sent now; None when it was delivered, given up, deleted, or put off until another job."""
        found = self._session.get(WebhookDelivery, delivery_id)
        if found is None or found.state != DeliveryState.WAITING or found.due_at > now + _CLOCKS_DIFFER:
            return None
        if found.endpoint.disabled_at is not None:
            found.state, found.answer = DeliveryState.FAILED, "The webhook was turned off."
            return None
        return Attempt(found.id, found.event, found.endpoint.url, found.endpoint.secret, found.body, found.attempts + 1)

    def note(
        self, attempt: Attempt, outcome: Outcome, now: datetime, again_at: datetime | None
    ) -> WebhookEndpoint | None:
        """Keep how an attempt went; its endpoint, or None when somebody began anew meanwhile.

        again_at: when to try once more after a failure; None gives it up.
        """
        state = DeliveryState.DELIVERED if outcome.is_taken else DeliveryState.FAILED
        if not outcome.is_taken and again_at is not None:
            state = DeliveryState.WAITING
        noted = self._session.scalar(
            update(WebhookDelivery)
            .where(
                WebhookDelivery.id == attempt.delivery_id,
                WebhookDelivery.state == DeliveryState.WAITING,
                WebhookDelivery.attempts == attempt.number - 1,
            )
            .values(
                state=state,
                attempts=attempt.number,
                due_at=again_at or WebhookDelivery.due_at,
                status=outcome.status,
                answer=outcome.answer,
                answered_at=now,
            )
            .returning(WebhookDelivery.endpoint_id)
        )
        if noted is None:
            return None
        if state is DeliveryState.WAITING:
            enqueue(self._session, DELIVER_WEBHOOK, schedule_at=again_at, delivery_id=str(attempt.delivery_id))
        failures = 0 if outcome.is_taken else WebhookEndpoint.failures + 1
        self._session.execute(update(WebhookEndpoint).where(WebhookEndpoint.id == noted).values(failures=failures))
        return self._session.get_one(WebhookEndpoint, noted, populate_existing=True)

    def purge(self, before: datetime) -> int:
        """Forget deliveries that are older; returns how many."""
        gone = self._session.scalars(
            delete(WebhookDelivery).where(WebhookDelivery.created_at < before).returning(WebhookDelivery.id)
        )
        return len(gone.all())
