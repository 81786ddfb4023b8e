"""/api/v1: appointments of interviews, the agenda, the outbox."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request

from dashboard.access import current_user
from dashboard.api.envelope import json_body, success
from dashboard.appointment_schemas import AppointmentInput
from dashboard.appointment_view import field_at_fault, lasting_reasons
from dashboard.booker import Booker
from dashboard.database import Database
from dashboard.schemas import OutboxQuery
from dashboard.validation import InvalidInput, checked
from engine.config import Settings
from engine.errors import Conflict, NotFound, ScheduleError, SlotTaken
from engine.scheduling.links import Purpose
from engine.store.appointments import AppointmentRepository
from engine.store.interviews import InterviewRepository
from engine.store.outbox import OutboxRepository
from engine.store.schedule_models import Appointment, CallTask, OutboxMessage
from engine.store.tasks import TaskRepository
from engine.vocabulary import AppointmentState, InterviewState

_AHEAD = timedelta(days=62)


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("api_appointments", __name__, url_prefix="/api/v1")
    booker = Booker(database, settings)

    @bp.get("/interviews/<uuid:interview_id>/appointment")
    def show(interview_id: uuid.UUID) -> Response:
        found = AppointmentRepository(database.current()).find(interview_id, current_user().id)
        return success(appointment_data(booker, found))

    @bp.post("/interviews/<uuid:interview_id>/appointment")
    def change(interview_id: uuid.UUID) -> Response:
        interview = InterviewRepository(database.current()).find(interview_id, current_user().id)
        wanted = checked(AppointmentInput, json_body(), now=datetime.now(UTC))
        if interview.state not in (InterviewState.SCHEDULED, InterviewState.INTERRUPTED):
            raise Conflict("This interview goes on just now or is over: its appointment stays as it was.")
        try:
            booker.change(interview, wanted, current_user().time_zone)
        except ScheduleError as error:
            database.current().rollback()
            raise api_fault(wanted, error) from error
        database.current().commit()
        return success(appointment_data(booker, AppointmentRepository(database.current()).of_interview(interview_id)))

    @bp.get("/agenda")
    def agenda() -> Response:
        now = datetime.now(UTC)
        rows = AppointmentRepository(database.current()).ahead(current_user().id, now, now + _AHEAD)
        return success([appointment_data(booker, row) for row in rows])

    @bp.get("/outbox")
    def outbox() -> Response:
        query = checked(OutboxQuery, request.args.to_dict())
        page = OutboxRepository(database.current()).page(current_user().id, query.page, query.limit)
        paging = {"page": page.page, "limit": query.limit, "pages": page.pages, "total": page.total}
        return success([_message_data(row) for row in page.items], paging=paging)

    @bp.get("/tasks")
    def tasks() -> Response:
        found = TaskRepository(database.current()).open_of(current_user().id)
        return success([_task_data(task) for task in found])

    @bp.post("/tasks/<uuid:task_id>/done")
    def done(task_id: uuid.UUID) -> Response:
        task = TaskRepository(database.current()).close(task_id, current_user().id)
        if task is None:
            raise NotFound("There is no such task.")
        database.current().commit()
        return success(_task_data(task))

    return bp


def api_fault(wanted: AppointmentInput, error: ScheduleError) -> InvalidInput | Conflict:
    """A refusal of the booking desk in the API's terms."""
    return (
        Conflict(str(error))
        if isinstance(error, SlotTaken)
        else InvalidInput({field_at_fault(wanted, error): str(error)})
    )


def appointment_data(booker: Booker, appointment: Appointment | None) -> dict[str, Any] | None:
    """An appointment as the API tells it to its owner; None where there is none."""
    if appointment is None:
        return None
    is_open = appointment.state == AppointmentState.OPEN
    return {
        "interview_id": str(appointment.interview_id),
        "kind": appointment.kind,
        "state": appointment.state,
        "wall_time": appointment.wall_time.isoformat() if appointment.wall_time else None,
        "time_zone": appointment.time_zone,
        "due_at": _text(appointment.due_at),
        "zone_edition": appointment.zone_edition,
        "length_min": appointment.length_min,
        "answer_before": _text(appointment.answer_before),
        "edition": appointment.edition,
        "expected_at": _text(booker.expected().get(appointment.id)),
        "pick_url": booker.links.address(Purpose.PICK, appointment) if is_open else None,
        "gates": [
            {"gate": reason.gate.value, "text": reason.text, "passes_by_itself": reason.passes_by_itself}
            for reason in lasting_reasons(booker, appointment)
        ],
    }


def _message_data(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "interview_id": str(message.interview_id),
        "touch": message.touch,
        "channel": message.channel,
        "state": message.state,
        "reason": message.reason,
        "due_at": _text(message.due_at),
        "sent_at": _text(message.sent_at),
        "delivered_at": _text(message.delivered_at),
    }


def _task_data(task: CallTask) -> dict[str, Any]:
    return {
        "id": str(task.id),
        "interview_id": str(task.interview_id),
        "kind": task.kind,
        "reason": task.reason,
        "at_ms": task.at_ms,
        "created_at": _text(task.created_at),
        "done_at": _text(task.done_at),
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
