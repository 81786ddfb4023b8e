"""The pages of scheduling for users: change an appointment, the agenda, the outbox, the calendar address."""

import uuid
from datetime import UTC, datetime, timedelta
from itertools import groupby

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.appointment_schemas import AppointmentInput
from dashboard.appointment_view import (
    APPOINTMENT_LOOKS,
    MESSAGE_LOOKS,
    TOUCH_WORDS,
    field_at_fault,
    lasting_reasons,
    two_zones,
    when_choices,
)
from dashboard.booker import Booker
from dashboard.call_tasks import open_tasks
from dashboard.database import Database
from dashboard.local_time import day_text
from dashboard.validation import InvalidInput, checked, form_data
from engine.adapters.calendar_files import CalendarEntry, feed
from engine.config import Settings
from engine.errors import Conflict, LinkRejected, NotFound, ScheduleError
from engine.scheduling import links
from engine.scheduling.links import Purpose
from engine.scheduling.phone_numbers import international
from engine.store.appointments import AppointmentRepository
from engine.store.interviews import InterviewRepository
from engine.store.models import Interview
from engine.store.outbox import OutboxRepository
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.store.users import UserRepository
from engine.vocabulary import InterviewState
from engine.work.sending import calendar_uid

_AHEAD = timedelta(days=62)
_BACK = timedelta(days=31)


class SchedulePages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._booker = Booker(database, settings)

    def ask(self, interview_id: uuid.UUID) -> Response:
        interview = self._interviews().find(interview_id, current_user().id)
        return self._form(interview, {"when": "at", "window_days": ["0", "1", "2", "3", "4"]}, {}, 200)

    def change(self, interview_id: uuid.UUID) -> AnyResponse:
        interview = self._interviews().find(interview_id, current_user().id)
        data = form_data(request.form, lists=("window_days",))
        may_call = bool(data.pop("may_call", ""))
        try:
            wanted = checked(AppointmentInput, data, now=datetime.now(UTC))
        except InvalidInput as error:
            return self._form(interview, data, error.fields, 422)
        try:
            if may_call:
                permissions = PermissionRepository(self._database.current())
                permissions.grant(current_user().id, interview.candidate.phone, "told_user", datetime.now(UTC))
            if interview.state not in (InterviewState.SCHEDULED, InterviewState.INTERRUPTED):
                raise Conflict("This interview goes on just now or is over: its appointment stays as it was.")
            self._booker.change(interview, wanted, current_user().time_zone)
        except (ScheduleError, Conflict) as error:
            self._database.current().rollback()
            name = field_at_fault(wanted, error) if isinstance(error, ScheduleError) else ""
            return self._form(self._again(interview_id), data, {name: str(error)}, 422 if name else 409)
        self._database.current().commit()
        return redirect(url_for("interviews.show", interview_id=interview_id), 303)

    def agenda(self) -> str:
        user, now = current_user(), datetime.now(UTC)
        appointments = AppointmentRepository(self._database.current())
        ahead = appointments.ahead(user.id, now - timedelta(hours=1), now + _AHEAD)
        days = [
            (day, [(row, self._hour(row), lasting_reasons(self._booker, row)) for row in rows])
            for day, rows in groupby(ahead, key=lambda row: day_text(row.due_at or now, user.time_zone))
        ]
        generation = PermissionRepository(self._database.current()).feed_generation(user.id)
        return render_template(
            "schedule/agenda.html",
            days=days,
            waiting=appointments.without_hour(user.id, now),
            looks=APPOINTMENT_LOOKS,
            expected=self._booker.expected(),
            **open_tasks(self._database, user.id),
            feed_url=self._booker.links.feed(user.id, generation) if generation else None,
        )

    def renew_feed(self) -> AnyResponse:
        PermissionRepository(self._database.current()).renew_feed(current_user().id)
        self._database.current().commit()
        return redirect(url_for("schedule.agenda") + "#calendar", 303)

    def feed(self, token: str) -> Response:
        """A user's calendar, for programs that know its secret address."""
        now = datetime.now(UTC)
        session = self._database.current()
        purposes = frozenset({Purpose.FEED})
        try:
            ticket = links.read(self._settings.stream_secret, token.removesuffix(".ics"), purposes, now.timestamp())
        except LinkRejected as error:
            raise NotFound("There is no such calendar.") from error
        user = UserRepository(session).get(ticket.subject)
        if user is None or PermissionRepository(session).feed_generation(user.id) != ticket.edition:
            raise NotFound("There is no such calendar.")
        rows = AppointmentRepository(session).ahead(user.id, now - _BACK, now + _AHEAD)
        entries = [self._entry(row, row.due_at) for row in rows if row.due_at is not None]
        response = make_response(feed(entries, "Vivavoce interviews", now))
        response.headers["Content-Type"] = "text/calendar; charset=utf-8"
        return response

    def outbox(self) -> str:
        given = request.args.get("page", "1")
        number = int(given) if given.isdecimal() and len(given) < 6 else 1
        page = OutboxRepository(self._database.current()).page(current_user().id, number)
        return render_template("schedule/outbox.html", page=page, looks=MESSAGE_LOOKS, touch_words=TOUCH_WORDS)

    def message(self, message_id: uuid.UUID) -> str:
        found = OutboxRepository(self._database.current()).find(message_id, current_user().id)
        if found is None:
            raise NotFound("There is no such message.")
        return render_template("schedule/message.html", message=found, looks=MESSAGE_LOOKS, touch_words=TOUCH_WORDS)

    def _interviews(self) -> InterviewRepository:
        return InterviewRepository(self._database.current())

    def _again(self, interview_id: uuid.UUID) -> Interview:
        return self._interviews().find(interview_id, current_user().id)

    def _form(self, interview: Interview, values: dict[str, object], errors: dict[str, str], status: int) -> Response:
        session = self._database.current()
        phone = interview.candidate.phone
        page = render_template(
            "schedule/change.html",
            interview=interview,
            appointment=AppointmentRepository(session).of_interview(interview.id),
            values=values | {"candidate_time_zone": interview.candidate.time_zone},
            errors=errors,
            has_permission=PermissionRepository(session).of(interview.owner_id, phone) is not None,
            is_change=True,
            **when_choices(),
        )
        return make_response(page, status)

    def _hour(self, row: Appointment) -> object:
        return two_zones(row.due_at, current_user().time_zone, row.time_zone) if row.due_at else None

    def _entry(self, row: Appointment, due_at: datetime) -> CalendarEntry:
        candidate = row.interview.candidate
        return CalendarEntry(
            uid=calendar_uid(row.id, self._settings.public_base_url),
            sequence=row.edition,
            summary=f"Interview by phone: {candidate.name}, {row.interview.title}",
            description=f"The AI calls {international(candidate.phone)}.",
            begins=due_at,
            length_min=row.length_min,
            rules=self._booker.zones.rules(row.time_zone),
            phone_number=international(self._settings.phone_number),
            organiser_email="",
            url=f"{self._settings.public_base_url}/interviews/{row.interview_id}",
        )


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("schedule", __name__)
    views = SchedulePages(database, settings)
    bp.get("/interviews/<uuid:interview_id>/schedule")(views.ask)
    bp.post("/interviews/<uuid:interview_id>/schedule")(views.change)
    bp.get("/agenda")(views.agenda)
    bp.post("/agenda/calendar")(views.renew_feed)
    bp.get("/calendar/<token>")(views.feed)
    bp.get("/outbox")(views.outbox)
    bp.get("/outbox/<uuid:message_id>")(views.message)
    return bp
